package segment

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/histlog/histlog/internal/seekable"
	"github.com/histlog/histlog/internal/vfs"
)

// A textFile is the plain text of a segment, independent of how it is stored.
type textFile interface {
	io.ReaderAt
	// size returns the length of the text. expected is the length by the trailer of the
	// segment's index, or negative without one.
	size(expected Offset) (Offset, error)
	// mismatch returns how the length of the file differs from its own table, or from the
	// length that size expected; "" if it does not.
	mismatch() string
	// checkContainer returns what is wrong with the compressed file itself, apart from
	// its records: its table and its checksum. "" means nothing.
	checkContainer() (reason string, err error)
	Close() error
}

// plainText is the text of a plain segment.
type plainText struct{ File }

func (p plainText) size(Offset) (Offset, error) {
	info, err := p.Stat()
	if err != nil {
		return 0, err
	}
	return Offset(info.Size()), nil
}

func (plainText) mismatch() string { return "" }

func (plainText) checkContainer() (string, error) { return "", nil }

// compressedText is the text of a compressed segment.
type compressedText struct {
	*seekable.Reader
	file File
}

// newCompressedText reads the table of frames of a compressed segment. The caller
// closes the file after an error.
func newCompressedText(ctx context.Context, f File, c Codec) (compressedText, error) {
	info, err := f.Stat()
	if err != nil {
		return compressedText{}, err
	}
	// The Log of a Writer or a Draft has no context, because OpenContext did not make it.
	if ctx == nil {
		ctx = context.Background()
	}
	r, err := seekable.NewReader(ctx, f, info.Size(), c)
	return compressedText{r, f}, err
}

func (c compressedText) size(expected Offset) (Offset, error) {
	return Offset(c.Length(int64(expected))), nil
}

func (c compressedText) mismatch() string { return c.Mismatch() }

func (c compressedText) checkContainer() (string, error) { return c.Check() }

func (c compressedText) Close() error {
	c.Release()
	return c.file.Close()
}

// frameDamage returns the damage of the record seq if err says that a frame cannot be
// decompressed; nil for any other error.
func frameDamage(err error, s Segment, seq Sequence, at Offset) *CorruptError {
	var f *seekable.FrameError
	if !errors.As(err, &f) {
		return nil
	}
	d := &CorruptError{Path: s.Path, Seq: seq, Offset: at, Reason: f.Error()}
	// The frame may be intact: another program compressed it, with a window that this one
	// refuses. Repair must not blank its records.
	if f.Err == ErrWindow {
		d.Kind = KindWindow
	}
	return d
}

// openText opens the text of s, and sets s to the file that it is read from.
func (l *Log) openText(s *Segment) (t textFile, file File, err error) {
	err = l.followRename(*s, func(now Segment) (err error) {
		if file, err = l.fs.OpenFile(now.Path, os.O_RDONLY, 0); err == nil {
			// Copy reports whether the segment has several files, under whatever name this one was
			// opened.
			now.Copy = s.Copy
			*s = now
		}
		return err
	})
	if missing(err) {
		err = l.missingSegmentError(*s)
	}
	if err != nil {
		return nil, nil, err
	}
	// Every loop over the file then ends with the context, however long the file claims to be.
	file = vfs.WithContext(l.ctx, file)
	if s.Codec == Plain {
		return plainText{file}, file, nil
	}
	c, err := newCompressedText(l.ctx, file, s.Codec)
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return c, file, nil
}

// missingIndexError is missingSegmentError for a segment whose index is missing.
func (l *Log) missingIndexError(s Segment) error {
	s.Path = l.path(s.stem().index())
	return l.missingSegmentError(s)
}

// missingSegmentError returns the error for a listed segment without a file or an index:
// ErrRetired or ErrMerged if the segment was retired or merged since the log was listed,
// else a *CorruptError.
func (l *Log) missingSegmentError(s Segment) error {
	var now markerFile
	// Retire replaces HISTLOG before it removes a file. So if Retire removed this one, HISTLOG
	// already says so. A first_seq that contradicts the segments proves nothing.
	//mutant:retire-a-reader-with-an-old-listing-reports-damage
	if m, err := now.read(l.fs, l.Dir); err == nil && s.Base < m.FirstSeq && l.Conflict == nil {
		return m.retiredError(s.Base)
	}
	// Merge gives the larger segment its name before it removes a file.
	//mutant:merge-a-reader-with-an-old-listing-reports-damage
	if err := l.mergedSince(s); err != nil {
		return err
	}
	return &CorruptError{Kind: KindMissing, Path: s.Path, Seq: s.Base, Reason: "the segment is missing"}
}
