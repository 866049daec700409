package segment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/histlog/histlog/internal/vfs"
)

// maintenanceWait is how long one waits for another, which compresses a segment at most.
const maintenanceWait = time.Minute

// lockMaintenance takes the lock of whoever replaces HISTLOG or removes files. It is on
// a file, UPKEEP, that is made with the first need, and on HISTLOG itself: who
// unlinks UPKEEP lets a second one in, which then waits until HISTLOG has been
// replaced, and sees what it says. So after that the first does nothing that it
// would have to be alone for.
func (l *Log) lockMaintenance(ctx context.Context) (release func() error, err error) {
	mode, err := l.mode()
	if err != nil {
		return nil, err
	}
	path := l.path(upkeepName)
	f, err := l.fs.OpenFile(path, os.O_RDWR|os.O_CREATE, mode)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	first, err := acquireLock(ctx, l.fs, path, maintenanceWait)
	if missing(err) { // unlinked since
		return l.lockMaintenance(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("wait for %s: %w", path, err)
	}
	path = l.path(markerName)
	//mutant:upkeep-histlog-is-not-locked
	second, err := acquireLock(ctx, l.fs, path, maintenanceWait)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("wait for %s: %w", path, err), first())
	}
	//mutant:upkeep-upkeep-is-given-up-before-histlog
	return func() error { return errors.Join(second(), first()) }, nil
}

// withMaintenanceLock has fn look after the log at dir, alone.
func withMaintenanceLock(ctx context.Context, dir string, o Options, fn func(*Log) error) (err error) {
	l, err := OpenContext(ctx, dir, o.FS)
	if err != nil {
		return err
	}
	if o.ID == uuid.Nil {
		o.ID = l.Marker.ID
	}
	release, err := l.lockMaintenance(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := l.RefreshAll(); err != nil { // what was done while this one waited
		return err
	}
	if l.Marker.ID != o.ID {
		return fmt.Errorf("%s: %w", dir, ErrReplaced)
	}
	if l.Conflict != nil { // it is unknown which segments are part of the log
		return l.Conflict
	}
	if err := l.sweep(); err != nil {
		return err
	}
	return fn(l)
}

// Sweep removes what a killed upkeep of the log at dir has left, if it has.
func Sweep(ctx context.Context, dir string, o Options) error {
	l, err := OpenContext(ctx, dir, o.FS)
	if err != nil {
		return err
	}
	temporary, retired, err := l.leftovers()
	if err == nil {
		err = l.Conflict
	}
	if err != nil || len(temporary)+len(retired) == 0 {
		return err
	}
	return withMaintenanceLock(ctx, dir, o, func(*Log) error { return nil })
}

// sweep removes what a killed upkeep has left.
func (l *Log) sweep() error {
	temporary, _, err := l.leftovers()
	if err != nil {
		return err
	}
	for _, name := range temporary {
		if err := vfs.RemoveIfExists(l.fs, l.path(name)); err != nil {
			return err
		}
	}
	return l.removeRetired()
}

// removeRetired removes segments that were retired, after it has made durable that
// they were: who said so may have been killed on it. Several may be at it.
func (l *Log) removeRetired() error {
	_, retired, err := l.leftovers()
	//mutant:retire-whoever-goes-on-after-a-kill-does-not-sync
	if err == nil && len(retired) > 0 {
		err = l.fs.SyncDir(l.Dir)
	}
	if err != nil {
		return err
	}
	for _, name := range retired {
		if err := vfs.RemoveIfExists(l.fs, l.path(name)); err != nil {
			return err
		}
	}
	return nil
}

// leftovers lists temporaries, and segments that were retired before they could
// be removed.
func (l *Log) leftovers() (temporary, retired []string, err error) {
	entries, err := l.fs.ReadDir(l.Dir)
	first := min(l.Marker.FirstSeq, l.Segments[0].Base)
	for _, e := range entries {
		base, _, ours := parseName(e.Name())
		switch {
		//mutant:upkeep-a-temporary-histlog-stays
		case isTemporary(e.Name()), e.Name() == "."+markerName+".tmp":
			//mutant:compress-a-killed-ones-file-stays
			temporary = append(temporary, e.Name())
		//mutant:retire-another-logs-segment-goes-too
		case ours && base < first && !l.isForeign(base):
			retired = append(retired, e.Name())
		}
	}
	return temporary, retired, err
}
