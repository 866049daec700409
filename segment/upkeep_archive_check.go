package segment

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/vfs"
)

// checkOutside returns ErrInside if a directory, which may be missing, is the log's own
// or in it: files of an archive there would be taken for files of the log.
func (l *Log) checkOutside(dir string) error {
	in, err := l.contains(dir)
	if in {
		return fmt.Errorf("%w: %w", ErrNotArchive, ErrInside)
	}
	return err
}

// contains reports whether a directory, which may be missing, is the log's own or in it.
func (l *Log) contains(dir string) (bool, error) {
	own, err := l.stat(l.Dir)
	if err != nil {
		return false, err
	}
	if _, err := l.stat(dir); missing(err) {
		dir = filepath.Dir(filepath.Clean(dir))
	}
	// Invariant: dir leads to the parent of below, once there is one. The root is its own
	// parent, which ends the loop.
	var below fs.FileInfo
	for {
		info, err := l.stat(dir)
		switch {
		case missing(err), errors.Is(err, fs.ErrPermission): // then it is not the log's own, which can be read
			return false, nil
		case err != nil:
			return false, err
		//mutant:archive-a-directory-in-the-log-itself-is-accepted
		case l.fs.SameFile(own, info):
			return true, nil
		case below != nil && l.fs.SameFile(below, info): // the root
			return false, nil
		}
		dir, below = dir+string(filepath.Separator)+"..", info // the real parent, even if links led here
	}
}

// CheckArchive returns ErrNotArchive if Archive could not move the log's segments to
// a directory, which may be missing. It changes nothing.
func (l *Log) CheckArchive(to string) error {
	if err := l.checkOutside(to); err != nil {
		return fmt.Errorf("%s: %w", to, err)
	}
	there, err := OpenContext(context.Background(), to, l.fs)
	defer func() { there.Close() }() // also after an error
	switch {
	case err == nil:
		err = l.checkArchiveOf(there)
	case errors.Is(err, ErrNoLog):
		if err = CheckEmpty(to, l.fs); errors.Is(err, ErrExists) {
			return fmt.Errorf("%w: %w", ErrNotArchive, err)
		}
		if err == nil {
			_, err = l.fs.Lstat(filepath.Dir(filepath.Clean(to))) // Archive does not create the parent
		}
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", to, err)
	}
	return err
}

// ErrOthersSetting is returned for a setting that leads out of the log, if another account
// may have written it.
var ErrOthersSetting = errors.New("set by another account")

// CheckOwnSettings returns ErrOthersSetting if HISTLOG or the log's directory belongs to an
// account that is neither this process's own nor root. Such an account must not decide where
// this process writes outside the log.
func (l *Log) CheckOwnSettings() error {
	for _, name := range []string{".", filename.Marker} {
		info, err := l.fs.Lstat(l.Dir + string(filepath.Separator) + name)
		if err != nil {
			return err
		}
		//mutant:archive-another-accounts-archive-to-is-obeyed
		if !vfs.Trusted(info) {
			return ErrOthersSetting
		}
	}
	return nil
}

// checkArchiveOf returns ErrNotArchive if archive is not an archive of the log l.
func (l *Log) checkArchiveOf(archive *Log) error {
	//mutant:archive-a-log-is-accepted-as-an-archive
	//mutant:archive-the-archive-of-another-log-is-accepted
	if archive.Marker.Role != roleArchive || archive.Marker.ID != l.Marker.ID {
		return fmt.Errorf("%w: it is another log", ErrNotArchive)
	}
	return nil
}

// stat returns the info of a directory; a link to one is followed.
func (l *Log) stat(dir string) (fs.FileInfo, error) {
	return l.fs.Lstat(dir + string(filepath.Separator) + ".")
}

// checkSameSegment returns ErrNotArchive if the archive's last segment is intact and
// differs from s: a copy of the log has archived other records there. It may hold fewer
// records than s, if the log has merged it with others since it was archived.
func (a *archive) checkSameSegment(ctx context.Context, l *Log, s Segment) error {
	own, err := a.from.openFile(s)
	if err != nil {
		return err
	}
	defer own.Close() // it was only read
	r, err := l.OpenReader(l.Segments[len(l.Segments)-1])
	if err == nil {
		err = r.verifyFile(ctx)
		var same bool
		if err == nil {
			same, err = own.beginsWith(*r.trailer)
		}
		if err == nil && !same {
			err = fmt.Errorf("%w: it holds other records from %d on: was the log copied?", ErrNotArchive, s.Base)
		}
		err = errors.Join(err, r.Close())
	}
	if errors.Is(err, ErrCorrupt) { // an interrupted run may have left a part of it; it is copied again
		return nil
	}
	return err
}

// beginsWith reports whether the first records of a segment are those that have the totals t.
func (r *Reader) beginsWith(t trailer) (bool, error) {
	var own trailer
	for k := uint64(0); k < min(t.Count, r.index.count); k++ {
		e, err := r.index.entry(k)
		if err != nil {
			return false, err
		}
		own.add(e)
	}
	return own.sameRecords(t), nil
}
