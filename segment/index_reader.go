package segment

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/histlog/histlog/internal/vfs"
)

// An indexFile reads the entries of an index, a page at a time.
type indexFile struct {
	file   File
	path   string
	header header
	count  uint64
	block  []byte // encoded entries: a page
	first  uint64 // index of the first entry in block
}

// openIndex opens the index of the segment whose files n names. x is nil if there is
// none. reason says what is wrong with its header; "" means nothing. x.header is then the
// header that the index must have: the entries can still be read, because the checksum of
// each one covers log and sequence.
//
// The small form is used if the plain form is missing or does not end with a trailer.
func (l *Log) openIndex(n stem) (x *indexFile, reason string, err error) {
	const tries = 2 // one form may replace the other between the two opens
	for range tries {
		x, reason, err = l.openPlainIndex(n)
		//mutant:small-index-used-although-the-plain-one-is-complete
		if err != nil || x != nil && x.hasTrailer() {
			return x, reason, err
		}
		small, why, err := l.openSmallIndex(n)
		if err != nil {
			if x != nil {
				err = errors.Join(err, x.file.Close())
			}
			return nil, "", err
		}
		//mutant:small-index-not-used-although-the-plain-one-is-torn
		if small != nil {
			if x != nil {
				x.file.Close() // it was only read
			}
			return small, why, nil
		}
		if x != nil {
			return x, reason, nil
		}
	}
	return nil, "", nil
}

// indexPath returns the path of the index that openIndex opens.
func (l *Log) indexPath(s Segment) (string, error) {
	x, _, err := l.openIndex(s.stem())
	if x == nil && err == nil {
		err = l.missingIndexError(s)
	}
	if err != nil {
		return "", err
	}
	return x.path, x.file.Close()
}

// indexOf opens the index of a segment. For the active segment only the plain form counts.
func (l *Log) indexOf(s Segment) (x *indexFile, reason string, err error) {
	if s.active() {
		return l.openPlainIndex(s.stem())
	}
	return l.openIndex(s.stem())
}

// openPlainIndex is openIndex for the plain form alone.
func (l *Log) openPlainIndex(n stem) (x *indexFile, reason string, err error) {
	path := l.path(n.index())
	f, err := l.fs.OpenFile(path, os.O_RDONLY, 0)
	if missing(err) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	return l.readIndexHeader(vfs.WithContext(l.ctx, f), path, n.base)
}

// readIndexHeader returns an indexFile that reads f. It closes f after an error.
func (l *Log) readIndexHeader(f File, path string, base Sequence) (x *indexFile, reason string, err error) {
	b := make([]byte, headerSize)
	n, err := f.ReadAt(b, 0)
	if err != nil && err != io.EOF {
		return nil, "", errors.Join(err, f.Close())
	}
	x = &indexFile{file: f, path: path}
	x.header, reason = parseHeader(b[:n])
	if reason == "" && (x.header.id != l.Marker.ID || x.header.base != base) {
		reason = foreignIndex
	}
	if reason != "" {
		x.header = header{id: l.Marker.ID, base: base}
	}
	return x, reason, nil
}

// hasTrailer reports whether the index ends with a trailer.
func (x *indexFile) hasTrailer() bool {
	info, err := x.file.Stat()
	if err != nil || info.Size() < headerSize+trailerSize {
		return false
	}
	b := make([]byte, trailerSize)
	n, _ := x.file.ReadAt(b, info.Size()-trailerSize) // after an error b[:n] is too short for a trailer
	_, ok := x.header.parseTrailer(b[:n])
	return ok
}

// blockEntries is how many entries are read at once: a page.
const blockEntries = 4096 / entrySize

// entry returns the entry with index k, from 0.
func (x *indexFile) entry(k uint64) (Entry, error) {
	// Invariant: block holds the entries [first, first + len(block)/entrySize).
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
		return Entry{}, &CorruptError{Kind: KindIndex, Path: x.path, Seq: seq, Offset: Offset(headerSize + k*entrySize), Reason: "index entry's checksum differs"}
	}
	return e, nil
}

// end returns where the record with index k ends. end(-1) is 0.
func (x *indexFile) end(k int64) (Offset, error) {
	if k < 0 {
		return 0, nil
	}
	e, err := x.entry(uint64(k))
	return e.End, err
}

// countEntries sets x.count to the number of entries and returns the trailer, or nil if
// there is none. What follows the last intact entry is not counted, because a crash may
// have left it. text is the length of the text, which limits how many records there
// can be; it is negative if it is not known.
func (x *indexFile) countEntries(text Offset) (*trailer, error) {
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
		t, ok := x.header.parseTrailer(b)
		//mutant:read-a-trailer-may-claim-more-records-than-the-text-holds
		if ok && t.Count == uint64(body-trailerSize)/entrySize && t.Count <= maxRecords(t.Plain) {
			x.count = t.Count
			return &t, nil
		}
	}
	// A sparse file may claim any number of entries, so the search is limited to as many as the
	// text can hold. Intact entries after those count, too: the text has lost their records,
	// and that damage must be reported.
	limit := x.count
	if text >= 0 {
		limit = min(limit, maxRecords(text))
	}
	found, err := x.lastValid(limit)
	//mutant:read-entries-of-records-that-the-text-lost-are-dropped
	if err == nil && limit < x.count {
		found, err = x.validFrom(found)
	}
	x.count, x.block = found, x.block[:0]
	return nil, err
}

// maxRecords returns how many records a text of that length can hold.
func maxRecords(text Offset) uint64 { return uint64(max(text, 0)) / uint64(len(blankPlace)) }

// lastValid returns how many of the first n entries remain if all after the last intact
// one are dropped. A sparse file may have millions of zero entries: lastValid reads
// many at a time, and skips a zero entry without computing its checksum.
func (x *indexFile) lastValid(n uint64) (uint64, error) {
	const atOnce = 256 << 10 / entrySize
	if n > 0 { // usually the last entry is intact
		if _, err := x.entry(n - 1); !errors.Is(err, ErrCorrupt) {
			return n, err
		}
		n--
	}
	b := make([]byte, min(n, atOnce)*entrySize)
	// Invariant: no entry from n on is intact.
	for n > 0 {
		first := n - min(n, atOnce)
		b = b[:(n-first)*entrySize]
		if m, err := x.file.ReadAt(b, headerSize+int64(first)*entrySize); m < len(b) {
			return 0, fmt.Errorf("read %s: %w", x.path, err)
		}
		for ; n > first; n-- {
			entry := b[(n-1-first)*entrySize:][:entrySize]
			if le.Uint64(entry) == 0 {
				//mutant:read-entries-after-a-hole-are-dropped
				continue
			}
			if _, ok := x.header.parseEntry(entry, x.header.base+Sequence(n-1)); ok {
				return n, nil
			}
		}
	}
	return 0, nil
}

// validFrom returns the number of the first entry from n on that is not intact. The
// entries before it belong to records that the text has lost.
func (x *indexFile) validFrom(n uint64) (uint64, error) {
	for ; n < x.count; n++ {
		if _, err := x.entry(n); errors.Is(err, ErrCorrupt) {
			return n, nil
		} else if err != nil {
			return 0, err
		}
	}
	return n, nil
}
