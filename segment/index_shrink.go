package segment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/histlog/histlog/internal/vfs"
)

// minShrink is the size of a plain index, in bytes, above which a small form is worth it:
// a smaller index takes one block of the disk in either form.
const minShrink = 4096

// CanShrink reports whether Compress would store the index of a segment in its small
// form: the text is compressed, and the index is still plain.
func (l *Log) CanShrink(s Segment) (bool, error) {
	if !s.Sealed || s.Codec == Plain {
		return false, nil
	}
	size, err := l.plainIndexSize(s.stem())
	return size > minShrink, err
}

// plainIndexSize returns the size of the plain index of a segment; 0 if there is none.
func (l *Log) plainIndexSize(n stem) (int64, error) {
	size, err := vfs.Size(l.fs, l.path(n.index()))
	if missing(err) {
		return 0, nil
	}
	return size, err
}

// compressedNames returns the names of the files that Compress makes of a segment.
func (l *Log) compressedNames(s Segment, codec Codec) (names []string, err error) {
	size, err := l.plainIndexSize(s.stem())
	names = []string{s.stem().text(codec)}
	// An older histlog reads the log as long as there is no small index in it. So HISTLOG gets
	// the requirement only if shrinkIndex may make one.
	if size > minShrink {
		names = append(names, s.stem().smallIndex())
	}
	return names, err
}

// shrinkIndex stores the index of a compressed segment in its small form. The caller
// holds the maintenance lock. The Change is zero if there is nothing to do.
//
// The small index is written under a temporary name, synced, read back and compared with
// the plain one. Then it is renamed to its name, the directory is synced, and the plain
// one is deleted. A crash leaves one form or both, and both hold the same entries.
func (l *Log) shrinkIndex(ctx context.Context, s Segment) (c Change, err error) {
	// Without the requirement in HISTLOG an older histlog would report a lost index. The index
	// then stays plain.
	if can, err := l.CanShrink(s); !can || err != nil || !slices.Contains(l.Marker.Requires, needsSmallIndex) {
		return c, err
	}
	x, err := l.openIntactIndex(s)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, x.file.Close()) }()
	mode, err := l.mode()
	if err != nil {
		return c, err
	}
	c = Change{Segment: s.stem().smallIndex(), Records: x.count, Before: headerSize + int64(x.count)*entrySize + trailerSize}
	// A kill after this leaves both forms; the next Compress of the segment writes the small
	// one again and removes the plain one.
	if c.After, err = l.replaceSmall(ctx, x, s.stem(), mode); err != nil {
		return Change{}, compressError(s, err)
	}
	if err := l.removeFile(l.path(s.stem().index())); err != nil {
		return Change{}, compressError(s, err)
	}
	return c, nil
}

// replaceSmall writes the small form of the plain index x and puts it in place among the
// files n, durably. It returns the size of the file.
func (l *Log) replaceSmall(ctx context.Context, x *indexFile, n stem, mode os.FileMode) (size int64, err error) {
	name := l.path(n.smallIndex())
	temporary := vfs.TempName(name)
	// A kill before the rename leaves a temporary file, which the next maintenance removes.
	if size, err = l.writeSmall(ctx, x, temporary, mode); err == nil {
		err = l.fs.Rename(temporary, name)
	}
	if err != nil {
		// On a full disk the temporary file would keep its space until the next maintenance. It
		// may be missing, if the error came from creating it.
		return 0, errors.Join(err, vfs.RemoveIfExists(l.fs, temporary))
	}
	// Without this sync a power cut after the removal of the plain form could leave the segment
	// without an index.
	//mutant:small-index-its-name-is-not-synced-before-the-plain-one-is-removed
	return size, l.fs.SyncDir(l.Dir)
}

// openIntactIndex opens a plain index and checks its header and its trailer.
func (l *Log) openIntactIndex(s Segment) (*indexFile, error) {
	x, reason, err := l.openPlainIndex(s.stem())
	if err != nil {
		return nil, err
	}
	if x == nil {
		return nil, l.missingIndexError(s)
	}
	t, err := x.countEntries(-1)
	// The small form holds intact entries only. A damaged index stays plain until Repair has
	// made it again.
	if err == nil && (reason != "" || t == nil) {
		err = &CorruptError{Kind: KindIndex, Path: x.path, Reason: "the index is not as it was written"}
	}
	if err != nil {
		return nil, errors.Join(err, x.file.Close())
	}
	return x, nil
}

// writeSmall writes the small form of an index to a file, reads it back and compares it
// with the index, and returns its size.
func (l *Log) writeSmall(ctx context.Context, x *indexFile, name string, mode os.FileMode) (size int64, err error) {
	f, err := l.fs.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if size, err = x.encodeSmall(ctx, io.NewOffsetWriter(f, 0)); err != nil {
		return 0, err
	}
	//mutant:small-index-it-is-not-synced
	if err := f.Sync(); err != nil { // otherwise a power cut after the rename could leave a name without bytes
		return 0, err
	}
	// The bytes that are read back come from the page cache. They prove that the encoder was
	// right; the checksums of the blocks detect an error of the disk later.
	s, err := openSmall(f, x.header)
	if err != nil {
		return 0, fmt.Errorf("what was written differs: %w", err)
	}
	return size, compareIndexes(ctx, x, s)
}

// compareIndexes returns an error if the small index s does not present the bytes of the
// plain index x.
func compareIndexes(ctx context.Context, x *indexFile, s *smallIndex) error {
	info, err := x.file.Stat()
	if err != nil {
		return err
	}
	a, b := make([]byte, smallBlock*entrySize), make([]byte, smallBlock*entrySize)
	// Every byte is compared, header and trailer too, because the plain index is removed next.
	differs := info.Size() != s.size()
	for at := int64(0); at < info.Size() && !differs; at += int64(len(a)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(int64(len(a)), info.Size()-at)
		// A read of the last bytes may return io.EOF with all of them: only a short read is an
		// error.
		if m, err := x.file.ReadAt(a[:n], at); m < int(n) {
			return err
		}
		if m, err := s.ReadAt(b[:n], at); m < int(n) {
			return err
		}
		differs = !bytes.Equal(a[:n], b[:n])
	}
	if differs {
		return errors.New("what was written differs from the index")
	}
	return nil
}

// EstimateIndex returns how many bytes the index of a segment would take in its small
// form. It writes nothing.
func (l *Log) EstimateIndex(ctx context.Context, s Segment) (n int64, err error) {
	x, err := l.openIntactIndex(s)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, x.file.Close()) }()
	return x.encodeSmall(ctx, io.Discard)
}
