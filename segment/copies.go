package segment

import (
	"errors"
	"slices"

	"github.com/histlog/histlog/internal/seekable"
	"github.com/histlog/histlog/internal/vfs"
)

// openAuthoritative opens the one file of a segment that counts.
//
// A segment has several files while Compress is at work, after Compress was
// killed, or where somebody put a file beside it. compareListed orders them: the
// plain file comes first, because Compress deletes it only after a compressed one
// was verified. The first file whose length agrees with the index counts; see
// lengthMatches. If none agrees, the first counts, and is damaged. Of the active
// segment only the plain file counts: the log is listed without its other files.
//
// This is the only place where a file is chosen. A file that does not count is
// never read for a record, except by Repair. Only Compress removes it, or Repair after
// it has copied the file to quarantine.
func (l *Log) openAuthoritative(s Segment) (*Reader, error) {
	first, err := l.openFile(s)
	if err != nil && !errors.Is(err, ErrCorrupt) || err == nil && first.lengthMatches() {
		return first, err
	}
	others, err2 := l.others(s)
	for _, s := range others {
		other, err := l.openFile(s)
		if err != nil {
			continue // it is not better than the first
		}
		if other.lengthMatches() {
			if first != nil {
				_ = first.Close() // it was only read
			}
			return other, nil
		}
		_ = other.Close()
	}
	if first == nil {
		return nil, errors.Join(err, err2)
	}
	return first, nil
}

// lengthMatches reports whether the file is as long as the trailer of the index says.
// Without a trailer it reports whether the records reach the next segment.
func (r *Reader) lengthMatches() bool {
	if r.trailer == nil {
		return !r.segment.Sealed || r.Next() == r.segment.Next && !r.made.lost()
	}
	return r.text.mismatch() == "" && (r.segment.Codec != Plain || r.size == r.trailer.Plain)
}

// withCodec returns s with the codec and the path of another of its files.
func (l *Log) withCodec(s Segment, c Codec) Segment {
	s.Codec, s.Path, s.Copy = c, l.path(s.stem().text(c)), false
	return s
}

// others returns the other files of a segment, in the order of preference.
func (l *Log) others(s Segment) (others []Segment, err error) {
	for _, c := range seekable.Codecs() {
		if c == s.Codec {
			continue
		}
		other := l.withCodec(s, c)
		info, err := l.fs.Lstat(other.Path)
		switch {
		case missing(err):
		case err != nil:
			return nil, err
		// A link, a FIFO or a device is not a copy and is never opened.
		case info.Mode().IsRegular():
			others = append(others, other)
		}
	}
	return others, nil
}

// followRename calls open with s. If its file is missing, followRename calls open with the
// other names that a segment's file can have: after the log was listed, the segment may
// have been compressed, or decompressed by Repair.
func (l *Log) followRename(s Segment, open func(Segment) error) error {
	err := open(s)
	//mutant:read-a-segment-compressed-since-the-listing-is-not-found
	for _, c := range seekable.Codecs() {
		if !missing(err) {
			break
		}
		err = open(l.withCodec(s, c))
	}
	return err
}

// dropOthers removes all files of a segment but the one that r has verified.
func (l *Log) dropOthers(r *Reader) (c Change, err error) {
	s := r.segment
	c.Segment, c.Records = s.Name(), r.Count()
	others, err := l.others(s)
	if err == nil {
		c.After, err = vfs.Size(l.fs, s.Path)
	}
	// Without this sync a power cut after the removals could leave the segment without a file.
	//mutant:compress-its-name-is-not-synced
	if err == nil {
		err = l.fs.SyncDir(l.Dir)
	}
	// The plain file is removed last: after a crash between the removals it still counts, and
	// not a compressed file that was never verified.
	//mutant:compress-the-plain-file-is-removed-first
	slices.Reverse(others)
	for _, other := range others {
		if err == nil {
			c.Before, err = vfs.Size(l.fs, other.Path)
		}
		if err == nil {
			err = l.removeFile(other.Path)
		}
	}
	if err != nil {
		return c, compressError(s, err)
	}
	return c, nil
}

// removeIfExists is removeFile for a file that may be missing.
func (l *Log) removeIfExists(path string) error {
	if _, err := l.fs.Lstat(path); missing(err) {
		return nil
	} else if err != nil {
		return err
	}
	return l.removeFile(path)
}

// removeFile removes a file of the log. It syncs the directory, so that no later
// removal can become durable before this one.
func (l *Log) removeFile(path string) error {
	if err := l.fs.Remove(path); err != nil {
		return err
	}
	return l.fs.SyncDir(l.Dir)
}
