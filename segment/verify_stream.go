package segment

import (
	"bufio"
	"context"
	"hash/crc32"
	"io"

	"github.com/histlog/histlog/internal/seekable"
)

// verifyChunk is how much of a record is looked at together.
const verifyChunk = 1 << 20

// prove reads a text of a sealed segment from its start and compares it with
// what the index holds: the length and the checksum of each record, and nothing
// behind the last. No record is held whole. to, unless nil, gets what was read.
func (r *Reader) verifyStream(ctx context.Context, t io.ReaderAt, to *seekable.Writer) error {
	if r.reason != "" || r.trailer == nil || r.Next() != r.segment.Next {
		return &CorruptError{Kind: KindIndex, Path: r.segment.Path, Seq: r.segment.Base, Reason: "its index is missing or unreadable"}
	}
	sum, at, err := r.verifyRecords(ctx, t, to)
	if err != nil {
		return err
	}
	//mutant:compress-what-follows-the-last-record-is-not-looked-at
	if r.size != at || sum != *r.trailer {
		return &CorruptError{Kind: KindIndex, Path: r.segment.Path, Seq: r.Next(), Offset: at, Reason: "it does not end where its index does"}
	}
	return nil
}

// proveEach compares each record with its index entry. It returns what the entries
// sum up to, and where the last record ends.
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
		if e.End <= at || e.End-at > maxRecord+1 {
			return sum, at, &CorruptError{Kind: KindIndex, Path: r.segment.Path, Seq: seq, Offset: at, Reason: "its index entry makes no sense"}
		}
		crc, err := copyRecord(from, e.End-at, to)
		if d := frameDamage(err, r.segment, seq, at); d != nil {
			return sum, at, d
		}
		if err == io.EOF {
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

// whole proves all of a segment's file, for what is about to be the only one.
func (r *Reader) verifyFile(ctx context.Context) error {
	if err := r.verifyStream(ctx, r.text, nil); err != nil {
		return err
	}
	flaw, err := r.text.checkContainer()
	if err == nil && flaw != "" {
		err = &CorruptError{Path: r.segment.Path, Seq: r.segment.Base, Reason: flaw}
	}
	return err
}

// copyRecord reads n bytes, a record, and returns their checksum.
func copyRecord(from *bufio.Reader, n Offset, to *seekable.Writer) (crc uint32, err error) {
	if to != nil {
		if err := to.Begin(int64(n)); err != nil {
			return 0, err
		}
	}
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
