package main

import (
	"strings"
	"testing"

	"github.com/histlog/histlog/segment"
)

func TestLostRecords(t *testing.T) {
	for _, row := range []struct {
		seqs []segment.Sequence
		want string
	}{
		{[]segment.Sequence{647}, "1 record is lost: 647"},
		{[]segment.Sequence{1, 2, 3}, "3 records are lost: 1–3"},
		{[]segment.Sequence{1, 3, 4, 9}, "4 records are lost: 1, 3–4, 9"},
	} {
		var l lostRecords
		for _, seq := range row.seqs {
			l.add(seq)
		}
		if l.String() != row.want {
			t.Errorf("%v: %q, want %q", row.seqs, l.String(), row.want)
		}
	}
	var many lostRecords
	for seq := segment.Sequence(1); seq <= 90_000; seq += 3 {
		many.add(seq)
		many.add(seq + 1)
	}
	if text := many.String(); !strings.HasPrefix(text, "60,000 records are lost: 1–2, 4–5, ") || !strings.HasSuffix(text, ", 58–59 and 29,980 more ranges") {
		t.Error(text)
	}
}
