package segment

import (
	"bufio"
	"context"
	"hash/crc32"
	"io"

	"github.com/histlog/histlog/internal/seekable"
)

// verifyChunk is how many bytes of text verifyStream holds.
const verifyChunk = 1 << 20

// verifyStream reads t, a text of the sealed segment, from its start and compares it with
// the index: the length and the checksum of each record, and the end of the text. It
// holds a chunk of a record at a time, so that it verifies records that are larger than
// the memory budget. Unless to is nil, it also writes the text to it.
func (r *Reader) verifyStream(ctx context.Context, t io.ReaderAt, to *seekable.Writer) error {
	// Entries that were made from the text prove nothing about it: without an intact index
	// there is nothing to compare with.
	if r.reason != "" || r.trailer == nil || r.Next() != r.segment.Next {
		return &CorruptError{Kind: KindIndex, Path: r.segment.Path, Seq: r.segment.Base, Reason: "its index is missing or unreadable"}
	}
	sum, at, err := r.verifyRecords(ctx, t, to)
	if err != nil {
		return err
	}
	//mutant:compress-bytes-after-the-last-record-are-not-noticed
	if r.size != at || sum != *r.trailer {
		return &CorruptError{Kind: KindIndex, Path: r.segment.Path, Seq: r.Next(), Offset: at, Reason: "it does not end where its index does"}
	}
	return nil
}

// verifyRecords compares each record of t with its index entry, and stops at the first
// that differs. It returns the totals of the records before it, and where they end.
func (r *Reader) verifyRecords(ctx context.Context, t io.ReaderAt, to *seekable.Writer) (sum trailer, at Offset, err error) {
	from := bufio.NewReaderSize(io.NewSectionReader(t, 0, int64(r.size)), int(min(verifyChunk, r.size)))
	for seq := r.segment.Base; seq < r.Next(); seq++ {
		if err := ctx.Err(); err != nil {
			return sum, at, err
		}
		e, err := r.indexEntry(seq)
		if err != nil {
			return sum, at, err
		}
		// An entry with a valid checksum may still be wrong, if a faulty program wrote it. It
		// must not make copyRecord read backwards or without end.
		if e.End <= at || e.End-at > maxRecord+1 {
			return sum, at, &CorruptError{Kind: KindIndex, Path: r.segment.Path, Seq: seq, Offset: at, Reason: "its index entry makes no sense"}
		}
		crc, err := copyRecord(from, e.End-at, to)
		if d := frameDamage(err, r.segment, seq, at); d != nil {
			return sum, at, d
		}
		if err == io.EOF { // the text ends before its index does
			return sum, at, &CorruptError{Path: r.segment.Path, Seq: seq, Offset: at, Reason: err.Error()}
		}
		if err != nil {
			return sum, at, err
		}
		//mutant:compress-checksums-are-not-compared
		if crc != e.CRC {
			return sum, at, &CorruptError{Path: r.segment.Path, Seq: seq, Offset: at, Reason: "its checksum differs"}
		}
		at = e.End
		sum.add(e)
	}
	return sum, at, nil
}

// verifyFile verifies the text and the container of a segment's file. It is called before
// the file becomes the only one of its segment, and before the segment is retired.
func (r *Reader) verifyFile(ctx context.Context) error {
	if err := r.verifyStream(ctx, r.text, nil); err != nil {
		return err
	}
	reason, err := r.text.checkContainer()
	if err == nil && reason != "" {
		err = &CorruptError{Path: r.segment.Path, Seq: r.segment.Base, Reason: reason}
	}
	return err
}

// copyRecord reads a record of n bytes, writes it to to, unless that is nil, and returns
// its checksum.
func copyRecord(from *bufio.Reader, n Offset, to *seekable.Writer) (crc uint32, err error) {
	if to != nil {
		if err := to.Begin(int64(n)); err != nil {
			return 0, err
		}
	}
	// Peek and Discard avoid a copy: the buffer is as large as a chunk.
	for n > 0 {
		b, err := from.Peek(int(min(n, Offset(from.Size()))))
		if err != nil {
			return 0, err
		}
		crc = crc32.Update(crc, castagnoli, b)
		if to != nil {
			if _, err := to.Write(b); err != nil {
				return 0, err
			}
		}
		if _, err := from.Discard(len(b)); err != nil {
			return 0, err
		}
		n -= Offset(len(b))
	}
	return crc, nil
}
