package segment

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"

	"github.com/histlog/histlog/internal/vfs"
)

// blankPlace is the shortest line that can replace a lost record.
var blankPlace = []byte(" \n")

// A segmentRepair goes through the records of one segment and blanks those that are lost.
// It writes a new text and never into the segment's file, which may have another
// name in a snapshot of the log.
type segmentRepair struct {
	*repair
	read      *Reader
	temporary string       // path of the new text
	text      File         // the new text; nil as long as it would equal the segment's file
	index     *indexWriter // the new index, with the entries of the records so far
	found     int          // number of damaged places
	copied    string       // name in quarantine/ of the copy of a compressed file; "" means that there is none yet
}

// begin begins the new text with the records so far.
func (m *segmentRepair) begin() (err error) {
	if m.text != nil {
		return nil
	}
	// A killed Repair may have left a text under this name, hence O_TRUNC.
	//mutant:repair-the-new-text-is-written-into-the-segments-file
	if m.text, err = m.log.fs.OpenFile(m.temporary, os.O_RDWR|os.O_CREATE|os.O_TRUNC, m.w.mode); err != nil {
		return err
	}
	// Invariant: as long as there is no new text, [0, end) of the old text holds intact records
	// only, because the first damaged one begins the new text.
	_, err = io.Copy(io.NewOffsetWriter(m.text, 0), io.NewSectionReader(m.read.text, 0, int64(m.end())))
	return err
}

// discard removes the new text.
func (m *segmentRepair) discard() error {
	if m.text == nil {
		return nil
	}
	return errors.Join(m.text.Close(), vfs.RemoveIfExists(m.log.fs, m.temporary))
}

// all repairs the records [Base, next) and the bytes after them. When all returns nil, the new
// text is durable.
func (m *segmentRepair) all(next Sequence, damage []*CorruptError) error {
	s := m.read.segment
	// The container of a compressed file cannot be repaired in place, so its segment becomes a
	// plain one even if all records are intact.
	if m.expands() {
		if err := m.begin(); err != nil {
			return err
		}
	}
	for seq := s.Base; seq < next; seq++ {
		if err := m.ctx.Err(); err != nil {
			return err
		}
		if err := m.record(seq); err != nil {
			return err
		}
	}
	if err := m.dropExcess(); err != nil {
		return err
	}
	if m.text != nil {
		// Without the sync a power cut after the rename could leave the new name with none of
		// the bytes.
		//mutant:repair-the-new-text-is-not-synced
		if err := m.text.Datasync(); err != nil {
			return err
		}
	}
	if m.found == 0 { // no record was lost: the index or the compressed file is damaged
		name, err := m.quarantineContainer()
		if err != nil {
			return err
		}
		m.note(s, damage[0].Seq, damage[0].Offset, damage[0].Reason, name)
	}
	return nil
}

// write writes a line at an offset of the new text.
func (m *segmentRepair) write(line []byte, at Offset) error {
	if err := m.begin(); err != nil {
		return err
	}
	_, err := m.text.WriteAt(line, int64(at))
	return err
}

// expands reports whether the segment is compressed, so that the new text is made from the
// compressed file.
func (m *segmentRepair) expands() bool { return m.read.segment.Codec != Plain }

// end returns where the records so far end.
func (m *segmentRepair) end() Offset { return m.index.end() }

// record copies the entry of an intact record. It restores a damaged record from another file
// of the segment, or replaces it by a line of spaces.
func (m *segmentRepair) record(seq Sequence) error {
	// A record must begin where the previous one ends in the new text. Otherwise the new index
	// would describe other bytes.
	rec, err := m.read.Record(seq)
	if err == nil && rec.Start == m.end() {
		if err := m.keep(rec); err != nil {
			return err
		}
		return m.index.add(rec.Entry)
	}
	var damage *CorruptError
	if err != nil && !errors.As(err, &damage) {
		return err
	}
	if damage == nil {
		return fmt.Errorf("record %d begins at offset %d, the one before ends at %d", seq, rec.Start, m.end())
	}
	copied, err := m.findInCopies(seq)
	if err != nil {
		return err
	}
	//mutant:repair-records-are-not-restored-from-another-file
	if copied != nil {
		return m.restore(*copied, damage)
	}
	// Entry makes the entry from the text if the index has none. If there is no line either,
	// the length of the record is unknown, and its place is the shortest line.
	e, err := m.read.Entry(seq)
	if errors.As(err, &damage) {
		e, err = Entry{End: m.end() + Offset(len(blankPlace)), Time: m.read.Created(), Arrived: m.read.Created(), Flags: Durable | ClockTime | Rebuilt}, nil
	}
	if err != nil {
		return err
	}
	if e.End < m.end()+Offset(len(blankPlace)) || e.End-m.end() > maxRecord+1 {
		return damage // it is unknown where the record began and ended
	}
	return m.blank(seq, e, damage.Reason)
}

