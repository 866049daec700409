package compactor

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// small makes segments of one record an hour apart, of 100 bytes of text each; the last is
// active. A letter says how each is stored, as for log; m is merged already, and | is a day.
func small(stored string) (segments []Segment) {
	at := now.AddDate(0, 0, -9)
	for _, r := range stored {
		if r == '|' {
			at = at.Truncate(day).Add(day)
			continue
		}
		base := segment.Sequence(len(segments) + 1)
		s := Segment{Segment: segment.Segment{Base: base, Sealed: true, Next: base + 1, Codec: segment.Zstd}, Records: 1, Bytes: 100, Text: 100, First: at, Newest: at, Arrived: at, Part: true}
		switch r {
		case 'p':
			s.Codec = segment.Plain
		case 'b':
			s.Copy = true
		case 'd':
			s.Damage = errors.New("damaged")
		case 'm':
			s.Part = false
		}
		segments = append(segments, s)
		at = at.Add(time.Hour)
	}
	last := &segments[len(segments)-1]
	last.Sealed, last.Part, last.Codec = false, false, segment.Plain
	return segments
}

func TestPlanMerge(t *testing.T) {
	for _, c := range []struct {
		what, stored string
		policy       segment.Upkeep
		want         string
	}{
		{"nothing but an active segment", "z", segment.Upkeep{MergeSize: 1000}, ""},
		{"a day that has ended", "zzz|zz", segment.Upkeep{MergeSize: 1000}, "m1-3"},
		{"the next day has no sealed segment", "zzz|z", segment.Upkeep{MergeSize: 1000}, ""},
		{"as much text as the limit", "zzzzzzz", segment.Upkeep{MergeSize: 300}, "m1-3"},
		{"two would be too much", "zzzzzzz", segment.Upkeep{MergeSize: 199}, ""},
		{"two groups of one day", "zzzzzzzz", segment.Upkeep{MergeSize: 300}, "m1-3 m4-6"},
		{"one segment is no group", "z|z|zz", segment.Upkeep{MergeSize: 1000}, ""},
		{"plain segments that are due are compressed before", "pzp|pz", segment.Upkeep{MergeSize: 1000}, "c1 c3 c4 m1-3"},
		{"plain segments that are not due yet", "pzp|pz", segment.Upkeep{MergeSize: 1000, CompressAfter: 100 * day}, ""},
		{"a killed compression goes first", "zbz|zz", segment.Upkeep{MergeSize: 1000}, "c2 m1-3"},
		{"damage divides", "zzdzz|zz", segment.Upkeep{MergeSize: 1000}, "m1-2 m4-5"},
		{"what is merged stays so", "mzz|zz", segment.Upkeep{MergeSize: 1000}, "m2-3"},
		{"compress-after is never", "zzz|zz", segment.Upkeep{MergeSize: 1000, CompressAfter: segment.Never}, ""},
		{"merge is never", "zzz|zz", segment.Upkeep{}, ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			got := ""
			for _, a := range PlanCompact(c.policy, small(c.stored), now) {
				if got != "" {
					got += " "
				}
				got += fmt.Sprintf("%c%d", a.Kind.String()[0], a.Segment.Base)
				if a.Kind == Merge {
					got += fmt.Sprintf("-%d", a.Segment.Next-1)
				}
			}
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// A log whose segments are five minutes apart is merged day by day, and each run of Once
// merges one day and compresses one segment. What was merged is not merged again.
func TestMergeDays(t *testing.T) {
	dir, at := filepath.Join(t.TempDir(), "log"), now
	w, err := segment.Create(t.Context(), dir, segment.Options{FS: testutil.NoSync{}, Settings: segment.Settings{"segment-age": "4m"}, Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	records := 3*24*12 + 24
	for n := range records {
		if _, err := w.Append(context.Background(), fmt.Appendf(nil, `{"n":%d}`, n)); err != nil {
			t.Fatal(err)
		}
		at = at.Add(5 * time.Minute)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	policy := segment.Upkeep{MergeSize: 1 << 20, CompressAfter: day, Codec: segment.Zstd}
	options := segment.Options{FS: testutil.NoSync{}}
	if n := len(lookAt(t, dir)); n != records {
		t.Fatalf("%d segments", n)
	}
	changes, err := Run(t.Context(), dir, PlanDue(policy, lookAt(t, dir), at, Guard{}), Options{Options: options, Policy: policy, Once: true})
	if err != nil || len(changes) != 2 || changes[0].Kind != Compress || changes[1].Kind != Merge || changes[1].Records != 288 {
		t.Errorf("%+v, %v", changes, err)
	}
	for range 3 {
		if _, err := Run(t.Context(), dir, PlanCompact(policy, lookAt(t, dir), at), Options{Options: options, Policy: policy}); err != nil {
			t.Fatal(err)
		}
	}
	segments := lookAt(t, dir)
	if len(segments) != 2+288+24 || segments[1].Base != 289 || segments[1].End != 576 || segments[2].End != 0 {
		t.Errorf("%d segments: %+v", len(segments), segments[:3])
	}
	if plan := PlanCompact(policy, segments, at); len(plan) > 0 {
		t.Errorf("still planned: %s", plan.show())
	}
}
