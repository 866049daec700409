package plot

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/field"
	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
)

// start is the time of the first record of a test.
var start = time.Date(2025, 5, 28, 16, 0, 0, 0, time.UTC)

// collector collects records whose sequences begin with 1.
type collector struct {
	*Collector
	seq segment.Sequence
}

func newTestCollector(t testing.TB, pointers string) *collector {
	t.Helper()
	fields, err := field.Parse([]string{pointers})
	if err != nil {
		t.Fatal(err)
	}
	return &collector{Collector: NewCollector(fields)}
}

// next returns a record of the time start plus after.
func (c *collector) next(after time.Duration, text string) (rec reader.Record) {
	c.seq++
	rec.Seq, rec.Time, rec.Text = c.seq, start.Add(after), []byte(text)
	return rec
}

// TestMerged adds far more records than a timeline has columns, some of them out of order: no
// value is lost.
func TestMerged(t *testing.T) {
	c := newTestCollector(t, "")
	random := rand.New(rand.NewPCG(1, 2))
	const n = 20 * maxColumns
	want, mean := Stat{Min: math.Inf(1), Max: math.Inf(-1)}, 0.0
	at, biggest := time.Duration(0), -1
	for i := range n {
		at += time.Duration(random.IntN(int(time.Minute)))
		v := random.NormFloat64()
		if v > want.Max {
			biggest = i
		}
		want.Min, want.Max, want.Last, mean = min(want.Min, v), max(want.Max, v), v, mean+v/n
		c.Add(c.next(at-time.Duration(i%2)*time.Hour, fmt.Sprint(v)))
	}
	p := c.Plot()
	if len(p.Columns) > maxColumns || len(p.Columns) < maxColumns/8 {
		t.Errorf("%d columns", len(p.Columns))
	}
	from, to := p.Span()
	for _, columns := range [][]Column{p.Columns, p.Grid(100, from, to), p.Grid(3, from, to)} {
		var all Stat
		records, last, place := uint64(0), int64(math.MinInt64), 0
		for i, c := range columns {
			if c.From < last || c.To < c.From {
				t.Fatalf("column %d is from %d to %d, the one before begins at %d", i, c.From, c.To, last)
			}
			if c.Stats[0].Max == want.Max {
				place = i
			}
			last, records = c.From, records+c.Records
			all.join(c.Stats[0])
		}
		if records != n || all.Count != n || all.Min != want.Min || all.Max != want.Max || math.Abs(all.Mean()-mean) > 1e-9 {
			t.Errorf("%d records, %+v, want %d, %+v", records, all, n, want)
		}
		if got, want := float64(place)/float64(len(columns)), float64(biggest)/n; math.Abs(got-want) > .5 {
			t.Errorf("the max is at %v of the columns, want %v", got, want)
		}
	}
	if p.Series[0].Last != want.Last || p.Backwards == 0 {
		t.Errorf("last %v, want %v; %d backwards", p.Series[0].Last, want.Last, p.Backwards)
	}
}

