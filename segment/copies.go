package segment

import (
	"cmp"
	"errors"
	"slices"

	"github.com/histlog/histlog/internal/seekable"
	"github.com/histlog/histlog/internal/vfs"
)

// A segment may stand in several files at once: while it is compressed, or where
// somebody has put another one beside it. The plain one counts, for it goes only
// when another was proven; but one that is not as long as the index says, or
// that does not reach to the next segment, gives way to one that does.

// compareFiles orders the files of one segment: what is none comes last.
func compareFiles(a, b Segment) int {
	odd := func(s Segment) int {
		if s.irregular {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(a.Base, b.Base), cmp.Compare(odd(a), odd(b)), cmp.Compare(a.Codec, b.Codec))
}

// withoutCopies leaves one file of each segment, the first.
func withoutCopies(segments []Segment) (one []Segment) {
	for _, s := range segments {
		if n := len(one); n > 0 && one[n-1].Base == s.Base {
			one[n-1].Copy = one[n-1].Copy || !s.irregular
			continue
		}
		one = append(one, s)
	}
	return one
}

// as returns s as the file of a codec.
func (l *Log) withCodec(s Segment, c Codec) Segment {
	s.Codec, s.Path, s.Copy = c, l.path(FileName(s.Base, c)), false
	return s
}

// others returns the other files of a segment, the plain one first.
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
		case info.Mode().IsRegular():
			others = append(others, other)
		}
	}
	return others, nil
}

// agrees says whether the file is as long as the index says; without one, whether
// records reach to the next segment.
func (r *Reader) lengthMatches() bool {
	if r.trailer == nil {
		return !r.segment.Sealed || r.Next() == r.segment.Next && !r.made.lost()
	}
	return r.text.mismatch() == "" && (r.segment.Codec != Plain || r.size == r.trailer.Plain)
}

// openAuthoritative opens, of the files of a segment, the first that agrees with the index,
// or else the first.
func (l *Log) openAuthoritative(s Segment) (*Reader, error) {
	first, err := l.openFile(s)
	if err != nil && !errors.Is(err, ErrCorrupt) || err == nil && first.lengthMatches() {
		return first, err
	}
	others, err2 := l.others(s)
	for _, s := range others {
		other, err := l.openFile(s)
		if err != nil {
			continue // it is no better
		}
		if other.lengthMatches() {
			if first != nil {
				_ = first.Close() // which was only read
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

// dropOthers removes all files of a segment but the one that r has proven, once
// its name is durable. The plain one goes last, for it would count.
func (l *Log) dropOthers(r *Reader) (c Change, err error) {
	s := r.segment
	c.Segment, c.Records = FileName(s.Base, s.Codec), r.Count()
	others, err := l.others(s)
	if err == nil {
		c.After, err = vfs.Size(l.fs, s.Path)
	}
	//mutant:compress-its-name-is-not-synced
	if err == nil {
		err = l.fs.SyncDir(l.Dir)
	}
	//mutant:compress-the-plain-file-goes-first
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

// removeFile removes a file of the log, durably.
func (l *Log) removeFile(path string) error {
	if err := l.fs.Remove(path); err != nil {
		return err
	}
	return l.fs.SyncDir(l.Dir)
}
