package segment

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"hash/crc64"
	"math"
	"time"

	"github.com/google/uuid"
)

// The sizes of an index's parts, in bytes. docs/FORMAT.md specifies their layout.
const (
	headerSize  = 64
	entrySize   = 32
	trailerSize = 64
)

var (
	headerMagic  = [8]byte{'h', 'i', 's', 't', 'l', 'o', 'g', 'I'}
	trailerMagic = [8]byte{'h', 'i', 's', 't', 'l', 'o', 'g', 'T'}
	castagnoli   = crc32.MakeTable(crc32.Castagnoli)
	ecma         = crc64.MakeTable(crc64.ECMA)
	le           = binary.LittleEndian
)

// headerFlags say how the records of the segment were written.
type headerFlags uint32

const (
	// headerLazy: some records were written in groups or under sync none, so a power
	// cut may have left holes before intact lines.
	headerLazy headerFlags = 1 << iota
	// headerDamaged: recovery found damage before intact records. The writer seals the
	// segment as it is, as soon as that succeeds.
	headerDamaged
)

// header is the first part of an index.
type header struct {
	rule    uint32 // number of the time rule of the log that applies to the first record
	id      uuid.UUID
	base    Sequence
	created time.Time
	flags   headerFlags
}

func (h header) encode() []byte {
	b := make([]byte, headerSize) // bytes 16 to 20 are reserved
	copy(b, headerMagic[:])
	le.PutUint16(b[8:], Version)
	le.PutUint16(b[10:], headerSize)
	le.PutUint16(b[12:], entrySize)
	le.PutUint32(b[20:], h.rule)
	copy(b[24:], h.id[:])
	le.PutUint64(b[40:], uint64(h.base))
	le.PutUint64(b[48:], uint64(h.created.UnixNano()))
	le.PutUint32(b[56:], uint32(h.flags))
	le.PutUint32(b[60:], crc32.Checksum(b[:60], castagnoli))
	return b
}

// noHeader is the reason for an index that is empty or zero. A power cut leaves it
// before the index of a new segment was synced, within a second after the roll. For the
// active segment it is not damage: the next writer creates the index again.
const noHeader = "it has no header"

// Reasons that no crash leaves: somebody put the file there.
const (
	otherVersion = "index of another version"
	foreignIndex = "the index of another segment"
)

// parseHeader reads a header. reason says what is wrong with it; it is "" for an intact
// header of version 1.
func parseHeader(b []byte) (h header, reason string) {
	switch {
	case len(bytes.Trim(b, "\x00")) == 0 || len(b) < headerSize:
		return h, noHeader
	case !bytes.Equal(b[:8], headerMagic[:]):
		return h, "not an index"
	// The checksum is checked before the version, so that a flipped bit in the version is
	// damage and not another version.
	//mutant:read-an-index-headers-checksum-is-not-compared
	case le.Uint32(b[60:]) != crc32.Checksum(b[:60], castagnoli):
		return h, "header checksum differs"
	case le.Uint16(b[8:]) != Version || le.Uint16(b[10:]) != headerSize || le.Uint16(b[12:]) != entrySize || le.Uint32(b[16:]) != 0:
		return h, otherVersion
	}
	h.rule = le.Uint32(b[20:])
	copy(h.id[:], b[24:])
	h.base = Sequence(le.Uint64(b[40:]))
	h.created = time.Unix(0, int64(le.Uint64(b[48:])))
	h.flags = headerFlags(le.Uint32(b[56:]))
	return h, ""
}

// EntryFlags say what is known about a record.
type EntryFlags uint32

const (
	Durable   EntryFlags = 1 << iota // this record and all before it were synced when the entry was written
	ClockTime                        // the record has no time of its own: Time is when it arrived
	Rebuilt                          // the entry was made from the segment, which proves nothing about its bytes
	Lost                             // the record was lost: its line is blank, or not a record
	anchor                           // all entries before this one were synced when it was written
)

// An Entry is what an index holds about one record.
type Entry struct {
	End     Offset    // end of the record with its LF; the record begins where the one before ends
	Time    time.Time // the record's own time, or with ClockTime the writer's
	Arrived time.Time // when the writer received the record, to the second
	Flags   EntryFlags
	CRC     uint32 // CRC-32C of the record with its LF
}

// seed returns the initial value of the checksum of an entry. It covers the log and the
// sequence, so that an entry of another log or from another place never verifies.
func (h header) seed(seq Sequence) uint32 {
	var b [24]byte
	//mutant:read-entries-are-not-bound-to-their-log
	copy(b[:], h.id[:])
	le.PutUint64(b[16:], uint64(seq))
	crc := ^uint32(0)
	for _, c := range b { // crc32.Checksum would make b escape to the heap for each entry
		crc = castagnoli[byte(crc)^c] ^ crc>>8
	}
	return ^crc
}

// arrivalSeconds returns an arrival time as the index stores it. A time before 1970 or
// after 2106 is clamped and does not wrap.
func arrivalSeconds(t time.Time) uint32 {
	return uint32(min(max(t.Unix(), 0), math.MaxUint32))
}