// TestRuns checks where lines end: at absent values, lost and damaged records, and stalls.
func TestRuns(t *testing.T) {
	for name, c := range map[string]struct {
		tenth func(c *collector) // adds the tenth of twenty records, one a minute
		runs  int
	}{
		"a number":       {func(c *collector) { c.Add(c.next(10*time.Minute, `{"n":10}`)) }, 1},
		"a string of it": {func(c *collector) { c.Add(c.next(10*time.Minute, `{"n":"10"}`)) }, 1},
		"null":           {func(c *collector) { c.Add(c.next(10*time.Minute, `{"n":null}`)) }, 2},
		"absent":         {func(c *collector) { c.Add(c.next(10*time.Minute, `{}`)) }, 2},
		"NaN":            {func(c *collector) { c.Add(c.next(10*time.Minute, `{"n":NaN}`)) }, 2},
		"too large":      {func(c *collector) { c.Add(c.next(10*time.Minute, `{"n":1e999}`)) }, 2},
		"lost": {func(c *collector) {
			rec := c.next(10*time.Minute, "     ")
			rec.Blank = true
			c.Add(rec)
		}, 2},
		"damaged": {func(c *collector) {
			rec := c.next(0, "")
			c.Add(reader.Record{Record: segment.Record{Seq: rec.Seq}, Damage: segment.ErrCorrupt})
		}, 2},
		"nothing": {func(c *collector) {}, 1},
	} {
		n := newTestCollector(t, "/n")
		for i := range 20 {
			if i == 10 {
				c.tenth(n)
				continue
			}
			n.Add(n.next(time.Duration(i)*time.Minute, fmt.Sprintf(`{"n":%d}`, i)))
		}
		n.Add(n.next(30*time.Minute, `{"n":1}`)) // after a stall
		p := n.Plot()
		from, to := p.Span()
		runs := p.Runs(p.Grid(300, from, to), 0)
		if len(runs) != c.runs+1 || len(runs[c.runs]) != 1 {
			t.Errorf("%s: the runs are %v, want %d before the stall", name, runs, c.runs)
		}
		if p.StallCount != 1 || p.Usual != time.Minute {
			t.Errorf("%s: %d stalls, usual gap %v", name, p.StallCount, p.Usual)
		}
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]any{
		"1": 1.0, "-1.5e3": -1500.0, "1e300": 1e300, "1e-400": 0.0, "0": 0.0, "-0": 0.0, "true": 1.0, "false": 0.0,
		`"1.50"`: 1.5, `"-2e1"`: -20.0, `"1e300"`: 1e300,
		"": absent, "null": null, "{}": object, `{"a":1}`: object, "[1]": array,
		"NaN": notFinite, "Infinity": notFinite, "-Infinity": notFinite, "1e309": tooLarge, "-1e309": tooLarge, `"1e309"`: tooLarge,
		`""`: text, `"x"`: text, `" 1"`: text, `"1 "`: text, `"1,5"`: text, `"0x10"`: text, `"1_000"`: text, `"+1"`: text, `"01"`: text, `"NaN"`: text, `"true"`: text, `"{}"`: text, `"null"`: text, `"\u0031"`: text,
	} {
		v, k := parse([]byte(text))
		if number, ok := want.(float64); ok && (k != "numbers" || v != number) || !ok && (k != want || !math.IsNaN(v)) {
			t.Errorf("%s: %v, %s, want %v", text, v, k, want)
		}
	}
}

// TestScale checks that every range of numbers has a few ticks with different labels.
func TestScale(t *testing.T) {
	check := func(low, high float64, bytes bool) {
		t.Helper()
		s := newScale(low, high, 4, bytes)
		seen := map[string]bool{}
		for i, tick := range s.Ticks {
			if !(tick.Value >= s.Low && tick.Value <= s.High) || i > 0 && !(tick.Value > s.Ticks[i-1].Value) {
				t.Errorf("%v to %v: the ticks are %v", low, high, s.Ticks)
			}
			seen[tick.Label] = true
		}
		if n := len(s.Ticks); n < 2 || n > 9 || len(seen) != n && high-low > math.Abs(high)*1e-12 {
			t.Errorf("%v to %v: the ticks are %v", low, high, s.Ticks)
		}
		for _, v := range []float64{low, high, low/2 + high/2} {
			if at := s.At(v); !(at >= 0 && at <= 1) {
				t.Errorf("%v is at %v between %v and %v", v, at, s.Low, s.High)
			}
			if rounding := (s.High/2 - s.Low/2) * 1e-12; !(s.Low-rounding <= v && v <= s.High+rounding) {
				t.Errorf("%v is not between %v and %v", v, s.Low, s.High)
			}
		}
	}
	ends := []float64{0, 1, -1, 5e-324, 1e-320, 1e-300, 1e-7, .1, .3, 74, 99, 100, 101, 1748448862, 1748448999, 1e15, 1e17, 1e17 + 16, 1e300, 1e308, math.MaxFloat64}
	for _, a := range ends {
		for _, b := range ends {
			check(min(a, b), max(a, b), false)
			check(min(-a, b), max(-a, b), false)
			check(min(-a, -b), max(-a, -b), false)
		}
	}
	random := rand.New(rand.NewPCG(3, 4))
	for range 20000 {
		low := random.NormFloat64() * math.Pow(10, float64(random.IntN(40)-20))
		check(low, low+random.Float64()*math.Pow(10, float64(random.IntN(40)-20)), false)
	}
	for _, high := range []float64{1, 80, 1e3, 1.88e6, 1e9} {
		check(0, high, true)
	}
}

