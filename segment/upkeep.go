package segment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// upkeepWait is how long a change of HISTLOG waits for another one's end.
const upkeepWait = 10 * time.Second

// upkeep takes the lock of whoever replaces HISTLOG or removes files. It is on
// a file, UPKEEP, that is made with the first need, and on HISTLOG itself: who
// unlinks UPKEEP lets a second one in, which then waits until HISTLOG has been
// replaced, and sees what it says.
func (l *Log) upkeep() (release func() error, err error) {
	policy, err := l.Marker.Settings.Policy()
	if err != nil {
		return nil, err
	}
	mode, err := fileMode(l.fs, l.Dir, policy)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(l.Dir, upkeepName)
	f, err := l.fs.OpenFile(path, os.O_RDWR|os.O_CREATE, mode)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	first, err := acquire(context.Background(), l.fs, path, upkeepWait)
	if missing(err) { // unlinked since
		return l.upkeep()
	}
	if err != nil {
		return nil, fmt.Errorf("wait for %s: %w", path, err)
	}
	path = filepath.Join(l.Dir, markerName)
	second, err := acquire(context.Background(), l.fs, path, upkeepWait)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("wait for %s: %w", path, err), first())
	}
	return func() error { return errors.Join(second(), first()) }, nil
}

func writeMarker(fsys FS, dir string, m Marker, mode os.FileMode) error {
	b, err := m.encode()
	if err != nil {
		return err
	}
	return replaceFile(fsys, filepath.Join(dir, markerName), b, mode)
}