// findInCopies returns a record from another file of the segment if the checksum in the index
// confirms it; an entry that was made from that file confirms nothing. The error is ErrMemory
// if the record is too large to be read: it is then not lost.
func (m *segmentRepair) findInCopies(seq Sequence) (*Record, error) {
	for _, c := range m.copies {
		// All files of a segment share one index; what differs is the text.
		if _, err := c.indexEntry(seq); err != nil || uint64(seq-c.segment.Base) >= c.indexed() {
			continue
		}
		rec, err := c.Record(seq)
		if errors.Is(err, ErrMemory) {
			return nil, err
		}
		if err == nil && rec.Start == m.end() {
			return &rec, nil
		}
	}
	//mutant:merge-records-are-not-restored-from-what-it-supersedes
	return m.findInParts(seq)
}

// findInParts is findInCopies for the segments that this one supersedes. Their indexes
// confirm their records. An error of the disk is one of Repair: the record is not lost.
func (m *segmentRepair) findInParts(seq Sequence) (*Record, error) {
	i, found := slices.BinarySearchFunc(m.parts, seq, func(s Segment, seq Sequence) int { return cmp.Compare(s.Base, seq) })
	if !found {
		i--
	}
	if i < 0 {
		return nil, nil
	}
	s := m.parts[i]
	if m.part == nil || m.part.segment.Base != s.Base {
		if err := m.closePart(); err != nil {
			return nil, err
		}
		var err error
		if m.part, err = m.log.partsOf().openFile(s); errors.Is(err, ErrCorrupt) {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
	}
	rec, err := m.part.Record(seq)
	if errors.Is(err, ErrCorrupt) || errors.Is(err, ErrNoRecord) {
		return nil, nil
	}
	// An intact entry of this segment must agree: the offsets of the records after it depend
	// on this one.
	e, err2 := m.read.indexEntry(seq)
	proven := err2 == nil && uint64(seq-m.read.segment.Base) < m.read.indexed()
	if proven && e.CRC != rec.CRC || !proven && rec.Flags&Rebuilt != 0 { // nor does an entry made from the text prove anything
		return nil, nil
	}
	shift := m.end() - rec.Start // the records before it are in the new text
	rec.Start, rec.End = rec.Start+shift, rec.End+shift
	return &rec, err
}

// restore writes a record from another file to its place, after it has copied the bytes that
// are there to quarantine/.
func (m *segmentRepair) restore(rec Record, damage *CorruptError) error {
	// The text may end before the record ends, or even before it begins. Only bytes up to the
	// end of the text are copied.
	name, err := m.quarantine(rec.Start, min(rec.End, max(m.read.size, rec.Start)), bytes.NewReader(rec.Line()))
	if err != nil {
		return &DiskError{Op: OpQuarantineFrom, Path: m.read.segment.Path, Seq: rec.Seq, Offset: rec.Start, Err: err}
	}
	if err := m.write(rec.Line(), rec.Start); err != nil {
		return &DiskError{Op: OpRestore, Path: m.read.segment.Path, Seq: rec.Seq, Offset: rec.Start, Err: err}
	}
	m.found++
	m.note(m.read.segment, rec.Seq, rec.Start, damage.Reason+"; it was there in another file of the segment", name)
	return m.index.add(rec.Entry)
}

// keep writes an intact record to the new text, if there is one.
func (m *segmentRepair) keep(rec Record) error {
	if m.text == nil {
		return nil
	}
	if err := m.write(rec.Line(), rec.Start); err != nil {
		return &DiskError{Op: OpCopy, Path: m.read.segment.Path, Seq: rec.Seq, Offset: rec.Start, Err: err}
	}
	return nil
}

// blank copies the bytes of a record to quarantine/ and writes spaces in their place, a piece at
// a time, because the record may be larger than the memory budget.
func (m *segmentRepair) blank(seq Sequence, e Entry, reason string) error {
	start := m.end()
	//mutant:repair-a-lost-record-is-not-quarantined
	name, err := m.quarantine(start, min(e.End, max(m.read.size, start)), spaces{e.End - start})
	if err != nil {
		return &DiskError{Op: OpQuarantineFrom, Path: m.read.segment.Path, Seq: seq, Offset: start, Err: err}
	}
	sum := crc32.New(castagnoli)
	for at := start; at < e.End; {
		b := make([]byte, min(e.End-at, readAhead))
		if _, err := (spaces{e.End - start}).ReadAt(b, int64(at-start)); err != nil {
			return err
		}
		if err := m.write(b, at); err != nil {
			return &DiskError{Op: OpBlank, Path: m.read.segment.Path, Seq: seq, Offset: start, Err: err}
		}
		_, _ = sum.Write(b) // never fails
		at += Offset(len(b))
	}
	// The checksum is that of the spaces, so that a reader can tell a blank place from one that
	// is damaged again.
	e.Flags |= Lost
	e.CRC = sum.Sum32()
	m.found++
	m.note(m.read.segment, seq, start, reason, name)
	m.repaired[len(m.repaired)-1].Lost = 1
	return m.index.add(e)
}

// spaces is a line of spaces of that length, with its LF.
type spaces struct{ size Offset }

func (s spaces) ReadAt(b []byte, off int64) (n int, err error) {
	for n = range b {
		b[n] = ' '
	}
	// off < size for all callers, so end ≥ 1 and there is a place for the LF.
	if end := int64(s.size) - off; int64(len(b)) >= end {
		b = b[:end]
		b[end-1] = '\n'
		return len(b), nil
	}
	return len(b), nil
}

// quarantineContainer copies a compressed file to quarantine/ if it holds anything besides
// its records.
func (m *segmentRepair) quarantineContainer() (name string, err error) {
	if !m.expands() {
		return "", nil
	}
	//mutant:repair-bytes-after-a-compressed-text-are-not-quarantined
	if flaw, err := m.read.text.checkContainer(); flaw == "" || err != nil {
		return "", err
	}
	return m.quarantine(0, 0, nil)
}

// quarantine copies the bytes [from, to) of the segment to quarantine/, unless they equal the
// bytes of instead, which will replace them. A compressed file is copied as a whole, and only
// once, because its bytes cannot be attributed to single records.
func (m *segmentRepair) quarantine(from, to Offset, instead io.ReaderAt) (name string, err error) {
	if m.expands() {
		//mutant:repair-the-compressed-file-is-not-quarantined
		if m.copied == "" {
			info, err := m.read.file.Stat()
			if err != nil {
				return "", err
			}
			m.copied, err = quarantineRange(m.log.fs, m.log.Dir, m.read.segment.Base, m.read.file, 0, Offset(info.Size()), m.w.mode)
			return m.copied, err
		}
		return m.copied, nil
	}
	// A crash between the new text and its index leaves the spaces with the old entry. The next
	// Repair finds the place damaged, but only spaces in it, which it need not keep.
	if same, err := sameBytes(m.read.file, from, to, instead); same || err != nil {
		return "", err
	}
	return quarantineRange(m.log.fs, m.log.Dir, m.read.segment.Base, m.read.file, from, to, m.w.mode)
}

// sameBytes reports whether the bytes [from, to) of f equal the first bytes of other.
func sameBytes(f io.ReaderAt, from, to Offset, other io.ReaderAt) (bool, error) {
	n := min(to-from, readAhead)
	a, b := make([]byte, n), make([]byte, n)
	// Invariant: the bytes [from, at) are the same in both.
	for at := from; at < to; at += n {
		n = min(to-at, n)
		if m, err := f.ReadAt(a[:n], int64(at)); m < int(n) {
			return false, err
		}
		m, err := other.ReadAt(b[:n], int64(at-from))
		// If other ends first, the two differ. That is not a read error.
		if err != nil && err != io.EOF {
			return false, err
		}
		if m < int(n) || !bytes.Equal(a[:n], b[:n]) {
			return false, nil
		}
	}
	return true, nil
}

// dropExcess copies the bytes after the last record to quarantine/ and begins a new text,
// which ends before them.
func (m *segmentRepair) dropExcess() error {
	end := m.end()
	// Bytes of a compressed file after its records are in the copy of quarantineContainer, and
	// never in the new text.
	if m.expands() || m.read.size <= end {
		return nil
	}
	name, err := quarantineRange(m.log.fs, m.log.Dir, m.read.segment.Base, m.read.file, end, m.read.size, m.w.mode)
	if err != nil {
		return err
	}
	m.found++
	m.note(m.read.segment, m.index.next(), end, "bytes after the last record", name)
	return m.begin()
}