func TestLabels(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		bytes     bool
		want      string
	}{
		{74, 912, false, "0 200 400 600 800 1,000"},
		{0, 1, false, "0 0.2 0.4 0.6 0.8 1.0"},
		{-104, 142, false, "-150 -100 -50 0 50 100 150"},
		{74, 74, false, "65 70 75 80 85"},
		{0, 0, false, "-1.0 -0.5 0 0.5 1.0"},
		{0, 14399, false, "0 5k 10k 15k"},
		{1748448862, 1748448999, false, "1,748,448,850 1,748,448,900 1,748,448,950 1,748,449,000"},
		{-1e300, 1e300, false, "-1e300 -5e299 0 5e299 1e300"},
		{1.2e6, 1.9e6, false, "1.2M 1.4M 1.6M 1.8M 2.0M"},
		{0, 1880000, true, "0B 500KB 1.00MB 1.50MB 2.00MB"},
		{-1e308, 1e308, false, "-1e308 -5e307 0 5e307 1e308"},
		{1e-320, 1e-320, false, "0 1e-320"},
		{1e-7, 5e-7, false, "0 1e-07 2e-07 3e-07 4e-07 5e-07"},
	} {
		var labels []string
		for _, tick := range newScale(c.low, c.high, 4, c.bytes).Ticks {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("%v to %v: %s, want %s", c.low, c.high, got, c.want)
		}
	}
}

// TestTimeTicks checks spans from a hundredth of a second to centuries, also around changes of
// the clock.
func TestTimeTicks(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for span := 10 * time.Millisecond; span > 0 && span < 230*365*day; span += span / 7 {
		for _, at := range []time.Time{start, time.Date(2025, 3, 9, 1, 59, 0, 0, zone), time.Date(2025, 11, 2, 0, 30, 0, 0, zone), time.Date(1969, 12, 31, 23, 59, 0, 0, zone)} {
			const most = 6
			from, to := at.UnixNano(), at.Add(span).UnixNano()
			ticks := TimeTicks(from, to, zone, most)
			if len(ticks) < 2 || len(ticks) > most {
				t.Fatalf("%v from %v: %v", span, at, ticks)
			}
			for i, tick := range ticks {
				if tick.At < from || tick.At > to || i > 0 && tick.At <= ticks[i-1].At || i > 1 && tick.Label == ticks[i-1].Label && span > 2*day {
					t.Fatalf("%v from %v: %v", span, at, ticks)
				}
			}
		}
	}
	for _, c := range []struct {
		span time.Duration
		want string
	}{
		{10 * time.Second, "2025-05-28 12:00:00, 12:00:02, 12:00:04, 12:00:06, 12:00:08, 12:00:10"},
		{50 * time.Hour, "2025-05-28 12:00, 05-29 00:00, 05-29 12:00, 05-30 00:00, 05-30 12:00"},
		{31 * day, "2025-06-04, 06-11, 06-18, 06-25"},
		{400 * day, "2025-07, 2025-10, 2026-01, 2026-04, 2026-07"},
		{4000 * day, "2026, 2028, 2030, 2032, 2034, 2036"},
	} {
		var labels []string
		for _, tick := range TimeTicks(start.UnixNano(), start.Add(c.span).UnixNano(), zone, 6) {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, ", "); got != c.want {
			t.Errorf("%v: %s, want %s", c.span, got, c.want)
		}
	}
}

