package main

import (
	"bufio"
	"fmt"
	"io"
	"slices"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// inspectRecord shows one record's place and what it is made of.
func inspectRecord(c *cli.Context, l *segment.Log, seq segment.Sequence) (err error) {
	i, err := l.Find(seq)
	if err != nil {
		return err
	}
	r, err := l.OpenReader(l.Segments[i])
	if err != nil {
		return err
	}
	defer r.Close()
	rec, err := r.Record(seq)
	if err != nil {
		return err
	}
	members := membersOf(rec.Text, 2)
	if c.Bool("json") {
		return printJSON(c.App.Writer, map[string]any{
			"seq": rec.Seq, "segment": segment.TextName(l.Segments[i].Base), "offset": rec.Start, "bytes": len(rec.Text), "time": utc(rec.Time),
			"time_from_clock": rec.Flags&segment.ClockTime != 0, "arrived": utc(rec.Arrived), "durable": rec.Flags&segment.Durable != 0,
			"rebuilt": rec.Flags&segment.Rebuilt != 0, "crc32c": fmt.Sprintf("%08x", rec.CRC), "members": members,
		})
	}
	z := zone(c)
	out := bufio.NewWriter(c.App.Writer)
	source := "its own"
	if rec.Flags&segment.ClockTime != 0 {
		source = "the clock's, for it has none"
	}
	fmt.Fprintf(out, "record    %d, whole\nplace     %s, offset %d\nsize      %s (%d bytes)\n", rec.Seq, segment.TextName(l.Segments[i].Base), rec.Start, bytesText(int64(len(rec.Text))), len(rec.Text))
	fmt.Fprintf(out, "time      %s (%s)\narrived   %s\nchecksum  %08x (CRC-32C)\n", rec.Time.In(z).Format("2006-01-02 15:04:05.000 MST"), source, rec.Arrived.In(z).Format("2006-01-02 15:04:05 MST"), rec.CRC)
	if len(members) > 0 {
		fmt.Fprintf(out, "\n%8s  %5s  MEMBER\n", "SIZE", "SHARE")
	}
	printMembers(out, members, len(rec.Text), "")
	return out.Flush()
}

// member is one part of a record, with its largest parts.
type member struct {
	Name    string   `json:"name"`
	Bytes   int      `json:"bytes"`
	Value   string   `json:"summary"`
	Members []member `json:"members,omitempty"`
}

// mostMembers are shown of a container, the largest.
const mostMembers = 12

// membersOf returns the largest members of a value, so many levels deep.
func membersOf(value []byte, levels int) []member {
	if levels == 0 {
		return nil
	}
	type part struct {
		jsonscan.Member
		index int
	}
	var largest []part // descending
	i := 0
	for m := range jsonscan.Members(value) {
		at, _ := slices.BinarySearchFunc(largest, len(m.Value), func(p part, n int) int {
			if len(p.Value) >= n {
				return -1
			}
			return 1
		})
		if at < mostMembers {
			largest = slices.Insert(largest[:min(len(largest), mostMembers-1)], at, part{m, i})
		}
		i++
	}
	all := make([]member, len(largest))
	for i, p := range largest {
		name := fmt.Sprintf("[%d]", p.index)
		if p.Name != nil {
			name = jsonscan.Unquote(p.Name)
		}
		all[i] = member{name, len(p.Value), scalarText(p.Value), membersOf(p.Value, levels-1)}
	}
	return all
}

func printMembers(out io.Writer, all []member, whole int, indent string) {
	for _, m := range all {
		fmt.Fprintf(out, "%8s  %4.1f%%  %s\n", bytesText(int64(m.Bytes)), 100*float64(m.Bytes)/float64(whole), truncate(indent+safe(m.Name)+" = "+safe(m.Value), 90))
		printMembers(out, m.Members, whole, indent+"  ")
	}
}
