package html

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/field"
	"github.com/histlog/histlog/internal/plot"
	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
)

// plotOf returns the plot of n records, one a minute, whose member name is a number.
func plotOf(t *testing.T, name string, n int) *plot.Plot {
	t.Helper()
	fields, err := field.Parse([]string{"/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name) + ",$bytes"})
	if err != nil {
		t.Fatal(err)
	}
	c := plot.NewCollector(fields)
	for i := range n {
		text := fmt.Appendf(nil, `{%q:%d}`, "x", i%100)
		c.Add(reader.Record{Record: segment.Record{Seq: segment.Sequence(i + 1), Text: text, Entry: segment.Entry{Time: time.Unix(int64(60*i), 0)}}})
	}
	return c.Plot()
}

// TestPicture checks that pictures are XML, whatever the names are, and that they and the
// pages are the same each time.
func TestPicture(t *testing.T) {
	const hostile = "</title></svg><script>]]>&<!--\"'\x00\x1b\x7f\u0085\u202e\ufffe\uffff\xff{{.}}"
	for _, n := range []int{0, 1, 2, 20000} {
		for _, name := range []string{"x", hostile} {
			p, source := plotOf(t, name, n), Source{Dir: hostile, Zone: time.UTC}
			var picture, again bytes.Buffer
			if err := WriteSVG(&picture, p, source); err != nil {
				t.Fatal(err)
			}
			if err := WriteSVG(&again, p, source); err != nil || again.String() != picture.String() {
				t.Error("the second picture differs", err)
			}
			counts := map[string]int{}
			for d := xml.NewDecoder(&picture); ; {
				token, err := d.Token()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatalf("%d records, %q: %v", n, name, err)
				}
				if e, ok := token.(xml.StartElement); ok {
					counts[e.Name.Local]++
				}
			}
			if counts["svg"] == 0 || counts["script"] != 0 || n > 1 && counts["path"] != 4 {
				t.Errorf("%d records, %q: the elements are %v", n, name, counts)
			}
			if err := WritePlot(io.Discard, p, source); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestClock checks that a page knows when the clock of its zone changes.
func TestClock(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2025, 1, 1, 0, 0, 0, 0, zone)
	spring, autumn := time.Date(2025, 3, 9, 7, 0, 0, 0, time.UTC), time.Date(2025, 11, 2, 6, 0, 0, 0, time.UTC)
	want := fmt.Sprintf("[[%d,-18000000],[%d,-14400000],[%d,-18000000]]", from.UnixMilli(), spring.UnixMilli(), autumn.UnixMilli())
	if got := clockOf(from.UnixNano(), from.AddDate(1, 0, 0).UnixNano(), zone); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := clockOf(0, 1, time.UTC); got != "[[0,0]]" {
		t.Errorf("UTC: %s", got)
	}
}
