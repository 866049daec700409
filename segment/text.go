package segment

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/histlog/histlog/internal/vfs"
)

// A textFile is the plain text of a segment, however that is stored.
type textFile interface {
	io.ReaderAt
	// size returns its length. t is the trailer of the segment's index, or nil.
	size(t *trailer) (Offset, error)
	// flaw says what is wrong with the file as a whole, whatever its records say; "": nothing.
	flaw() (string, error)
	Close() error
}

// plainText is the text of a plain segment.
type plainText struct{ File }

func (p plainText) size(*trailer) (Offset, error) {
	info, err := p.Stat()
	if err != nil {
		return 0, err
	}
	return Offset(info.Size()), nil
}

func (plainText) flaw() (string, error) { return "", nil }

// openText opens the text of s. Its file may have another name than when it was
// listed: it was compressed since, or a repair made it plain again; or it was retired.
func (l *Log) openText(s *Segment) (t textFile, file File, err error) {
	file, err = l.fs.OpenFile(s.Path, os.O_RDONLY, 0)
	//mutant:read-the-newest-compressed-since-it-was-listed
	for c := Plain; c <= Gzip && missing(err); c++ {
		other := *s
		other.Codec, other.Path = c, l.path(c.TextName(s.Base))
		if file, err = l.fs.OpenFile(other.Path, os.O_RDONLY, 0); err == nil {
			*s = other
		}
	}
	if missing(err) {
		err = l.whyMissing(*s)
	}
	if err != nil {
		return nil, nil, err
	}
	file = vfs.WithContext(l.ctx, file)
	if s.Codec == Plain {
		return plainText{file}, file, nil
	}
	ctx := l.ctx
	if ctx == nil {
		ctx = context.Background()
	}
	c, err := newCompressed(ctx, file, s.Codec)
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return c, file, nil
}

// whyMissing says why a segment that was listed has no file, or no index: it was
// retired since, or it is damage.
func (l *Log) whyMissing(s Segment) error {
	var now markerFile
	//mutant:retire-seen-as-damage-by-who-has-an-old-listing
	if m, err := now.read(l.fs, l.Dir); err == nil && s.Base < m.FirstSeq && l.Conflict == nil {
		return m.retired(s.Base)
	}
	return &CorruptError{Path: s.Path, Seq: s.Base, Reason: "the segment is missing"}
}