func TestSuggest(t *testing.T) {
	many := strings.TrimSuffix(strings.Repeat(`"x":{"n":1},`, 60), ",")
	for text, want := range map[string]string{
		`{"timestamp":"2025-05","total":3,"matches":[1,2],"a":{"b":{"c":1.5}},"no":null,"yes":true}`: "/total /matches# /a/b/c /yes",
		`{"a~b/c,d#":1,"*":2,"e=":3,"$bytes":4}`:                                                     "/a~0b~1c~,d~# /~* /e= /$bytes",
		`{"by_key":{` + many + `}}`:                                                                  "/by_key#",
		`{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9}`:                                    "/a /b /c /d /e /f /g /h",
		`[1]`: ".#", `17`: "", `"x"`: "", `{}`: "",
	} {
		if got := strings.Join(Suggest([]byte(text)), " "); got != want {
			t.Errorf("%.60s: %q, want %q", text, got, want)
		}
	}
}

// TestRemoveEmpty removes a series without numbers, and keeps the values of the others.
func TestRemoveEmpty(t *testing.T) {
	c := newTestCollector(t, "/a,/n,/b,/m")
	c.Add(c.next(0, `{"n":1,"m":2}`))
	c.Add(c.next(time.Minute, `{"n":3,"m":4}`))
	p := c.Plot()
	removed := p.RemoveEmpty()
	if len(removed) != 2 || removed[0].Name() != "/a" || removed[1].Name() != "/b" || len(p.Series) != 2 {
		t.Errorf("removed %v of %v", removed, p.Series)
	}
	from, to := p.Span()
	last := p.Grid(2, from, to)[1]
	if p.Series[0].Name() != "/n" || len(last.Stats) != 2 || last.Stats[0].Last != 3 || last.Stats[1].Last != 4 {
		t.Errorf("%+v", last)
	}
}

// TestWidths draws as wide as asked for: no line is wider, all of the summary is there, and ticks
// are at equal distances.
func TestWidths(t *testing.T) {
	c := newTestCollector(t, "/n")
	for i := range 121 { // from 21:00 to 03:00
		c.Add(c.next(5*time.Hour+time.Duration(i)*3*time.Minute, fmt.Sprintf(`{"n":%d.123456e-300}`, i%10)))
	}
	p := c.Plot()
	for columns := 30; columns < 250; columns++ {
		s := screen{columns: columns, zone: time.UTC}
		if err := s.charts(p); err != nil {
			t.Fatal(err)
		}
		var ticks []int
		for line := range strings.Lines(s.String()) {
			line := []rune(strings.TrimSuffix(line, "\n"))
			if len(line) > columns {
				t.Errorf("%d columns: %q", columns, string(line))
			}
			for at, r := range line {
				if r == '┬' {
					ticks = append(ticks, at)
				}
			}
		}
		for i := 2; i < len(ticks); i++ {
			if d := ticks[i] - ticks[i-1] - (ticks[1] - ticks[0]); d < -1 || d > 1 {
				t.Errorf("%d columns: the ticks are at %v", columns, ticks)
			}
		}
		if !strings.Contains(s.String(), "last ") || columns >= 40 && !strings.Contains(s.String(), " 00:00") {
			t.Errorf("%d columns:\n%s", columns, s.String())
		}
	}
	s := screen{columns: 15, zone: time.UTC}
	if err := s.charts(p); err == nil || !strings.HasPrefix(err.Error(), "the terminal has 15 columns, and the chart needs at least ") {
		t.Errorf("15 columns: %v", err)
	}
}

