package segment

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/vfs"
)

// lockDir creates the draft's directory and locks it. Another process that fails to make
// a log there may remove the directory in between, so lockDir tries several times.
func (d *Draft) lockDir(ctx context.Context, wait time.Duration, perm fs.FileMode) (err error) {
	const attempts = 10
	for range attempts {
		if d.madeDir, err = createDir(d.w.fs, d.w.dir, perm); err != nil {
			return err
		}
		if err = d.w.holdAndLock(ctx, wait); !missing(err) && !errors.Is(err, vfs.ErrMoved) {
			break
		}
	}
	// If the lock was not granted in time, another process uses the directory, even if it
	// has no file there yet.
	if waited := errors.Is(err, ErrLocked) || errors.Is(err, ctx.Err()); err != nil && !waited {
		err = errors.Join(err, d.removeDir())
	}
	return err
}

// holdAndLock opens the directory of a log and acquires the writer's lock.
func (w *Writer) holdAndLock(ctx context.Context, wait time.Duration) error {
	fsys, release, err := vfs.Hold(w.fs, w.dir)
	if err != nil {
		return err
	}
	unlock, err := acquireWriterLock(ctx, fsys, w.dir, wait)
	if err != nil {
		_ = release()
		return err
	}
	//mutant:hold-a-writer-goes-on-by-name
	w.fs, w.releaseLock = fsys, func() error { return errors.Join(unlock(), release()) }
	return nil
}

// createDir creates dir with mode perm, syncs its parent and reports whether it created
// it. The parent is synced even if dir exists: the process that created dir may have
// been killed before its sync, and a power cut would remove dir with all files in it.
func createDir(fsys FS, dir string, perm fs.FileMode) (bool, error) {
	parent := filepath.Dir(filepath.Clean(dir))
	info, err := fsys.Lstat(filepath.Clean(dir) + string(filepath.Separator) + ".")
	switch {
	case err == nil && !info.IsDir():
		return false, fmt.Errorf("%s: not a directory", dir)
	case err == nil:
		//mutant:archive-the-directory-of-a-killed-run-is-not-synced
		if err := fsys.SyncDir(parent); !errors.Is(err, fs.ErrPermission) { // without permission histlog cannot have created dir
			return false, err
		}
		return false, nil
	case !missing(err):
		if info, e := fsys.Lstat(dir); e == nil && !info.IsDir() {
			return false, fmt.Errorf("%s: not a directory", dir)
		}
		return false, err
	}
	err = fsys.Mkdir(dir, perm)
	if errors.Is(err, fs.ErrExist) {
		if info, e := fsys.Lstat(filepath.Clean(dir) + string(filepath.Separator) + "."); e == nil && info.IsDir() {
			return false, fsys.SyncDir(parent) // as above: the process that created dir may be killed before its sync
		}
		if info, e := fsys.Lstat(filepath.Clean(dir)); e == nil && info.Mode()&fs.ModeSymlink != 0 {
			return false, fmt.Errorf("%s: a symbolic link that leads nowhere: %w", dir, fs.ErrNotExist)
		}
	}
	if err != nil {
		return false, err
	}
	// A power cut would remove the whole log with the name of its directory.
	//mutant:make-the-directorys-name-is-not-synced
	if err := fsys.SyncDir(parent); err != nil {
		// No record may be acknowledged in a directory whose name is not durable.
		return false, errors.Join(err, fsys.Remove(dir))
	}
	return true, nil
}

// CheckEmpty returns ErrExists, with the name of the obstacle, if NewDraft could not make
// a log at dir. nil means that it could. A nil fsys means OS{}.
func CheckEmpty(dir string, fsys FS) error {
	if fsys == nil {
		fsys = OS{}
	}
	if _, err := findDraft(fsys, dir); !missing(err) {
		return asDiskError(OpRead, dir, err)
	}
	return nil
}

// clearDraft removes the files of an unfinished draft in dir. If dir holds any other
// file, clearDraft removes nothing and returns ErrExists.
func clearDraft(fsys FS, dir string) error {
	draft, err := findDraft(fsys, dir)
	if err != nil || !draft {
		return err
	}
	return removeDraft(fsys, dir)
}

// findDraft reports whether dir holds an unfinished draft. The error is ErrExists if dir
// holds any other file.
func findDraft(fsys FS, dir string) (draft bool, err error) {
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return false, err
	}
	has := func(name string) bool {
		return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == name })
	}
	if has(filename.Marker) {
		return false, fmt.Errorf("%w: %s holds a log", ErrExists, dir)
	}
	draft = has(filename.Draft)
	for _, e := range entries {
		if name := e.Name(); name != "lost+found" && name != filename.Draft && name != filename.Probe && name != filename.Waiting && name != vfs.LockName && !(draft && draftFile(name)) {
			return false, fmt.Errorf("%w: %s holds %s", ErrExists, dir, name)
		}
	}
	return draft, nil
}

// draftFile reports whether a draft creates files of that name.
func draftFile(name string) bool {
	switch name {
	case filename.Origin, filename.Quarantine, filename.Events, filename.Events + ".lock", filename.Probe, filename.Lock, filename.Upkeep, "." + filename.Marker + ".tmp":
		return true
	}
	return filename.IsSegment(name) || filename.IsTemporary(name)
}

// removeDraft removes the files of a draft, and no others. It removes the mark last, after
// the other removals are durable: a crash leaves a draft, which the next NewDraft removes,
// and never files without a mark.
func removeDraft(fsys FS, dir string) error {
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return err
	}
	//mutant:make-the-mark-of-a-draft-is-removed-first
	for _, e := range entries {
		if draftFile(e.Name()) {
			if err := removeAll(fsys, filepath.Join(dir, e.Name()), e); err != nil {
				return err
			}
		}
	}
	if err := fsys.SyncDir(dir); err != nil {
		return err
	}
	// Not synced: a power cut may bring the mark back. The directory is then an empty draft,
	// which the next NewDraft removes.
	if err := fsys.Remove(filepath.Join(dir, filename.Draft)); !missing(err) {
		return err
	}
	return nil
}

// removeAll removes a file, or a folder with its files.
func removeAll(fsys FS, name string, e fs.DirEntry) error {
	if e.IsDir() {
		entries, err := fsys.ReadDir(name)
		if err != nil {
			return err
		}
		for _, inner := range entries {
			if err := removeAll(fsys, filepath.Join(name, inner.Name()), inner); err != nil {
				return err
			}
		}
	}
	return fsys.Remove(name)
}

// removeDir removes the directory if the draft created it and it is empty.
func (d *Draft) removeDir() error {
	if !d.madeDir || !isEmpty(d.w.fs, d.w.dir) {
		return nil
	}
	err := d.w.fs.Remove(d.w.dir)
	if missing(err) || err != nil && !isEmpty(d.w.fs, d.w.dir) { // a waiting writer has just created .waiting there
		err = nil
	}
	d.madeDir = err != nil
	return err
}

// isEmpty reports whether dir exists and holds no file.
func isEmpty(fsys FS, dir string) bool {
	entries, err := fsys.ReadDir(dir)
	return !missing(err) && len(entries) == 0
}
