package migrate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
)

// elementSources returns sources whose records are on lines of their own, each of which
// contains an array of objects.
func elementSources() []sample {
	var records []string
	for n := range 5 {
		records = append(records, fmt.Sprintf(`{"timestamp":17484488%d,"matches":[{"id":%d},{"id":9}]}`, 62+n, n))
	}
	all := marked(records)
	aLine := strings.ReplaceAll(all, endMark+",", endMark+",\n")
	return []sample{
		newSample("array", spaces(2).dump(`[`+all+`]`)+"\n"),
		newSample("history", spaces(4).dump(`{"v":[{"a":1},{"b":2}],"history":[`+all+`],"w":[{"a":1},{"b":2}],"total_entries":5}`)),
		newSample("CRLF", strings.ReplaceAll(indented("\t").dump(`{"history":[`+all+`],"x":1}`), "\n", "\r\n")),
		newSample("a line each", "[\n"+aLine+"\n]\n"),
		newSample("an indented line each", "{\"history\":[\n "+strings.ReplaceAll(aLine, "\n", "\n ")+"\n],\"other\":[\n {\"a\":1}]}\n"),
	}
}

// A hole is damage of n bytes: they are missing, or another byte stands there.
type hole struct {
	at, n int
	fill  string
}

func (h hole) in(text string) string {
	return text[:h.at] + strings.Repeat(h.fill, h.n) + text[h.at+h.n:]
}

// survivors returns the records of a sample that a hole must not cost: those before it, and
// those that begin a line after it. If a line begins with it, the array may have ended there,
// for all that is known.
func (h hole) survivors(s sample) (want []string) {
	before := 0
	for _, r := range s.records {
		line := strings.LastIndexByte(s.text[:r.start], '\n')
		switch {
		case r.end <= h.at:
			before++
			want = append(want, r.compact)
		case before >= 2 && h.mayEndArray(s.text):
			return want
		case before >= 2 && line >= h.at+h.n:
			want = append(want, r.compact)
		}
	}
	return want
}

// mayEndArray reports whether a line with less indentation than an element begins with the
// hole or after it. Nothing follows the root array, so that such a line does not end it.
func (h hole) mayEndArray(text string) bool {
	start := strings.LastIndexByte(text[:h.at], '\n') + 1
	begins := strings.Trim(text[start:h.at], " \t") == ""
	if text[0] == '[' {
		return begins && h.fill == "}" // which may end an element
	}
	return begins && (h.n > 1 || h.fill == "" || strings.Contains("]}\"", h.fill)) || h.n > 9 || h.fill == "\n" || h.fill == "" && strings.Contains(text[h.at:h.at+h.n], "\n")
}

func (p *place) salvageHole(s sample, h hole) {
	p.Helper()
	damaged := h.in(s.text)
	r, err := p.run(damaged, Options{Salvage: true})
	want := h.survivors(s)
	if err != nil {
		if h.at > s.records[0].end {
			p.Fatalf("%+v: %v\n%s", h, err, damaged)
		}
		return
	}
	got := p.texts()
	if h.at < s.records[0].start && p.layout().Records == streamName {
		return // what opened the array is damaged, so that lines are records
	}
	var known []string
	for _, r := range s.records {
		known = append(known, r.compact)
	}
	next, foreign := 0, 0
	for _, text := range got {
		if next < len(want) && text == want[next] {
			next++
		} else if !slices.Contains(known, text) {
			foreign++
		}
	}
	// A long hole may join the beginning of a record and a part of it, so that both are valid.
	// Of fewer than two records, the indentation is not known.
	if next < len(want) || foreign > 1 && h.n < 10 && h.at >= s.records[1].end {
		p.Errorf("%+v: records %.900q, want those of %.900q\n%s", h, got, want, damaged)
	}
	wantText(p, "export and quarantine", p.restored(), damaged)
	if r.Salvaged && r.Pieces != len(p.pieces()) {
		p.Errorf("%+v: %d pieces, the receipt has %d", h, len(p.pieces()), r.Pieces)
	}
	if p.Failed() {
		p.FailNow()
	}
}

// Damage in an array whose elements begin lines of their own costs the elements that it is
// in. What is inside an element, or in another array, never becomes a record.
func TestSalvageEachHole(t *testing.T) {
	for _, s := range elementSources() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			for at := 1; at < len(s.text); at += testutil.Rounds(29, 3) {
				for _, h := range []hole{{at, 1, "x"}, {at, 1, "\""}, {at, 1, "}"}, {at, 1, "]"}, {at, 1, "\n"}, {at, 1, ""}, {at, 7, "\x00"}, {at, 40, ""}} {
					if h.n = min(h.n, len(s.text)-at); s.text[at:at+h.n] != h.fill {
						p.salvageHole(s, h)
					}
				}
			}
		})
	}
}

func TestSalvageArray(t *testing.T) {
	a, b, c, d := `{"timestamp":1748448862,"m":[{"id":1}]}`, `{"timestamp":1748448863,"m":[]}`, `{"timestamp":1748448864}`, `{"timestamp":1748448865}`
	for _, s := range []struct {
		name, text string
		records    []string
		pieces     []string
	}{
		{"an element", "[\n" + a + ",\n" + b + ",\n{!},\n" + c + "\n]\n", []string{a, b, c}, []string{"{!},\n"}},
		{"two places", "[\n" + a + ",\n" + b + ",\n{!},\n" + c + ",\n{?},\n" + d + "\n]\n", []string{a, b, c, d}, []string{"{!},\n", "{?},\n"}},
		{"the comma", "[\n" + a + ",\n" + b + "!\n" + c + "\n]\n", []string{a, b, c}, []string{"!\n"}},
		{"no comma", "[\n" + a + ",\n" + b + "\n" + c + "\n]\n", []string{a, b, c}, []string{"\n"}},
		{"the last element, too", "[\n" + a + ",\n" + b + ",\n!\n" + c + ",\n{\"a\n]\n", []string{a, b, c}, []string{",\n!\n", "{\"a\n]\n"}},
		{"the end is missing, too", "[\n" + a + ",\n" + b + ",\n{!},\n" + c + ",\n" + d[:9], []string{a, b, c}, []string{"{!},\n", d[:9]}},
		{"what follows the array, too", "{\"history\":[\n " + a + ",\n " + b + ",\n {!},\n " + c + "\n],\"x\":!}", []string{a, b, c}, []string{" {!},\n", "\n],\"x\":!}"}},
		{"the same indentation inside", "[\n" + a + ",\n{\"m\":[\n{\"id\":1}\n]},\n{!},\n" + c + "\n]\n", []string{a, `{"m":[{"id":1}]}`}, nil},
		{"one line", "[" + a + "," + b + ",{!}," + c + "]", []string{a, b}, nil},
	} {
		t.Run(s.name, func(t *testing.T) {
			newPlace(t).salvages(s.text, s.records, s.pieces)
		})
	}
}
