package segment

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// indexFile reads the entries of an index, some at a time.
type indexFile struct {
	file   File
	path   string
	header header
	count  uint64
	block  []byte // entries from first on
	first  uint64
}

// openIndex opens the index of the segment that begins with base; nil where
// there is none. The reason says what is wrong with its header, in whose place
// stands what it must be: the entries are proof enough where they hold.
func (l *Log) openIndex(base Sequence) (x *indexFile, reason string, err error) {
	path := filepath.Join(l.Dir, IndexName(base))
	f, err := l.fs.OpenFile(path, os.O_RDONLY, 0)
	if missing(err) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	b := make([]byte, headerSize)
	n, err := f.ReadAt(b, 0)
	if err != nil && err != io.EOF {
		return nil, "", errors.Join(err, f.Close())
	}
	x = &indexFile{file: f, path: path}
	x.header, reason = parseHeader(b[:n])
	if reason == "" && (x.header.id != l.Marker.ID || x.header.base != base) {
		reason = "the index of another segment"
	}
	if reason != "" {
		x.header = header{id: l.Marker.ID, base: base}
	}
	return x, reason, nil
}

// blockEntries is how many entries are read at once: a page of them.
const blockEntries = 4096 / entrySize

// entry returns the k-th entry, from 0.
func (x *indexFile) entry(k uint64) (Entry, error) {
	if k < x.first || k >= x.first+uint64(len(x.block))/entrySize {
		x.first = k - k%blockEntries
		n := min(blockEntries, x.count-x.first) * entrySize
		x.block = append(x.block[:0], make([]byte, n)...)
		if m, err := x.file.ReadAt(x.block, headerSize+int64(x.first)*entrySize); m < len(x.block) {
			x.block = x.block[:0]
			return Entry{}, fmt.Errorf("read %s: %w", x.path, err)
		}
	}
	seq := x.header.base + Sequence(k)
	e, ok := x.header.parseEntry(x.block[(k-x.first)*entrySize:][:entrySize], seq)
	if !ok {
		return Entry{}, &CorruptError{Path: x.path, Seq: seq, Offset: Offset(headerSize + k*entrySize), Reason: "index entry's checksum differs"}
	}
	return e, nil
}

// end returns where the k-th record ends; end(-1) is 0.
func (x *indexFile) end(k int64) (Offset, error) {
	if k < 0 {
		return 0, nil
	}
	e, err := x.entry(uint64(k))
	return e.End, err
}

// survey finds how many entries the index holds, and its trailer if it has one.
// What the end of the file holds beyond the last valid entry is not counted:
// a crash may have left it.
func (x *indexFile) survey() (*trailer, error) {
	info, err := x.file.Stat()
	if err != nil {
		return nil, err
	}
	body := max(info.Size()-headerSize, 0)
	x.count, x.block = uint64(body)/entrySize, x.block[:0]
	if body >= trailerSize && body%entrySize == 0 {
		b := make([]byte, trailerSize)
		if _, err := x.file.ReadAt(b, info.Size()-trailerSize); err != nil && err != io.EOF {
			return nil, err
		}
		if t, ok := x.header.parseTrailer(b); ok && t.Count == uint64(body-trailerSize)/entrySize {
			x.count = t.Count
			return &t, nil
		}
	}
	for x.count > 0 {
		_, err := x.entry(x.count - 1)
		if err == nil {
			break
		}
		if !errors.Is(err, ErrCorrupt) {
			return nil, err
		}
		x.count--
	}
	return nil, nil
}
