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

// A Change describes what was done to the files of one segment.
type Change struct {
	Segment       string // name of its file
	Records       uint64
	Before, After int64 // bytes on disk
}

// Compress replaces the plain file of the sealed segment that begins with base by a
// compressed one, under the maintenance lock. Other processes may read and write the log
// while Compress runs.
//
// Compress compares each record with its checksum while it compresses, and again after
// it has decompressed the new file; only then does it delete the plain file. After an
// error the plain file is unchanged. After a crash Compress can be run again. If the
// segment is already compressed, the Change is zero.
//
// Compress also stores the index of a compressed segment in its small form: see
// docs/FORMAT.md.
//
// If the segment is damaged, Compress changes nothing and returns a *CorruptError.
func Compress(ctx context.Context, dir string, base Sequence, codec Codec, o Options) (Change, error) {
	m := NewMaintenance(dir, o)
	defer m.Close()
	return m.Compress(ctx, base, codec)
}

// Compress is one step of maintenance, see the function Compress.
func (m *Maintenance) Compress(ctx context.Context, base Sequence, codec Codec) (c Change, err error) {
	var s Segment
	err = m.requiring(ctx, func(l *Log) ([]string, error) {
		i, err := l.Find(base)
		if err != nil {
			return nil, err
		}
		s = l.Segments[i]
		if s.Base != base && s.stem().covers(base) {
			return nil, l.missingSegmentError(Segment{Base: base, Path: l.path(textName(base))})
		}
		if s.Base != base || !s.Sealed {
			return nil, fmt.Errorf("compress %s: %w: no sealed segment begins with %d", l.Dir, ErrNoRecord, base)
		}
		if s, err = l.filesNow(s); err != nil {
			return nil, err
		}
		return l.compressedNames(s, codec)
	}, func(l *Log) error {
		c, err = l.compressWithIndex(ctx, s, codec)
		return err
	})
	return c, err
}

// compressWithIndex compresses one segment and then stores its index in the small form,
// which only compressed segments have.
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

// compress compresses one segment. The caller holds the maintenance lock.
//
// The new file is written under a temporary name, synced and verified. Then it is renamed
// to its name, the directory is synced, and the plain file is deleted. A crash before the
// rename leaves a temporary file, which the next maintenance removes. A crash after it
// leaves both files, and finishCompress deletes the plain one.
func (l *Log) compress(ctx context.Context, s Segment, codec Codec) (c Change, err error) {
	if s.Copy {
		//mutant:compress-the-damaged-file-of-a-killed-run-stays
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
	path := l.path(s.stem().text(codec))
	temporary := vfs.TempName(path)
	//mutant:compress-the-file-gets-its-name-before-it-is-verified
	//mutant:compress-the-replaced-copies-are-not-quarantined
	if err = r.compressTo(ctx, l, temporary, codec, mode); err == nil && s.Copy {
		err = l.quarantineOthers(s, mode)
	}
	if err == nil {
		err = l.fs.Rename(temporary, path)
	}
	if err != nil {
		//mutant:compress-the-temporary-file-of-a-failed-run-stays
		return c, errors.Join(compressError(r.segment, err), vfs.RemoveIfExists(l.fs, temporary))
	}
	// From here on r.segment names the compressed file, which r has verified.
	r.segment.Codec, r.segment.Path = codec, path
	return l.dropOthers(r)
}

// finishCompress completes a compression that was interrupted before the superseded
// files were removed. done is false if no compressed file is intact.
func (l *Log) finishCompress(ctx context.Context, s Segment) (c Change, done bool, err error) {
	files, err := l.others(s)
	if err != nil {
		return c, false, err
	}
	var damage error
	// Any intact compressed file is good enough. s is tried last; it is the plain file, if
	// there is one.
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
	if s.Codec != Plain { // without a plain file there is nothing to compress again
		return Change{}, false, damage
	}
	return Change{}, false, nil
}

// quarantineOthers copies the other files of a segment to quarantine/. They are damaged,
// and a file made from the plain one replaces them next: their bytes would be lost.
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

// keepOnly removes all files of a segment but s, if s is intact.
func (l *Log) keepOnly(ctx context.Context, s Segment) (c Change, err error) {
	r, err := l.openFile(s)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	//mutant:compress-the-file-of-a-killed-run-is-not-verified
	if err := r.verifyFile(ctx); err != nil {
		return c, err
	}
	//mutant:compress-the-file-of-a-killed-run-is-not-synced
	if err := l.syncFile(s.Path); err != nil { // another program may have written it and not synced it
		return c, compressError(s, err)
	}
	return l.dropOthers(r)
}

// syncFile makes the bytes of a file durable.
func (l *Log) syncFile(path string) error {
	// Not every system can sync a file that is open for reading only.
	f, err := l.fs.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// compressError wraps an error of the disk with the segment that was being compressed.
// Damage and the end of the context are returned as they are.
func compressError(s Segment, err error) error {
	if errors.Is(err, ErrCorrupt) || errors.Is(err, context.Canceled) {
		return err
	}
	return &DiskError{Op: OpCompress, Path: s.Path, Seq: s.Base, Err: err}
}

// compressTo writes the compressed segment to a new file, reads it back and verifies it.
// r is the plain segment.
func (r *Reader) compressTo(ctx context.Context, l *Log, name string, codec Codec, mode os.FileMode) (err error) {
	f, err := l.fs.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := seekable.NewWriter(io.NewOffsetWriter(f, 0), codec, int64(r.size))
	defer w.Release()
	if err := r.verifyStream(ctx, r.text, w); err != nil {
		return err
	}
	if err := w.Finish(); err != nil {
		return err
	}
	// Without this sync a power cut after the removal of the plain file could leave the name
	// of this file without its bytes, and no file to make them from.
	//mutant:compress-the-file-is-not-synced
	if err := f.Sync(); err != nil {
		return err
	}
	return r.verifyCompressed(ctx, f, codec)
}

// verifyCompressed verifies a file that was made from the segment: its table of frames,
// each record and the container, which other programs rely on.
func (r *Reader) verifyCompressed(ctx context.Context, f File, codec Codec) error {
	packed, err := newCompressedText(ctx, f, codec)
	if err != nil {
		return err
	}
	defer packed.Release()
	if _, err := packed.size(r.trailer.length()); err != nil {
		return err
	}
	if reason := packed.mismatch(); reason != "" {
		return fmt.Errorf("the compressed file differs: %s", reason)
	}
	// The text of the segment has just been verified: damage here is an error of the
	// encoder or of the disk, and not a *CorruptError of the segment.
	//mutant:compress-the-compressed-file-is-not-read-back
	if err := r.verifyStream(ctx, packed, nil); errors.Is(err, ErrCorrupt) {
		return fmt.Errorf("the compressed file differs: %v", err)
	} else if err != nil {
		return err
	}
	reason, err := packed.Check()
	//mutant:compress-the-container-of-the-compressed-file-is-not-checked
	if err == nil && reason != "" {
		err = fmt.Errorf("the compressed file differs: %s", reason)
	}
	return err
}

// Estimate returns how many bytes the text of a plain sealed segment would take
// compressed. It compresses the text and discards the result.
func (l *Log) Estimate(ctx context.Context, s Segment, codec Codec) (n int64, err error) {
	r, err := l.OpenReader(s)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	w := seekable.NewWriter(io.Discard, codec, int64(r.size))
	defer w.Release()
	if err = r.verifyStream(ctx, r.text, w); err == nil {
		err = w.Finish()
	}
	return w.Size(), err
}
