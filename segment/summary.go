package segment

import (
	"errors"
	"hash/crc64"
	"time"
)

// A Summary holds the totals of a run of consecutive records.
type Summary struct {
	Records     uint64
	Bytes       Offset    // length of their plain text
	First, Last time.Time // the earliest and the latest time of a record
	Digest      uint64    // digest of the records' checksums in their order, segment by segment
}

// total returns the trailer as a Summary.
func (t trailer) total() Summary {
	return Summary{t.Count, t.Plain, time.Unix(0, t.MinTime), time.Unix(0, t.MaxTime), t.Digest}
}

// Add adds the totals of the records that follow those of s. They are in another segment.
func (s *Summary) Add(next Summary) {
	switch {
	case next.Records == 0:
		return
	case s.Records == 0:
		*s = next
		return
	}
	if next.First.Before(s.First) {
		s.First = next.First
	}
	if next.Last.After(s.Last) {
		s.Last = next.Last
	}
	s.Records += next.Records
	s.Bytes += next.Bytes
	s.Digest = crc64.Update(s.Digest, ecma, le.AppendUint64(nil, next.Digest))
}

// Checksum returns the CRC-32C of a compact record and its LF, as the index holds it.
func Checksum(compact []byte) uint32 { return line{text: compact}.crc() }

// Summary returns the totals of a segment from its trailer, or else from its index. It
// reads the text only where the index is damaged.
func (l *Log) Summary(s Segment) (sum Summary, err error) {
	r, err := l.OpenReader(s)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if r.trailer != nil {
		return r.trailer.total(), nil
	}
	var t trailer
	for seq := s.Base; seq < r.Next(); seq++ {
		e, err := r.Entry(seq)
		if err != nil {
			return sum, err
		}
		t.add(e)
	}
	return t.total(), nil
}
