package segment

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/vfs"
)

// AcceptEdit accepts a HISTLOG that somebody edited, or that contradicts the
// segments: it makes the checksum again, and sets first_seq to the base of the
// oldest segment if no segment begins at first_seq. It returns the settings that
// apply from then on. If the text is not a HISTLOG, a setting is invalid, or the
// segments have another id, it changes nothing and returns a *CorruptError.
func AcceptEdit(ctx context.Context, dir string, fsys FS) (_ Settings, err error) {
	if fsys == nil {
		fsys = OS{}
	}
	l := &Log{Dir: dir, fs: fsys}
	if l.hold() == nil { // otherwise readEdited says why
		defer l.Close()
	}
	// Before the lock, because lockMaintenance creates UPKEEP with the mode that HISTLOG sets.
	if err := l.readEdited(); err != nil {
		return nil, err
	}
	release, err := l.lockMaintenance(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := l.readEdited(); err != nil { // again: HISTLOG may have changed during the wait
		return nil, err
	}
	// leaveRetired has moved first_seq to the oldest segment, which resolves the conflict.
	// replaceMarker would refuse as long as there is one.
	l.Conflict = nil
	return l.Marker.Settings, l.replaceMarker(l.Marker)
}

// readEdited reads HISTLOG without regard to its checksum, and the segments.
func (l *Log) readEdited() (err error) {
	text, err := vfs.ReadFile(l.fs, l.path(filename.Marker), maxMarker)
	if missing(err) {
		return noMarkerError(l.fs, l.Dir)
	}
	if err != nil {
		return err
	}
	if l.Marker, err = decodeMarker(text); err != nil {
		return fmt.Errorf("%s: %w", l.path(filename.Marker), err)
	}
	if err := l.Marker.Settings.Check(); err != nil {
		return &CorruptError{Kind: KindMarker, Path: l.path(filename.Marker), Reason: err.Error()}
	}
	if l.Segments, err = listSegments(l.fs, l.Dir); err != nil {
		return err
	}
	if l.Segments, l.Foreign, err = l.withoutSuperseded(l.Segments); err != nil {
		return err
	}
	l.Segments = chain(l.Segments)
	if len(l.Segments) == 0 {
		return &CorruptError{Kind: KindMissing, Path: l.Dir, Reason: "HISTLOG is there, but no segment"}
	}
	l.leaveRetired()
	//mutant:histlog-an-edit-is-accepted-with-the-id-of-another-log
	return l.checkID()
}

// checkID compares the id with that of the indexes, to which it is bound: with
// another id no index entry would be believed.
func (l *Log) checkID() error {
	for _, s := range l.Segments {
		f, err := l.fs.OpenFile(l.path(s.stem().index()), os.O_RDONLY, 0)
		// A compressed segment may have the small form only. The segments that have a plain
		// index decide.
		if missing(err) {
			continue
		}
		if err != nil {
			return err
		}
		b := make([]byte, headerSize)
		n, _ := f.ReadAt(b, 0) // an index that cannot be read proves nothing
		if err := f.Close(); err != nil {
			return err
		}
		if h, reason := parseHeader(b[:n]); reason == "" && h.id != l.Marker.ID {
			return &CorruptError{Kind: KindMarker, Path: l.path(filename.Marker), Reason: fmt.Sprintf("its id is %v, that of the segments is %v", l.Marker.ID, h.id)}
		}
	}
	return nil
}
