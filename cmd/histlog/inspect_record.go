package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// recordView is all that inspect shows of one record.
type recordView struct {
	segment.Record
	in      segment.Segment
	gap     *time.Duration // since the one before; nil: not known
	members []member
}

// inspectRecord shows one record's place and what it is made of.
func inspectRecord(c *cli.Context, l *segment.Log, seq segment.Sequence) error {
	v, err := lookAt(l, seq)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, v.json())
	}
	out := bufio.NewWriter(c.App.Writer)
	v.print(out, zone(c))
	if len(v.members) > 0 {
		const most = 120
		p := memberPrinter{out, len(v.Text), min(most, width(c.App.Writer))}
		p.head()
		p.print(v.members, "")
	}
	return out.Flush()
}

func lookAt(l *segment.Log, seq segment.Sequence) (v recordView, err error) {
	i, err := l.Find(seq)
	if err != nil {
		return v, err
	}
	v.in = l.Segments[i]
	r, err := l.OpenReader(v.in)
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if v.Record, err = r.Record(seq); err != nil {
		return v, err
	}
	if !v.Blank {
		v.members = membersOf(v.Text, 2)
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
		"seq": v.Seq, "segment": v.in.Codec.TextName(v.in.Base), "line": v.line(), "offset": v.Start, "bytes": len(v.Text),
		"time": utc(v.Time), "time_from_clock": v.has(segment.ClockTime), "gap_seconds": nil, "arrived": utc(v.Arrived),
		"durable": v.has(segment.Durable), "rebuilt": v.has(segment.Rebuilt), "lost": v.has(segment.Lost),
		"crc32c": fmt.Sprintf("%08x", v.CRC), "members": v.members,
	}
	if v.gap != nil {
		out["gap_seconds"] = v.gap.Seconds()
	}
	return out
}

func (v recordView) print(out io.Writer, zone *time.Location) {
	state, source, proof := "whole", "its own", ""
	if v.Blank {
		state = "lost: its place and its number are kept"
	}
	if v.has(segment.ClockTime) {
		source = "the clock's, for it has none"
	}
	if v.has(segment.Rebuilt) {
		proof = ", made from what was there: it proves nothing"
	}
	fmt.Fprintf(out, "record    %d, %s\n", v.Seq, state)
	fmt.Fprintf(out, "place     %s, line %d, offset %d", v.in.Codec.TextName(v.in.Base), v.line(), v.Start)
	if v.in.Codec != segment.Plain {
		fmt.Fprint(out, " of its text")
	}
	fmt.Fprintf(out, "\nsize      %s (%d bytes)\n", bytesText(int64(len(v.Text))), len(v.Text))
	fmt.Fprintf(out, "time      %s (%s)", v.Time.In(zone).Format("2006-01-02 15:04:05.000 MST"), source)
	if v.gap != nil {
		fmt.Fprintf(out, ", %s after the one before", durationText(*v.gap))
	}
	fmt.Fprintf(out, "\narrived   %s", v.Arrived.In(zone).Format("2006-01-02 15:04:05 MST"))
	fmt.Fprintf(out, "\nchecksum  %08x (CRC-32C)%s\n", v.CRC, proof)
}
