package segment

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/seekable"
	"github.com/histlog/histlog/internal/vfs"
)

// maintenanceWait is how long a process waits for each of the two locks. Compress holds
// them for one segment only; Snapshot and Repair may hold them for longer.
const maintenanceWait = time.Minute

// lockMaintenance takes the maintenance lock, which every process holds that replaces
// HISTLOG or removes files. It consists of two locks: one on UPKEEP, a file that is
// created when it is first needed, and one on HISTLOG. If somebody unlinks UPKEEP, a
// second process can lock a new UPKEEP, but then waits for the lock on HISTLOG until the
// first process has replaced HISTLOG, and reads the new one. So the first process must do
// nothing exclusive after it has replaced HISTLOG.
func (l *Log) lockMaintenance(ctx context.Context) (release func() error, err error) {
	mode, err := l.mode()
	if err != nil {
		return nil, err
	}
	path := l.path(filename.Upkeep)
	// Neither UPKEEP nor its name is synced: no lock outlives a power cut, and the next process
	// creates the file again.
	f, err := l.fs.OpenFile(path, os.O_RDWR|os.O_CREATE, mode)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	first, err := acquireLock(ctx, l.fs, path, maintenanceWait)
	if missing(err) { // UPKEEP was unlinked since
		return l.lockMaintenance(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("wait for %s: %w", path, err)
	}
	path = l.path(filename.Marker)
	//mutant:maintenance-histlog-is-not-locked
	second, err := acquireLock(ctx, l.fs, path, maintenanceWait)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("wait for %s: %w", path, err), first())
	}
	//mutant:hold-maintenance-of-a-directory-that-was-moved
	if vfs.Moved(l.fs, l.Dir) { // the caller means the log at l.Dir
		return nil, errors.Join(fmt.Errorf("%s: %w", l.Dir, ErrReplaced), second(), first())
	}
	l.locked = true
	//mutant:maintenance-upkeep-is-unlocked-before-histlog
	return func() error { l.locked = false; return errors.Join(second(), first()) }, nil
}

// Sweep removes what an interrupted Compress, Merge, Retire or Archive of the log at dir has
// left. If there is nothing, it takes no lock.
func Sweep(ctx context.Context, dir string, o Options) error {
	l, err := OpenContext(ctx, dir, o.FS)
	if err != nil {
		return err
	}
	defer l.Close()
	temporary, retired, err := l.leftovers()
	// While first_seq contradicts the segments, it is unknown which of them were retired.
	if err == nil {
		err = l.Conflict
	}
	if err != nil || len(temporary)+len(retired) == 0 {
		return err
	}
	return withMaintenanceLock(ctx, dir, o, func(*Log) error { return nil })
}

// sweep removes temporary files and retired segments that an interrupted run has left.
func (l *Log) sweep() error {
	temporary, retired, err := l.leftovers()
	if err != nil {
		return err
	}
	// Not synced: a temporary file that a power cut brings back is removed by the next
	// maintenance.
	if err := l.removeFiles(temporary); err != nil {
		return err
	}
	// The process that moved first_seq may have been killed before it synced HISTLOG, and a
	// power cut could bring the old HISTLOG back after the segments are gone.
	//mutant:retire-the-run-after-a-kill-does-not-sync-histlog
	if len(retired) > 0 {
		if err := l.fs.SyncDir(l.Dir); err != nil {
			return err
		}
	}
	return l.removeFiles(retired)
}

// removeFiles removes files, some of which may be missing. Several processes may do this
// at once.
func (l *Log) removeFiles(names []string) error {
	for _, name := range names {
		// A kill between two removals leaves files below first_seq, text or index. Readers
		// ignore them, and the next maintenance removes them.
		if err := vfs.RemoveIfExists(l.fs, l.path(name)); err != nil {
			return err
		}
	}
	return nil
}

// leftByMerge reports whether an index is that of a merged segment that a killed Merge has
// not completed: there is no text of its name, and the segments that it would supersede are
// there. If they are not, the text is lost, and the index says what it held.
func (l *Log) leftByMerge(n stem) bool {
	for _, c := range seekable.Codecs() {
		if _, err := l.fs.Lstat(l.path(n.text(c))); !missing(err) {
			return false
		}
	}
	//mutant:merge-the-index-of-a-lost-text-is-removed
	_, found := l.search(n.base)
	return found
}

// leftovers lists temporary files, and files of segments that were retired but not yet
// removed.
func (l *Log) leftovers() (temporary, retired []string, err error) {
	first := min(l.Marker.FirstSeq, l.Segments[0].Base)
	err = vfs.EachEntry(l.fs, l.Dir, func(e fs.DirEntry) {
		n, suffix, ours := parseName(e.Name())
		_, text := filename.CodecOf(suffix)
		switch {
		//mutant:maintenance-a-temporary-histlog-stays
		case filename.IsTemporary(e.Name()), e.Name() == "."+filename.Marker+".tmp":
			//mutant:compress-the-temporary-file-of-a-killed-run-stays
			temporary = append(temporary, e.Name())
		//mutant:merge-the-index-of-a-killed-run-stays
		case ours && !text && n.end != 0 && n.base >= first && l.leftByMerge(n):
			temporary = append(temporary, e.Name())
		// Retention must not delete a file of another log. Repair moves it to quarantine/.
		//mutant:retire-another-logs-segment-is-removed
		case ours && n.base < first && !l.isForeign(n):
			retired = append(retired, e.Name())
		}
	})
	slices.Sort(retired) // the text of a segment after its index
	return temporary, retired, err
}