// appendEntry appends the encoded entry of seq.
func (h header) appendEntry(b []byte, seq Sequence, e Entry) []byte {
	from := len(b)
	seed := crc32.Checksum(le.AppendUint64(append(b, h.id[:]...), uint64(seq))[from:], castagnoli) // h.seed(seq), computed in the memory of b
	b = le.AppendUint64(b, uint64(e.End))
	b = le.AppendUint64(b, uint64(e.Time.UnixNano()))
	b = le.AppendUint32(b, arrivalSeconds(e.Arrived))
	b = le.AppendUint32(b, uint32(e.Flags))
	b = le.AppendUint32(b, e.CRC)
	return le.AppendUint32(b, crc32.Update(seed, castagnoli, b[from:]))
}

// parseEntry decodes the entry of seq. ok is false if its checksum differs.
func (h header) parseEntry(b []byte, seq Sequence) (e Entry, ok bool) {
	// Each record has at least its LF, so none ends at 0, whatever the checksum says.
	//mutant:read-an-index-entrys-checksum-is-not-compared
	if le.Uint32(b[28:]) != crc32.Update(h.seed(seq), castagnoli, b[:28]) || Offset(le.Uint64(b)) <= 0 {
		return Entry{}, false
	}
	return Entry{
		End:  Offset(le.Uint64(b)),
		Time: time.Unix(0, int64(le.Uint64(b[8:]))),
		//mutant:read-arrivals-are-signed
		Arrived: time.Unix(int64(le.Uint32(b[16:])), 0),
		Flags:   EntryFlags(le.Uint32(b[20:])),
		CRC:     le.Uint32(b[24:]),
	}, true
}

// A trailer holds the totals of a sealed segment, at the end of its index.
type trailer struct {
	Count                  uint64
	Plain                  Offset // length of the plain text
	MinTime, MaxTime       int64  // smallest and largest Time of an entry, unix ns
	MinArrival, MaxArrival uint32 // smallest and largest Arrived, unix s
	Digest                 uint64 // CRC-64 of the records' checksums in their order
}

// length returns the length of the plain text, or -1 if there is no trailer.
func (t *trailer) length() Offset {
	if t == nil {
		return -1
	}
	return t.Plain
}

// sameRecords reports whether both are the totals of the same records. Their times may
// differ, because Restamp reads them by another rule.
func (t trailer) sameRecords(other trailer) bool {
	//mutant:archive-other-times-are-taken-for-other-records
	t.MinTime, t.MaxTime = other.MinTime, other.MaxTime
	return t == other
}

// add adds one record to the totals.
func (t *trailer) add(e Entry) {
	at, arrived := e.Time.UnixNano(), arrivalSeconds(e.Arrived)
	if t.Count == 0 {
		t.MinTime, t.MaxTime, t.MinArrival, t.MaxArrival = at, at, arrived, arrived
	}
	t.MinTime, t.MaxTime = min(t.MinTime, at), max(t.MaxTime, at)
	//mutant:roll-the-trailer-has-the-last-arrival-as-max-arrival
	t.MinArrival, t.MaxArrival = min(t.MinArrival, arrived), max(t.MaxArrival, arrived)
	t.Count++
	t.Plain = e.End
	// The digest depends on the order of the records, which their checksums do not.
	var crc [4]byte
	le.PutUint32(crc[:], e.CRC)
	t.Digest = crc64.Update(t.Digest, ecma, crc[:])
}

// encodeTrailer encodes a trailer with its checksum.
func (h header) encodeTrailer(t trailer) []byte {
	b := append(make([]byte, 0, trailerSize), trailerMagic[:]...)
	b = le.AppendUint64(b, t.Count)
	b = le.AppendUint64(b, uint64(t.Plain))
	b = le.AppendUint64(b, uint64(t.MinTime))
	b = le.AppendUint64(b, uint64(t.MaxTime))
	b = le.AppendUint32(b, t.MinArrival)
	b = le.AppendUint32(b, t.MaxArrival)
	b = le.AppendUint64(b, t.Digest)
	b = le.AppendUint32(b, 0)
	return le.AppendUint32(b, crc32.Update(h.seed(h.base), castagnoli, b))
}

// parseTrailer decodes the last bytes of an index. ok is false if they are not a trailer
// of this index.
func (h header) parseTrailer(b []byte) (t trailer, ok bool) {
	//mutant:read-a-trailers-checksum-is-not-compared
	if len(b) != trailerSize || !bytes.Equal(b[:8], trailerMagic[:]) ||
		le.Uint32(b[60:]) != crc32.Update(h.seed(h.base), castagnoli, b[:60]) {
		return t, false
	}
	return trailer{
		Count: le.Uint64(b[8:]), Plain: Offset(le.Uint64(b[16:])),
		MinTime: int64(le.Uint64(b[24:])), MaxTime: int64(le.Uint64(b[32:])),
		MinArrival: le.Uint32(b[40:]), MaxArrival: le.Uint32(b[44:]), Digest: le.Uint64(b[48:]),
	}, true
}
