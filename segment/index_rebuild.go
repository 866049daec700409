package segment

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// rebuiltEntries replaces index entries that are lost. It stores the offsets of some line
// starts, the marks. When an entry is requested, it makes the entries of the lines from one
// mark to the next. So memory does not grow with the number of records.
//
// The entries are, in order: those of the first front lines, then shared entries for the
// bytes that are not lines any more, then those of the last back lines.
type rebuiltEntries struct {
	arrived             time.Time // arrival time of all entries
	first               Sequence  // sequence of the first entry
	from, to            Offset    // the part of the text that holds the lines
	marks               []mark
	lines               uint64 // number of complete lines
	end                 Offset // end of the last complete line
	good                uint64 // number of lines up to the last one that is a record or blank
	firstBad, lastBad   bad
	front, shared, back uint64  // numbers of entries, in their order
	sharedFrom          Offset  // start of the bytes that the shared entries get
	sharedTo            Offset  // end of these bytes
	block               []Entry // entries of consecutive lines, made last
	blockAt             uint64  // number of the first line in block
}

// A mark is the start of a line.
type mark struct {
	line  uint64
	start Offset
}

// bad is a line that is not a record.
type bad struct {
	found      bool
	line       uint64
	start, end Offset
}

// A mark is set after so many lines, or so many bytes.
const (
	markLines = 1024
	markBytes = 1 << 20
)

// scan reads the lines of a text once.
func (m *rebuiltEntries) scan(r *Reader) (err error) {
	x := indexer{marker: &r.marker}
	m.end = m.from
	_, err = eachLine(r.text, m.from, m.to, r.memory, func(l line) error {
		// Invariant: a mark is at line 0, and two neighbours are at most markLines lines apart.
		// So read holds at most markLines entries, and reads at most markBytes and one line.
		if n := len(m.marks); n == 0 || m.lines-m.marks[n-1].line >= markLines || l.start-m.marks[n-1].start >= markBytes {
			m.marks = append(m.marks, mark{m.lines, l.start})
		}
		_, ok, err := x.entry(m.first+Sequence(m.lines), l, m.arrived)
		if err != nil {
			return err
		}
		if !ok {
			m.lastBad = bad{true, m.lines, l.start, l.end}
			if !m.firstBad.found {
				m.firstBad = m.lastBad
			}
		}
		m.lines, m.end = m.lines+1, l.end
		// After the last good line of the active segment there may be a torn tail. makeEntries
		// leaves it out.
		if ok || l.blank() {
			m.good = m.lines
		}
		return nil
	})
	m.front = m.lines
	return err
}

// number gives a sealed segment an entry for each of its records, whose number is places,
// even if damage has destroyed or created a line end. The lines before the first bad line are numbered
// from the front, the lines after the last bad line from the back, and the entries in
// between share the bad bytes.
func (m *rebuiltEntries) number(places uint64) {
	// A record takes at least len(blankPlace) bytes. A text with less room than for all places
	// has lost its end, so its last line need not be the last record, and all lines are
	// numbered from the front.
	if uint64(m.to-m.from)/uint64(len(blankPlace)) < places {
		return
	}
	lines, first, last := m.lines, m.firstBad, m.lastBad
	if lines < places && lines > 0 && m.end < m.to { // the last line end is gone
		last = bad{true, lines, m.end, m.to}
		if !first.found {
			first = last
		}
		lines++
	}
	// No line end was destroyed or created, except maybe the last one: then the fragment after
	// the last LF gets a shared entry, because places - m.lines is 1.
	if lines == places {
		m.share(m.lines, places-m.lines, 0, m.end, m.to)
		return
	}
	// All lines are intact, but there are more or fewer than places. Nothing shows where
	// records are missing, so the lines keep their numbers from the front.
	if !first.found {
		m.front = min(lines, places)
		return
	}
	back := lines - last.line - 1
	if first.line+back >= places { // no entry is left for the bad bytes: the lines after them are numbered from the back
		back = min(back, places)
		m.share(places-back, 0, back, 0, 0)
		return
	}
	// front + shared + back = places, and shared ≥ 1.
	m.share(first.line, places-first.line-back, back, first.start, last.end)
}

func (m *rebuiltEntries) share(front, shared, back uint64, from, to Offset) {
	m.front, m.shared, m.back, m.sharedFrom, m.sharedTo = front, shared, back, from, to
}

// count returns the number of entries; 0 if m is nil.
func (m *rebuiltEntries) count() uint64 {
	if m == nil {
		return 0
	}
	return m.front + m.shared + m.back
}

// lost reports whether an entry is that of a lost record.
func (m *rebuiltEntries) lost() bool {
	return m != nil && (m.shared > 0 || m.firstBad.found && m.firstBad.line < m.front)
}

// entry returns the k-th entry.
func (m *rebuiltEntries) entry(r *Reader, k uint64) (Entry, error) {
	switch {
	case k < m.front:
		return m.line(r, k)
	case k >= m.front+m.shared:
		// The entry front+shared+j is that of the line lines-back+j.
		return m.line(r, m.lines-m.back+k-m.front-m.shared)
	}
	// Each shared entry but the last gets the bytes of a blank place, and the last one gets the
	// rest: Repair can then write a line of spaces for each. If there are too few bytes, the
	// last entries are empty, which is damage.
	end := m.sharedTo
	if i := k - m.front + 1; i < m.shared {
		end = min(end, m.sharedFrom+Offset(i)*Offset(len(blankPlace)))
	}
	return Entry{End: end, Time: m.arrived, Arrived: m.arrived, Flags: ClockTime | Rebuilt | Lost}, nil
}

// line returns the entry of a line.
func (m *rebuiltEntries) line(r *Reader, k uint64) (e Entry, err error) {
	if k < m.blockAt || k-m.blockAt >= uint64(len(m.block)) {
		err = m.read(r, k)
	}
	if err == nil && k-m.blockAt >= uint64(len(m.block)) {
		err = &CorruptError{Path: r.segment.Path, Seq: m.first + Sequence(k), Offset: m.from, Reason: "it changes while it is read"}
	}
	if err != nil {
		return Entry{}, err
	}
	return m.block[k-m.blockAt], nil
}

// read makes the entries of the lines between two marks: from the last mark that is not after
// line k to the next one.
func (m *rebuiltEntries) read(r *Reader, k uint64) error {
	// marks[i-1].line ≤ k < marks[i].line. The first mark is at line 0, so i ≥ 1.
	i, _ := slices.BinarySearchFunc(m.marks, k+1, func(a mark, line uint64) int { return cmp.Compare(a.line, line) })
	from, to := m.marks[i-1], m.end
	if i < len(m.marks) {
		to = m.marks[i].start
	}
	m.block, m.blockAt = m.block[:0], from.line
	x := indexer{marker: &r.marker}
	_, err := eachLine(r.text, from.start, to, r.memory, func(l line) error {
		e, _, err := x.entry(m.first+Sequence(from.line+uint64(len(m.block))), l, m.arrived)
		m.block = append(m.block, e)
		return err
	})
	if err != nil {
		// Otherwise line would take these entries for all of the block.
		m.block = m.block[:0]
		return fmt.Errorf("read %s: %w", r.segment.Path, err)
	}
	return nil
}
