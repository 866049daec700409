package survey

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/segment"
)

// TestHistogram holds its median against sorting.
func TestHistogram(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, next := range map[string]func() uint64{
		"equal":    func() uint64 { return 178_000_000_526 },
		"small":    func() uint64 { return random.Uint64N(60) },
		"usual":    func() uint64 { return 400_000 + random.Uint64N(30_000) },
		"anything": func() uint64 { return random.Uint64() >> random.UintN(64) },
	} {
		var h histogram
		values := make([]uint64, 1001)
		for i := range values {
			values[i] = next()
			h.add(values[i])
		}
		slices.Sort(values)
		want, got := values[len(values)/2], h.median()
		if (name == "equal" || name == "small") && got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
		if float64(max(got, want)-min(got, want)) > float64(want)/64 {
			t.Errorf("%s: %d, want about %d", name, got, want)
		}
		if got := h.above(values[len(values)-1]); got != 0 {
			t.Errorf("%s: %d above the greatest", name, got)
		}
	}
	var most histogram
	if most.add(math.MaxInt64); most.usual() != math.MaxInt64 || StallAfter(most.usual()) <= 0 {
		t.Errorf("the longest is %d, three times that %d", most.usual(), StallAfter(most.usual()))
	}
	var none histogram
	none.add(0)
	if none.median() != 0 || none.above(1<<63) != 0 {
		t.Error("of zeros and of nothing")
	}
}

// TestTimeline adds times forwards, backwards and anyhow: the buckets are the same.
func TestTimeline(t *testing.T) {
	times := make([]int64, 3000)
	for i := range times {
		times[i] = int64(i-1000) * 100
	}
	var want Timeline
	for _, order := range []string{"forwards", "backwards", "anyhow"} {
		switch order {
		case "backwards":
			slices.Reverse(times)
		case "anyhow":
			rand.New(rand.NewPCG(1, 2)).Shuffle(len(times), func(i, j int) { times[i], times[j] = times[j], times[i] })
		}
		got := Timeline{Step: steps[0]}
		for _, at := range times {
			got.add(Bucket{Start: at, Records: 1, Bytes: 2, MinSize: 2, MaxSize: 2})
		}
		if order == "forwards" {
			want = got
			continue
		}
		if got.Step != want.Step || !slices.Equal(got.Buckets, want.Buckets) {
			t.Errorf("%s: the buckets differ", order)
		}
	}
}

// TestTimelineGrows has more minutes than a timeline keeps: its steps become
// longer, and no record is lost.
func TestTimelineGrows(t *testing.T) {
	got := Timeline{Step: steps[0]}
	const n = 40 * maxBuckets
	for i := range int64(n) {
		got.add(Bucket{Start: i * 60, Records: 1, Bytes: 3, MinSize: segment.Offset(i), MaxSize: segment.Offset(i), Gap: time.Duration(i)})
	}
	if got.Step != time.Hour || len(got.Buckets) > maxBuckets {
		t.Errorf("steps of %s, %d buckets", got.Step, len(got.Buckets))
	}
	all := got.Resample(1<<20*time.Hour, 0).Buckets
	if want := (Bucket{Start: 0, Records: n, Bytes: 3 * n, MinSize: 0, MaxSize: n - 1, Gap: n - 1}); len(all) != 1 || all[0] != want {
		t.Errorf("%+v, want %+v", all, want)
	}
}

// TestTimelineSteps aligns steps with a clock, and makes them fit.
func TestTimelineSteps(t *testing.T) {
	line := Timeline{Step: steps[0]}
	for _, at := range []int64{-1, 0, 3600, 86399, 86400} {
		line.add(Bucket{Start: at, Records: 1})
	}
	starts := func(t Timeline) (all []int64) {
		for _, b := range t.Buckets {
			all = append(all, b.Start)
		}
		return all
	}
	for _, c := range []struct {
		got  Timeline
		want []int64
	}{
		{line, []int64{-60, 0, 3600, 86340, 86400}},
		{line.Resample(24*time.Hour, 0), []int64{-86400, 0, 86400}},
		{line.Resample(24*time.Hour, -4*time.Hour), []int64{-72000, 14400}},
		{line.ResampleTo(26, 0), []int64{-3600, 0, 3600, 82800, 86400}},
		{line.ResampleTo(9, 0), []int64{-21600, 0, 64800, 86400}},
		{line.ResampleTo(-5, 0), []int64{-21600, 0, 64800, 86400}},
	} {
		if !slices.Equal(starts(c.got), c.want) {
			t.Errorf("steps of %s: %v, want %v", c.got.Step, starts(c.got), c.want)
		}
	}
}

