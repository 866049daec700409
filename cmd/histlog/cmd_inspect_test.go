package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/segment"
)

// TestInspectLate looks at logs that have got no record for an hour: that is a
// stall by how often records arrived, not by what times they bear.
func TestInspectLate(t *testing.T) {
	for _, c := range []struct {
		name     string
		every    time.Duration // from one arrival to the next
		together int           // records that arrive at once
		role     string
		want     string
	}{
		{"every three minutes", 3 * time.Minute, 1, "", "LATE"},
		{"every half hour", 30 * time.Minute, 1, "", "OK"},
		{"many, once in ten minutes", 10 * time.Minute, 10, "", "LATE"},
		{"many, once a day", 24 * time.Hour, 10, "", "OK"},
		{"all at once", 0, 10, "", "LATE"},
		{"an archive", 3 * time.Minute, 1, roleArchive, "OK"},
	} {
		now := time.Now().Add(-time.Hour - 19*c.every)
		dir := filepath.Join(t.TempDir(), "log")
		w, err := segment.Create(dir, segment.Options{Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 20 * c.together {
			if _, err := w.Append(t.Context(), fmt.Appendf(nil, `{"timestamp":%d}`, 1_700_000_000+i)); err != nil {
				t.Fatal(err)
			}
			if (i+1)%c.together == 0 {
				now = now.Add(c.every)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		l, err := segment.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		v, err := look(t.Context(), l, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		h, err := examine(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		if c.role != "" {
			l.Marker.Role = c.role
		}
		if status := h.judge(bounds{}, time.Now()).status(); (status != fine) != (c.want == "LATE") {
			t.Errorf("%s: check says %v, inspect %s", c.name, status, c.want)
		}
		var out bytes.Buffer
		if err := v.print(&out); err != nil {
			t.Fatal(err)
		}
		if text := out.String(); !strings.HasPrefix(text, c.want+"  last record 1h00m ago, one every 1s · ") {
			t.Errorf("%s: want %s\n%s", c.name, c.want, text)
		} else if late := c.want == "LATE"; late != strings.Contains(text, " → now ") {
			t.Errorf("%s:\n%s", c.name, text)
		}
	}
}
