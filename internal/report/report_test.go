package report

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/health"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// TestLate reports and checks logs that have got no record for a while. Both
// say the same, by how often records arrived and not by the records' own times.
func TestLate(t *testing.T) {
	for _, c := range []struct {
		name     string
		every    time.Duration // from one arrival to the next
		together int           // records that arrive at once
		role     string
		between  time.Duration // the records' own times
		silence  time.Duration
		want     string
	}{
		{"every three minutes", 3 * time.Minute, 1, "", time.Second, time.Hour, "LATE"},
		{"every half hour", 30 * time.Minute, 1, "", time.Second, time.Hour, "OK"},
		{"many, once in ten minutes", 10 * time.Minute, 10, "", time.Second, time.Hour, "LATE"},
		{"many, once a day", 24 * time.Hour, 10, "", time.Second, time.Hour, "OK"},
		{"all at once", 0, 10, "", time.Second, time.Hour, "LATE"},
		{"several a second", 200 * time.Millisecond, 1, "", 200 * time.Millisecond, 30 * time.Minute, "OK"}, // no usual gap: an hour
		{"several a second, an hour ago", 200 * time.Millisecond, 1, "", 200 * time.Millisecond, time.Hour, "LATE"},
		{"an archive", 3 * time.Minute, 1, "archive", time.Second, 30 * 24 * time.Hour, "OK"},
	} {
		now := time.Now().Add(-c.silence - 19*c.every)
		dir := filepath.Join(t.TempDir(), "log")
		w, err := segment.Create(t.Context(), dir, segment.Options{Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 20 * c.together {
			if _, err := w.Append(t.Context(), fmt.Appendf(nil, `{"timestamp":%.1f}`, 1.7e9+float64(i)*c.between.Seconds())); err != nil {
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
		r, err := New(t.Context(), l, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		condition, err := health.Examine(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		if c.role != "" {
			l.Marker.Role = c.role
		}
		if status := condition.Judge(health.Bounds{}, time.Now()).Status(); (status != health.OK) != (c.want == "LATE") {
			t.Errorf("%s: check says %v, inspect %s", c.name, status, c.want)
		}
		var out bytes.Buffer
		if err := r.Print(&out); err != nil {
			t.Fatal(err)
		}
		if text := out.String(); !strings.HasPrefix(text, c.want+"  last record ") || !strings.Contains(text, " ago, one every "+term.Duration(c.between)+" · ") {
			t.Errorf("%s: want %s\n%s", c.name, c.want, text)
		} else if late := c.want == "LATE"; late != strings.Contains(text, " → now ") {
			t.Errorf("%s:\n%s", c.name, text)
		}
	}
}

// A record is found that was merged into a larger segment since the log was listed.
func TestRecordStale(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	w, err := segment.Create(t.Context(), dir, segment.Options{Settings: segment.Settings{"segment-size": "60"}})
	testutil.NoError(t, err)
	for i := range 9 {
		_, err := w.Append(t.Context(), fmt.Appendf(nil, `{"timestamp":%d}`, 1_700_000_000+i))
		testutil.NoError(t, err)
	}
	testutil.NoError(t, w.Close())
	for _, read := range []func(*segment.Log, segment.Sequence) error{
		func(l *segment.Log, seq segment.Sequence) error {
			r, err := OfRecord(l, seq)
			if name := r.segment.Name(); err == nil && (name != l.Segments[0].Name() || r.gap == nil) {
				t.Errorf("%s, %v", name, r.gap)
			}
			return err
		},
		func(l *segment.Log, seq segment.Sequence) error {
			if at, ok := TimeOf(l, seq); !ok || at.Unix() != 1_700_000_000+int64(seq)-1 {
				t.Errorf("%v, %v", at, ok)
			}
			return nil
		},
	} {
		copied := testutil.CopyTree(t, dir)
		l, err := segment.Open(copied)
		testutil.NoError(t, err)
		if len(l.Segments) < 3 {
			t.Fatalf("%d segments", len(l.Segments))
		}
		stale, next := l.Segments[1].Base, l.Segments[2].Base
		c, err := segment.Merge(t.Context(), copied, 1, next, segment.Zstd, segment.Options{})
		if err != nil || c == (segment.Change{}) {
			t.Fatalf("%+v, %v", c, err)
		}
		testutil.NoError(t, read(l, stale))
	}
}
