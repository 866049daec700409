package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// recordView is all that inspect shows of one record.
type recordView struct {
	segment.Record
	in   segment.Segment
	gap  *time.Duration // since the one before; nil: not known
	made member         // what the record is made of
}

// inspectRecord shows one record's place and what it is made of.
func inspectRecord(c *cli.Context, l *segment.Log, seq segment.Sequence) error {
	v, err := lookAt(l, seq)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		err = term.PrintJSON(c.App.Writer, v.json())
	} else {
		err = v.show(c)
	}
	if err != nil || !v.Blank {
		return err
	}
	var lost lostRecords
	lost.add(seq)
	return lostError(l.Dir, lost.String())
}

func (v recordView) show(c *cli.Context) error {
	s := newScreen(c.App.Writer)
	v.print(s, zone(c))
	if len(v.made.Members) > 0 {
		p := memberPrinter{s.out, len(v.Text), s.columns}
		p.head()
		p.within(v.made, "")
	}
	return s.out.Flush()
}

func lookAt(l *segment.Log, seq segment.Sequence) (v recordView, err error) {
	i, err := l.Find(seq)
	if err != nil {
		return v, err
	}
	r, err := l.OpenReader(l.Segments[i])
	if err != nil {
		return v, err
	}
	v.in = r.Segment() // as it is stored, which may be otherwise than it was listed
	defer func() { err = errors.Join(err, r.Close()) }()
	if v.Record, err = r.Record(seq); err != nil {
		return v, err
	}
	if !v.Blank {
		const levels = 2
		v.made = memberOf("it", v.Text, levels)
	}
	if before, ok := timeOf(l, seq-1); ok {
		gap := v.Time.Sub(before)
		v.gap = &gap
	}
	return v, nil
}

// timeOf returns the time of a record, if it is there.
func timeOf(l *segment.Log, seq segment.Sequence) (time.Time, bool) {
	i, err := l.Find(seq)
	if err != nil {
		return time.Time{}, false
	}
	r, err := l.OpenReader(l.Segments[i])
	if err != nil {
		return time.Time{}, false
	}
	defer r.Close()
	e, err := r.Entry(seq)
	return e.Time, err == nil
}

func (v recordView) has(flag segment.EntryFlags) bool { return v.Flags&flag != 0 }

// line returns which line of its segment the record is, from 1.
func (v recordView) line() uint64 { return uint64(v.Seq-v.in.Base) + 1 }

func (v recordView) json() map[string]any {
	out := map[string]any{
		"seq": v.Seq, "segment": segment.FileName(v.in.Base, v.in.Codec), "line": v.line(), "offset": v.Start, "bytes": len(v.Text),
		"time": term.JSONTime(v.Time), "time_from_clock": v.has(segment.ClockTime), "gap_seconds": nil, "arrived": term.JSONTime(v.Arrived),
		"durable": v.has(segment.Durable), "rebuilt": v.has(segment.Rebuilt), "lost": v.has(segment.Lost),
		"crc32c": fmt.Sprintf("%08x", v.CRC), "members": v.made.Members, "more": v.made.More, "within": v.made.Within,
	}
	if v.gap != nil {
		out["gap_seconds"] = v.gap.Seconds()
	}
	return out
}

func (v recordView) print(s *screen, zone *time.Location) {
	state := term.Spanf("%d, whole", v.Seq)
	if v.Blank {
		state = term.Warn.Spanf("%d, lost: its place and its number are kept", v.Seq)
	}
	place := []term.Span{term.Spanf("%s", segment.FileName(v.in.Base, v.in.Codec)), term.Spanf("line %d", v.line()), term.Spanf("offset %d", v.Start)}
	if v.in.Codec != segment.Plain {
		place[2].Text += " of its text"
	}
	at := []term.Span{term.Spanf("%s", v.Time.In(zone).Format("2006-01-02 15:04:05.000 MST")), term.Spanf("its own")}
	if v.has(segment.ClockTime) {
		at[1] = term.Warn.Spanf("the clock's, for it has none")
	}
	if v.gap != nil {
		at = append(at, term.Spanf("%s after the one before", term.Duration(*v.gap)))
	}
	proof := []term.Span{term.Spanf("%08x", v.CRC), term.Spanf("CRC-32C")}
	if v.has(segment.Rebuilt) {
		proof = append(proof, term.Warn.Spanf("made from what was there: it proves nothing"))
	}
	s.fact("record", state)
	s.fact("place", place...)
	s.fact("size", term.Spanf("%s", term.Bytes(int64(len(v.Text)))), term.Spanf("%d bytes", len(v.Text)))
	s.fact("time", at...)
	s.fact("arrived", term.Spanf("%s", v.Arrived.In(zone).Format("2006-01-02 15:04:05 MST")))
	s.fact("checksum", proof...)
}
