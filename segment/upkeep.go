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
// a file, UPKEEP, that is made with the first need. That the name still leads
// to the file that was locked is checked, so that unlinking it frees nobody.
func (l *Log) upkeep() (release func() error, err error) {
	path := filepath.Join(l.Dir, upkeepName)
	policy, err := l.Marker.Settings.Policy()
	if err != nil {
		return nil, err
	}
	mode, err := fileMode(l.fs, l.Dir, policy)
	if err != nil {
		return nil, err
	}
	f, err := l.fs.OpenFile(path, os.O_RDWR|os.O_CREATE, mode)
	if err != nil {
		return nil, err
	}
	before, err := f.Stat()
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	release, err = acquire(context.Background(), l.fs, path, upkeepWait)
	if err != nil {
		return nil, fmt.Errorf("wait for %s: %w", path, err)
	}
	if after, err := l.fs.Lstat(path); err != nil || !l.fs.SameFile(before, after) {
		return nil, errors.Join(fmt.Errorf("%w: %s", ErrForeign, path), err, release())
	}
	return release, nil
}

func writeMarker(fsys FS, dir string, m Marker, mode os.FileMode) error {
	b, err := m.encode()
	if err != nil {
		return err
	}
	return replaceFile(fsys, filepath.Join(dir, markerName), b, mode)
}