// TestWithoutOutliers leaves out the few records whose clock was wrong, and no others.
func TestWithoutOutliers(t *testing.T) {
	for _, c := range []struct {
		name        string
		before, far int   // records of times in the core, and far from it
		at          int64 // where the far ones are
		outside     uint64
	}{
		{"one in 1970", 1000, 1, -1_700_000_000, 1},
		{"one in 2200", 1000, 1, 5_000_000_000, 1},
		{"many long ago", 1000, 20, -1_700_000_000, 0},
		{"one, near", 1000, 1, 300_000, 0},
		{"few records", 50, 1, -1_700_000_000, 0},
	} {
		line := Timeline{Step: steps[0]}
		for i := range c.before {
			line.add(Bucket{Start: int64(i) * 180, Records: 1})
		}
		for i := range c.far {
			line.add(Bucket{Start: c.at + int64(i), Records: 1})
		}
		core, outside := line.WithoutOutliers()
		if outside != c.outside || len(core.Buckets) > len(line.Buckets) || len(core.Buckets) < c.before {
			t.Errorf("%s: %d are outside, %d buckets of %d", c.name, outside, len(core.Buckets), len(line.Buckets))
		}
	}
}

// TestGaps keeps the longest of more gaps than it lists.
func TestGaps(t *testing.T) {
	var g Gaps
	const n = 20 * MaxStalls
	random := rand.New(rand.NewPCG(1, 2))
	for _, i := range random.Perm(n) {
		g.add(Stall{segment.Sequence(i + 1), time.Unix(0, 0), time.Unix(int64(i), 0)})
	}
	all, count := g.stalls(n / 2 * time.Second)
	if len(all) != MaxStalls || all[0].After != n-MaxStalls+1 || all[MaxStalls-1].After != n {
		t.Errorf("%d stalls, from %+v to %+v", len(all), all[0], all[len(all)-1])
	}
	if count < n*45/100 || count > n/2 {
		t.Errorf("%d are counted, want nearly %d", count, n/2)
	}
	if all, count = g.stalls((n - 3) * time.Second); len(all) != 2 || count != 2 {
		t.Errorf("%d of %d over nearly the longest", len(all), count)
	}
}

