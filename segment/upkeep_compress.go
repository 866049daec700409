package segment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/histlog/histlog/internal/seekable"
	"github.com/histlog/histlog/internal/vfs"
)

// A Change is what was done to one segment's file.
type Change struct {
	Segment       string // file name
	Records       uint64
	Before, After int64 // bytes on disk
}

// Compress replaces the plain text of the sealed segment that begins with base
// by a compressed one, under the lock of UPKEEP, and loses nothing: each
// record is compared with its checksum before, and again in what was
// compressed, decompressed, before the plain file goes. Readers and the
// writer may be at work. Killed anywhere, it can be run again; on an error the
// plain file is as it was. What is compressed already is left as it is: the
// Change is zero.
//
// The index of a compressed segment is stored small, also of one that was compressed
// before: see docs/FORMAT.md.
//
// A segment that is not what was written is a *CorruptError, and not touched.
func Compress(ctx context.Context, dir string, base Sequence, codec Codec, o Options) (c Change, err error) {
	//mutant:small-index-histlog-requires-it-too-late
	if err := requireSmallIndex(ctx, dir, base, o); err != nil {
		return c, err
	}
	err = withMaintenanceLock(ctx, dir, o, func(l *Log) error {
		i, err := l.Find(base)
		if err != nil {
			return err
		}
		s := l.Segments[i]
		if s.Base != base || !s.Sealed {
			return fmt.Errorf("compress %s: %w: no sealed segment begins with %d", l.Dir, ErrNoRecord, base)
		}
		c, err = l.compressWithIndex(ctx, s, codec)
		return err
	})
	return c, err
}

// compressWithIndex compresses one segment, and stores its index small.
func (l *Log) compressWithIndex(ctx context.Context, s Segment, codec Codec) (c Change, err error) {
	if c, err = l.compress(ctx, s, codec); err != nil {
		return c, err
	}
	if s.Codec == Plain {
		s = l.withCodec(s, codec)
	}
	index, err := l.shrinkIndex(ctx, s)
	if c.Segment == "" {
		return index, err
	}
	c.Before, c.After = c.Before+index.Before, c.After+index.After
	return c, err
}

// compress compresses one segment; the caller has the log to itself.
func (l *Log) compress(ctx context.Context, s Segment, codec Codec) (c Change, err error) {
	if s.Copy {
		//mutant:compress-an-unfinished-one-that-is-damaged-stays
		if c, done, err := l.finishCompress(ctx, s); done || err != nil {
			return c, err
		}
	}
	if s.Codec != Plain {
		return c, nil
	}
	r, err := l.openFile(s)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	mode, err := l.mode()
	if err != nil {
		return c, err
	}
	name := FileName(s.Base, codec)
	temporary := l.path("." + name + ".tmp")
	//mutant:compress-the-name-before-the-bytes-are-proven
	//mutant:compress-what-is-replaced-is-not-set-aside
	if err = r.compressTo(ctx, l, temporary, codec, mode); err == nil && s.Copy {
		err = l.quarantineOthers(s, mode)
	}
	if err == nil {
		err = l.fs.Rename(temporary, l.path(name))
	}
	if err != nil {
		//mutant:compress-what-failed-stays
		return c, errors.Join(compressError(r.segment, err), vfs.RemoveIfExists(l.fs, temporary))
	}
	r.segment.Codec, r.segment.Path = codec, l.path(name)
	return l.dropOthers(r)
}

// finishCompress does what is left after a kill that came before the other files
// of the segment were gone. done is false where no compressed one is whole.
func (l *Log) finishCompress(ctx context.Context, s Segment) (c Change, done bool, err error) {
	files, err := l.others(s)
	if err != nil {
		return c, false, err
	}
	var damage error
	for _, file := range append(files, l.withCodec(s, s.Codec)) {
		if file.Codec == Plain {
			continue
		}
		c, err = l.keepOnly(ctx, file)
		if !errors.Is(err, ErrCorrupt) {
			return c, err == nil, err
		}
		damage = err
	}
	if s.Codec != Plain { // there is nothing to make it anew from
		return Change{}, false, damage
	}
	return Change{}, false, nil
}