// TestOutliers leaves out a record whose clock was wrong, and says it.
func TestOutliers(t *testing.T) {
	c := newTestCollector(t, "/n,$bytes")
	for i := range 1000 {
		c.Add(c.next(time.Duration(i)*time.Minute, `{"n":1}`))
	}
	c.Add(c.next(-time.Since(time.Unix(0, 0))/2, `{"n":1000}`))
	p := c.Plot()
	if from, _ := p.Span(); p.Outliers != 1 || from != start.UnixNano() || p.Scale(0, 4).High > 2 {
		t.Errorf("%d outliers, from %v, scale %+v", p.Outliers, time.Unix(0, from), p.Scale(0, 4))
	}
	if notes := strings.Join(p.Notes(), "\n"); !strings.Contains(notes, "1 record not drawn, with a time far from all others") || !strings.Contains(notes, "1 record with a time before") {
		t.Errorf("the notes are %q", notes)
	}
}

// TestHugeMean checks that the mean of the largest numbers is one.
func TestHugeMean(t *testing.T) {
	var s Stat
	for range 10 {
		s.add(math.MaxFloat64)
		s.add(math.MaxFloat64)
		s.add(-math.MaxFloat64)
	}
	if mean := s.Mean(); math.IsNaN(mean) || mean < .3*math.MaxFloat64 || mean > .4*math.MaxFloat64 {
		t.Errorf("%+v", s)
	}
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{1, 2, 3, 1e308, -1e308}, 1.2},
		{[]float64{1e308, 1e308, 1, 2, 3, -1e308, -1e308}, 6. / 7},
		{[]float64{1e16, 1, 1, -1e16}, .5},
		{[]float64{1e-320, 3e-320}, 2e-320},
	} {
		var all, first, second Stat
		for i, v := range c.values {
			all.add(v)
			if i < 3 {
				first.add(v)
			} else {
				second.add(v)
			}
		}
		first.join(second)
		for _, s := range []Stat{all, first} {
			if mean := s.Mean(); math.Abs(mean-c.want) > c.want*1e-15 {
				t.Errorf("%v: the mean is %v, want %v", c.values, mean, c.want)
			}
		}
	}
	s = Stat{}
	for range 1000 {
		if s.add(.1); s.Mean() != .1 {
			t.Fatalf("the mean of equal values is %v", s.Mean())
		}
	}
}

// TestExtremes checks that a chart shows a single value that differs from all others, wherever
// it is, and its gaps as nothing.
func TestExtremes(t *testing.T) {
	for _, special := range []int{0, 1, 777, 12_345, 19_999} {
		for _, extreme := range []string{"1000", "-1000", "null"} {
			c := newTestCollector(t, "/n")
			for i := range 20_000 {
				n := "0"
				if i == special || extreme == "null" && i > special && i < special+2000 {
					n = extreme
				}
				c.Add(c.next(time.Duration(i)*time.Minute, `{"n":`+n+`}`))
			}
			var out strings.Builder
			if err := c.Plot().Draw(&out, time.UTC); err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(out.String(), "\n")
			isMark := func(r rune) bool { return r > 0x2800 && r <= 0x28ff }
			marked := func(line string) (n int) {
				for _, r := range line {
					if isMark(r) {
						n++
					}
				}
				return n
			}
			top, bottom := marked(lines[1]), marked(lines[rows])
			all := marked(strings.Join(lines, ""))
			switch {
			case extreme == "1000" && (top != 1 || bottom < 70), extreme == "-1000" && (bottom != 1 || top < 70):
				t.Errorf("record %d is %s: %d marks are at the top, %d at the bottom\n%s", special, extreme, top, bottom, out.String())
			case extreme == "null" && special < 18_000 && (all < 60 || all > 72):
				t.Errorf("records %d to %d are null: %d columns are marked\n%s", special, special+2000, all, out.String())
			}
			for _, line := range lines {
				if n := len([]rune(line)); n > 80 {
					t.Errorf("%d columns: %q", n, line)
				}
			}
		}
	}
}
