package compactor

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/segment"
)

var now = time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)

// log makes segments of 100 records and 1000 bytes each, a day apart; the last is
// active. A letter says how each is stored: p plain, z zstd, g gzip, b both plain
// and zstd, w zstd with an index that is not small, d damaged.
func log(stored string) (segments []Segment) {
	for i, r := range stored {
		base := segment.Sequence(100*i + 1)
		s := Segment{Segment: segment.Segment{Base: base, Sealed: true, Next: base + 100}, Records: 100, Bytes: 1000, Newest: now.AddDate(0, 0, i-len(stored)+1)}
		s.Arrived = s.Newest
		switch r {
		case 'z':
			s.Codec = segment.Zstd
		case 'g':
			s.Codec = segment.Gzip
		case 'b':
			s.Codec, s.Copy = segment.Zstd, true
		case 'w':
			s.Codec, s.Wide = segment.Zstd, true
		case 'd':
			s.Damage = errors.New("damaged")
		}
		segments = append(segments, s)
	}
	last := &segments[len(segments)-1]
	last.Sealed, last.Next, last.Newest = false, 0, time.Time{}
	return segments
}

// show writes a plan as text: c1 r101 a201.
func (p Plan) show() string {
	var b strings.Builder
	for _, a := range p {
		fmt.Fprintf(&b, " %c%d", a.Kind.String()[0], a.Segment.Base)
	}
	return strings.TrimSpace(b.String())
}

const day = 24 * time.Hour

func TestPlans(t *testing.T) {
	for _, c := range []struct {
		what, stored string
		policy       segment.Upkeep
		pruning      string
		compressing  string
		due          string
	}{
		{"nothing but an active segment", "p", segment.Upkeep{MaxRecords: 1}, "", "", ""},
		{"no policy but to compress", "pppp", segment.Upkeep{CompressAfter: day}, "", "c1 c101 c201", "c1 c101 c201"},
		{"the age of the newest record counts", "pppp", segment.Upkeep{CompressAfter: 2 * day}, "", "c1 c101", "c1 c101"},
		{"at once", "pppp", segment.Upkeep{}, "", "c1 c101 c201", "c1 c101 c201"},
		{"never", "pppp", segment.Upkeep{CompressAfter: segment.Never}, "", "", ""},
		{"what is compressed stays so", "zgpp", segment.Upkeep{}, "", "c201", "c201"},
		{"a plain file that a killed run left", "zbzp", segment.Upkeep{}, "", "c101", "c101"},
		{"indexes are made small behind what is plain", "wpwp", segment.Upkeep{}, "", "c101 c1 c201", "c101 c1 c201"},
		{"damage is left alone", "pdpp", segment.Upkeep{}, "", "c1 c201", "c1 c201"},

		{"as many records as the limit stay", "zzzp", segment.Upkeep{CompressAfter: segment.Never, MaxRecords: 200}, "r1 r101", "", "r1"},
		{"one more is too many to go", "zzzp", segment.Upkeep{CompressAfter: segment.Never, MaxRecords: 201}, "r1", "", "r1"},
		{"the last segment stays", "zzzp", segment.Upkeep{CompressAfter: segment.Never, MaxRecords: 1}, "r1 r101 r201", "", "r1"},
		{"as many bytes as the limit stay", "zzzp", segment.Upkeep{CompressAfter: segment.Never, MaxBytes: 3000}, "r1", "", "r1"},
		{"fewer than the limit", "zzzp", segment.Upkeep{CompressAfter: segment.Never, MaxBytes: 4000}, "", "", ""},
		{"of the age, to the second", "zzzp", segment.Upkeep{CompressAfter: segment.Never, MaxAge: 3 * day}, "", "", ""},
		{"past the age", "zzzp", segment.Upkeep{CompressAfter: segment.Never, MaxAge: 3*day - 1}, "r1", "", "r1"},
		{"any of the limits will do", "zzzzp", segment.Upkeep{CompressAfter: segment.Never, MaxAge: 4*day - 1, MaxRecords: 300, MaxBytes: 1 << 40}, "r1 r101", "", "r1"},
		{"to an archive", "zzzp", segment.Upkeep{CompressAfter: segment.Never, MaxRecords: 200, ArchiveTo: "old"}, "a1 a101", "", "a1"},
		{"no age is known of what is damaged", "dzzp", segment.Upkeep{CompressAfter: segment.Never, MaxAge: day}, "", "", ""},
		{"one segment goes, and what goes is not compressed", "ppppp", segment.Upkeep{MaxRecords: 300}, "r1 r101", "c1 c101 c201 c301", "r1 c101 c201 c301"},
	} {
		t.Run(c.what, func(t *testing.T) {
			segments := log(c.stored)
			for _, x := range []struct{ what, got, want string }{
				{"pruning", PlanRetention(c.policy, segments, now, Guard{}).show(), c.pruning},
				{"compressing", PlanCompression(c.policy, segments, now).show(), c.compressing},
				{"due", PlanDue(c.policy, segments, now, Guard{}).show(), c.due},
			} {
				if x.got != x.want {
					t.Errorf("%s: %q, want %q", x.what, x.got, x.want)
				}
			}
		})
	}
}

// A clock that was set back retires nothing early.
func TestClocks(t *testing.T) {
	policy := segment.Upkeep{CompressAfter: day, MaxAge: day}
	segments := log("ppp")
	if p := PlanRetention(policy, segments, now.AddDate(-1, 0, 0), Guard{}); len(p) > 0 {
		t.Errorf("a year ago: %s", p.show())
	}
	if p := PlanCompression(policy, segments, now.AddDate(-1, 0, 0)); len(p) > 0 {
		t.Errorf("a year ago: %s", p.show())
	}
}