// quarantineOthers copies the other files of a segment to quarantine/, for what will
// be in their place is not made of them.
func (l *Log) quarantineOthers(s Segment, mode fs.FileMode) error {
	others, err := l.others(s)
	if err != nil {
		return err
	}
	for _, other := range others {
		f, err := l.fs.OpenFile(other.Path, os.O_RDONLY, 0)
		if err != nil {
			return err
		}
		info, err := f.Stat()
		if err == nil && info.Size() > 0 {
			_, err = quarantineRange(l.fs, l.Dir, s.Base, f, 0, Offset(info.Size()), mode)
		}
		if err = errors.Join(err, f.Close()); err != nil {
			return compressError(other, err)
		}
	}
	return nil
}

// keepOnly removes all files of a segment but one, if that is whole.
func (l *Log) keepOnly(ctx context.Context, s Segment) (c Change, err error) {
	r, err := l.openFile(s)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	//mutant:compress-an-unfinished-one-is-believed-unproven
	if err := r.verifyFile(ctx); err != nil {
		return c, err
	}
	//mutant:compress-an-unfinished-one-is-not-synced
	if err := l.syncFile(s.Path); err != nil { // nobody knows who wrote it
		return c, compressError(s, err)
	}
	return l.dropOthers(r)
}

func (l *Log) syncFile(path string) error {
	f, err := l.fs.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// compressError says which segment could not be compressed, unless err is damage.
func compressError(s Segment, err error) error {
	if errors.Is(err, ErrCorrupt) || errors.Is(err, context.Canceled) {
		return err
	}
	return &DiskError{Op: OpCompress, Path: s.Path, Seq: s.Base, Err: err}
}

// pack writes the compressed segment to a file and proves it.
func (r *Reader) compressTo(ctx context.Context, l *Log, name string, codec Codec, mode os.FileMode) (err error) {
	f, err := l.fs.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	p := seekable.NewWriter(io.NewOffsetWriter(f, 0), codec, int64(r.size))
	defer p.Release()
	if err := r.verifyStream(ctx, r.text, p); err != nil {
		return err
	}
	if err := p.Finish(); err != nil {
		return err
	}
	//mutant:compress-the-file-is-not-synced
	if err := f.Sync(); err != nil {
		return err
	}
	packed, err := newCompressedText(ctx, f, codec)
	if err != nil {
		return err
	}
	defer packed.Release()
	if _, err := packed.size(r.trailer.length()); err != nil {
		return err
	}
	if reason := packed.mismatch(); reason != "" {
		return fmt.Errorf("what was compressed differs: %s", reason)
	}
	//mutant:compress-what-was-compressed-is-not-read-back
	if err := r.verifyStream(ctx, packed, nil); errors.Is(err, ErrCorrupt) { // which the segment is not
		return fmt.Errorf("what was compressed differs: %v", err)
	} else if err != nil {
		return err
	}
	flaw, err := packed.Check() // of what other programs look at
	//mutant:compress-what-other-programs-look-at-is-not-compared
	if err == nil && flaw != "" {
		err = fmt.Errorf("what was compressed differs: %s", flaw)
	}
	return err
}

// Estimate returns how many bytes a plain sealed segment would take compressed,
// by compressing it. It writes nothing.
func (l *Log) Estimate(ctx context.Context, s Segment, codec Codec) (n int64, err error) {
	r, err := l.OpenReader(s)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	p := seekable.NewWriter(io.Discard, codec, int64(r.size))
	defer p.Release()
	if err = r.verifyStream(ctx, r.text, p); err == nil {
		err = p.Finish()
	}
	return p.Size(), err
}