// newLog makes a log of 10 records in 5 segments, one a minute.
func newLog(t *testing.T) *segment.Log {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "log")
	w, err := segment.Create(t.Context(), dir, segment.Options{Settings: segment.Settings{"segment-size": "100"}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if _, err := w.Append(t.Context(), fmt.Appendf(nil, `{"timestamp":"2025-05-30T07:%02d:00Z","n":%d}`, i, i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := segment.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestSurveyDamage looks at logs that lack something: what is there is still
// told, and each damage once.
func TestSurveyDamage(t *testing.T) {
	for _, c := range []struct {
		name    string
		do      func(dir string) error
		records uint64
		damage  string // in each text; empty: none
	}{
		{"nothing", func(string) error { return nil }, 10, ""},
		{"the first segment is gone", func(dir string) error { return os.Remove(filepath.Join(dir, filename.Text(1))) }, 8, "missing"},
		{"one between is gone", func(dir string) error { return os.Remove(filepath.Join(dir, filename.Text(5))) }, 8, "missing"},
		{"an index is gone", func(dir string) error { return os.Remove(filepath.Join(dir, filename.Index(3))) }, 10, ""},
		{"a sealed segment was cut", func(dir string) error { return os.Truncate(filepath.Join(dir, filename.Text(3)), 50) }, 10, "ends"},
		{"the active one was cut", func(dir string) error { return os.Truncate(filepath.Join(dir, filename.Text(9)), 50) }, 10, "ends"},
	} {
		l := newLog(t)
		if err := c.do(l.Dir); err != nil {
			t.Fatal(err)
		}
		if err := l.Refresh(); err != nil {
			t.Fatal(err)
		}
		s, err := Of(t.Context(), l)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if s.Records != c.records || s.Cadence != time.Minute || s.StallCount != 0 {
			t.Errorf("%s: %d records, one every %s, %d stalls", c.name, s.Records, s.Cadence, s.StallCount)
		}
		if wrong := c.damage != ""; wrong != (len(s.Damage) == 1) || wrong && !strings.Contains(s.Damage[0].Error(), c.damage) {
			t.Errorf("%s: %v", c.name, s.Damage)
		}
	}
}

// TestStatistics compares every statistic over all records of a log whose percentiles
// of sizes and of gaps differ. A statistic that is added to Survey fails it until its
// value is given here.
func TestStatistics(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	begin := time.Date(2025, 5, 30, 7, 0, 0, 0, time.UTC)
	now := begin
	w, err := segment.Create(t.Context(), dir, segment.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	at := begin
	for i := range 100 {
		size, gap := 100, time.Minute
		switch {
		case i == 50:
			size, gap = 5000, time.Hour
		case i == 51:
			gap = -time.Second
		case i >= 90:
			size, gap = 300, 2*time.Minute
		case i >= 70:
			size = 200
		}
		if i > 0 {
			at, now = at.Add(gap), now.Add(time.Minute)
		}
		record := fmt.Sprintf(`{"timestamp":%q,"n":""}`, at.Format(time.RFC3339))
		record = strings.TrimSuffix(record, `"}`) + strings.Repeat("x", size-len(record)-1) + `"}`
		if _, err := w.Append(t.Context(), []byte(record)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := segment.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Of(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	beforeStall := begin.Add(49 * time.Minute)
	want := Survey{
		Records: 100, FirstSeq: 1, LastSeq: 100, First: begin, Last: at, LastArrived: now,
		PlainBytes: 69*100 + 20*200 + 10*300 + 5000, MedianSize: 100, MaxSize: 5000,
		Cadence: time.Minute, Arrivals: time.Minute, Backwards: 1,
		Stalls: []Stall{{50, beforeStall, beforeStall.Add(time.Hour)}}, StallCount: 1,
		Segments: got.Segments, DiskBytes: got.DiskBytes, Timeline: got.Timeline, // of files and of steps
	}
	if text := fmt.Sprintf("%+v", want); fmt.Sprintf("%+v", *got) != text {
		t.Errorf("%+v\nwant %s", *got, text)
	}
}

// vanishing removes a segment when it is opened, once, as a concurrent retirement
// does.
type vanishing struct {
	segment.OS
	retire func() error
}

func (v *vanishing) OpenFile(name string, flag int, perm os.FileMode) (segment.File, error) {
	if filepath.Base(name) == filename.Text(3) && v.retire != nil {
		retire := v.retire
		v.retire = nil
		if err := retire(); err != nil {
			return nil, err
		}
	}
	return v.OS.OpenFile(name, flag, perm)
}

// TestSurveyRetired looks while the oldest segments are retired: that is no damage.
func TestSurveyRetired(t *testing.T) {
	l := newLog(t)
	fsys := &vanishing{}
	fsys.retire = func() error {
		_, err := segment.Retire(t.Context(), l.Dir, 5, segment.Options{})
		return err
	}
	l, err := segment.OpenContext(t.Context(), l.Dir, fsys)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Of(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	if fsys.retire != nil || len(s.Damage) != 0 || s.FirstSeq != 5 || s.Records != 6 {
		t.Errorf("%d records from %d on, %v", s.Records, s.FirstSeq, s.Damage)
	}
}
