package main

import (
	"fmt"
	"slices"
	"testing"

	"github.com/histlog/histlog/segment"
)

// TestDamagedRecords checks which damaged records are one message.
func TestDamagedRecords(t *testing.T) {
	var said []string
	d := damagedRecords{say: func(format string, a ...any) { said = append(said, fmt.Sprintf(format, a...)) }}
	damage := func(seq segment.Sequence, reason string) {
		d.add(seq, &segment.CorruptError{Path: "p", Seq: seq, Offset: segment.Offset(10 * seq), Reason: reason})
	}
	for seq := range segment.Sequence(3) {
		damage(seq+1, "a")
	}
	damage(4, "b")
	damage(6, "b")
	d.flush()
	d.flush()
	damage(7, "b")
	damage(8, "b")
	d.flush()
	want := []string{
		"records 1–3 are damaged and skipped: p: a",
		"record 4 is damaged and skipped: p: record 4 at offset 40: b",
		"record 6 is damaged and skipped: p: record 6 at offset 60: b",
		"records 7–8 are damaged and skipped: p: b",
	}
	if !slices.Equal(said, want) {
		t.Errorf("%q", said)
	}
}
