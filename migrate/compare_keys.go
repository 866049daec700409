package migrate

import "github.com/histlog/histlog/segment"

// A recordKey is the length and the checksum of a record. 0 is the key of a lost record.
type recordKey uint64

func keyOf(crc uint32, length int) recordKey { return recordKey(length)<<32 | recordKey(crc) }

// logKeys reads the keys of a log's records from its index, in any order, but fast only
// in ascending order.
type logKeys struct {
	log    *segment.Log
	reader *segment.Reader // of the segment that was read last; nil means none
}

func (x *logKeys) close() {
	if x.reader != nil {
		_ = x.reader.Close()
		x.reader = nil
	}
}

// at returns the key of record seq.
func (x *logKeys) at(seq segment.Sequence) (recordKey, error) {
	if err := x.open(seq); err != nil {
		return 0, err
	}
	e, err := x.reader.Entry(seq)
	if err != nil || e.Flags&segment.Lost != 0 {
		return 0, err
	}
	var start segment.Offset
	if seq > x.reader.Segment().Base {
		before, err := x.reader.Entry(seq - 1)
		if err != nil {
			return 0, err
		}
		start = before.End
	}
	// A line ends with a line feed, which the length of a record does not count.
	return keyOf(e.CRC, int(e.End-start)-1), nil
}

// open opens the segment that holds seq. Most calls need the one that is open.
func (x *logKeys) open(seq segment.Sequence) error {
	if r := x.reader; r != nil && seq >= r.Segment().Base && (r.Segment().Next == 0 || seq < r.Segment().Next) {
		return nil
	}
	x.close()
	r, err := x.log.OpenReaderAt(seq)
	if err == nil {
		x.reader = r
	}
	return err
}

// each calls fn for the key of each record from seq on, up to next.
func (x *logKeys) each(seq, next segment.Sequence, fn func(segment.Sequence, recordKey)) error {
	for ; seq < next; seq++ {
		k, err := x.at(seq)
		if err != nil {
			return err
		}
		fn(seq, k)
	}
	return nil
}

// descendingKeys reads the keys of a log's records in descending order, in chunks.
type descendingKeys struct {
	logKeys
	base  segment.Sequence // the oldest record of the log
	first segment.Sequence // of the chunk
	chunk []recordKey
}

// chunkKeys is the number of keys in a chunk.
const chunkKeys = 1024

func (d *descendingKeys) at(seq segment.Sequence) (recordKey, error) {
	if len(d.chunk) == 0 || seq < d.first {
		d.first, d.chunk = max(d.base, seq-min(seq, chunkKeys-1)), d.chunk[:0]
		err := d.each(d.first, seq+1, func(_ segment.Sequence, k recordKey) { d.chunk = append(d.chunk, k) })
		if err != nil {
			return 0, err
		}
	}
	return d.chunk[seq-d.first], nil
}
