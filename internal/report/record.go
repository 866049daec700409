package report

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
)

// A RecordReport is all that inspect shows of one record.
type RecordReport struct {
	segment.Record
	segment segment.Segment
	gap     *time.Duration // time since the preceding record; nil if that cannot be read
	parts   member         // the record and its largest members
}

// OfRecord collects the RecordReport of the record seq.
func OfRecord(l *segment.Log, seq segment.Sequence) (r RecordReport, err error) {
	in, err := l.OpenReaderAt(seq)
	if err != nil {
		return r, err
	}
	r.segment = in.Segment() // it may have been compressed or merged since it was listed
	defer func() { err = errors.Join(err, in.Close()) }()
	if r.Record, err = in.Record(seq); err != nil {
		return r, err
	}
	if !r.Blank {
		const levels = 2
		r.parts = memberOf("it", r.Text, levels)
	}
	if before, ok := TimeOf(l, seq-1); ok {
		gap := r.Time.Sub(before)
		r.gap = &gap
	}
	return r, nil
}

// TimeOf returns the time of the record seq; ok is false if it cannot be read.
func TimeOf(l *segment.Log, seq segment.Sequence) (t time.Time, ok bool) {
	r, err := l.OpenReaderAt(seq)
	if err != nil {
		return time.Time{}, false
	}
	defer r.Close()
	e, err := r.Entry(seq)
	return e.Time, err == nil
}

func (r RecordReport) has(flag segment.EntryFlags) bool { return r.Flags&flag != 0 }

// line returns the number of the record's line in its segment, from 1.
func (r RecordReport) line() uint64 { return uint64(r.Seq-r.segment.Base) + 1 }

// JSON returns the report for programs. What is not known is null.
func (r RecordReport) JSON() map[string]any {
	out := map[string]any{
		"seq": r.Seq, "segment": r.segment.Name(), "line": r.line(), "offset": r.Start, "bytes": len(r.Text),
		"time": term.JSONTime(r.Time), "time_from_clock": r.has(segment.ClockTime), "gap_seconds": nil, "arrived": term.JSONTime(r.Arrived),
		"durable": r.has(segment.Durable), "rebuilt": r.has(segment.Rebuilt), "lost": r.has(segment.Lost),
		"crc32c": fmt.Sprintf("%08x", r.CRC), "members": r.parts.Members, "more": r.parts.More, "within": r.parts.Within,
	}
	if r.gap != nil {
		out["gap_seconds"] = r.gap.Seconds()
	}
	return out
}

// Print prints the report with times in zone.
func (r RecordReport) Print(w io.Writer, zone *time.Location) error {
	s := newScreen(w)
	r.printFacts(s, zone)
	if len(r.parts.Members) > 0 {
		p := memberPrinter{s.out, len(r.Text), s.columns}
		p.head()
		p.within(r.parts, "")
	}
	return s.out.Flush()
}

func (r RecordReport) printFacts(s *screen, zone *time.Location) {
	state := term.Spanf("%d, intact", r.Seq)
	if r.Blank {
		state = term.Warn.Spanf("%d, lost: its place and its number are kept", r.Seq)
	}
	place := []term.Span{term.Spanf("%s", r.segment.Name()), term.Spanf("line %d", r.line()), term.Spanf("offset %d", r.Start)}
	if r.segment.Codec != segment.Plain {
		place[2].Text += " of its text"
	}
	at := []term.Span{term.Spanf("%s", r.Time.In(zone).Format("2006-01-02 15:04:05.000 MST")), term.Spanf("its own")}
	if r.has(segment.ClockTime) {
		at[1] = term.Warn.Spanf("the clock's: the record has none")
	}
	if r.gap != nil {
		at = append(at, term.Spanf("%s after the record before", term.Duration(*r.gap)))
	}
	proof := []term.Span{term.Spanf("%08x", r.CRC), term.Spanf("CRC-32C")}
	if r.has(segment.Rebuilt) {
		proof = append(proof, term.Warn.Spanf("rebuilt from the text: it proves nothing"))
	}
	s.printFact("record", state)
	s.printFact("place", place...)
	s.printFact("size", term.Spanf("%s", term.Bytes(int64(len(r.Text)))), term.Spanf("%d bytes", len(r.Text)))
	s.printFact("time", at...)
	s.printFact("arrived", term.Spanf("%s", r.Arrived.In(zone).Format("2006-01-02 15:04:05 MST")))
	s.printFact("checksum", proof...)
}
