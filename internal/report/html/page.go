// Package html renders a report as one HTML page with charts and sortable tables. The
// page is self-contained: it loads nothing, and its content security policy lets no
// script run but its own.
package html

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"github.com/dustin/go-humanize/english"
	"github.com/histlog/histlog/internal/plot"
	"github.com/histlog/histlog/internal/report"
	"github.com/histlog/histlog/internal/survey"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
)

// pageFiles are the template, the style and the script of the page.
//
//go:embed *.html *.svg *.css *.js
var pageFiles embed.FS

// A frame is what every page has. The templates escape all of it except Style and
// Script, which come from pageFiles. Should an escape fail, Policy still lets nothing
// run but them.
type frame struct {
	Name, Made, Zone, Version string
	Policy                    string
	Style                     template.CSS
	Script                    template.JS
	Charts                    *chartSet
}

// A page is the data of the page of a log.
type page struct {
	frame
	Verdict pageSpan
	Why     string
	Wrong   []pageSpan
	Tiles   []tile
	Facts   []pageFact
	Tables  []table
	Lists   []list
}

// A pageSpan is a span whose style is a CSS class.
type pageSpan struct{ Text, Class string }

type tile struct{ Value, Label string }

type pageFact struct {
	Label string
	Said  []pageSpan
}

// A list is a table of two columns.
type list struct {
	Title string
	Pairs []pair
}

type pair struct{ Key, Value string }

// Write writes the page of a report, with the charts of p if it is not nil. version is that
// of the program.
func Write(out io.Writer, r *report.Report, p *plot.Plot, version string) error {
	data := pageOf(r, version)
	data.Charts = chartsOf(r, p)
	return execute(out, "page.html", &data.frame, &data)
}

// execute completes f, which is the frame of data, and executes a template.
func execute(out io.Writer, name string, f *frame, data any) error {
	chartStyle, err := pageFiles.ReadFile("chart.css")
	if err != nil {
		return err
	}
	style, err := pageFiles.ReadFile("page.css")
	if err != nil {
		return err
	}
	script, err := pageFiles.ReadFile("page.js")
	if err != nil {
		return err
	}
	t, err := template.ParseFS(pageFiles, "*.html")
	if err != nil {
		return err
	}
	style = slices.Concat(chartStyle, style)
	f.Style, f.Script = template.CSS(style), template.JS(script)
	f.Policy = fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; img-src data:; base-uri 'none'; form-action 'none'", hashed(style), hashed(script))
	return t.ExecuteTemplate(out, name, data)
}

// hashed returns the source expression of text in a content security policy.
func hashed(text []byte) string {
	sum := sha256.Sum256(text)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func pageOf(r *report.Report, version string) page {
	word, why := r.Headline()
	p := page{
		frame:   frame{Name: term.Safe(nameOf(r.Log.Dir)), Made: r.Now.In(r.Zone).Format("2006-01-02 15:04:05"), Zone: r.ZoneText(), Version: version},
		Verdict: onPage(word), Why: why, Tiles: tiles(r),
		Tables: []table{stallTable(r), segmentTable(r)},
		Lists:  []list{settingsList(r)},
	}
	for _, d := range r.Damage {
		p.Wrong = append(p.Wrong, onPage(term.Bad.Spanf("%v", d)))
	}
	for _, text := range r.Notices() {
		p.Wrong = append(p.Wrong, onPage(term.Warn.Spanf("%s", text)))
	}
	p.Wrong = shortened(p.Wrong)
	for _, f := range r.Facts() {
		parts := make([]pageSpan, len(f.Parts))
		for i, s := range f.Parts {
			parts[i] = onPage(s)
		}
		p.Facts = append(p.Facts, pageFact{f.Label, parts})
	}
	if r.Receipt != nil {
		p.Lists = append(p.Lists, receiptList(r))
	}
	return p
}

// nameOf returns the name of the directory of a log.
func nameOf(dir string) string {
	if whole, err := filepath.Abs(dir); err == nil {
		dir = whole
	}
	return filepath.Base(dir)
}

// shortened limits the problems to as many as a page can show.
func shortened(all []pageSpan) []pageSpan {
	const maxShown = 50
	if n := len(all) - maxShown; n > 0 {
		all = append(all[:maxShown:maxShown], pageSpan{Text: fmt.Sprintf("… %d more: histlog inspect --json lists them", n)})
	}
	return all
}

func onPage(s term.Span) pageSpan {
	class := map[term.Style]string{term.Good: "good", term.Warn: "late", term.Bad: "bad", term.Dim: "soft"}[s.Style]
	return pageSpan{term.Safe(s.Text), class}
}

func tiles(r *report.Report) []tile {
	s := r.Survey
	tiles := []tile{
		{term.Count(s.Records), english.PluralWord(int(s.Records), "record", "")},
		{term.Bytes(r.Survey.DiskBytes), "on disk for " + term.Bytes(int64(s.PlainBytes)) + " of records"},
	}
	if s.Records > 0 {
		tiles = append(tiles, tile{term.Duration(s.Last.Sub(s.First)), "from the first to the last"}, tile{term.Bytes(int64(s.MedianSize)), "median size, " + term.Bytes(int64(s.MaxSize)) + " at most"})
	}
	if s.Cadence > 0 {
		tiles = append(tiles, tile{term.Duration(s.Cadence), "usual gap"},
			tile{term.Count(s.StallCount), english.PluralWord(int(s.StallCount), "stall", "") + " of over " + term.Duration(survey.StallAfter(s.Cadence))},
			tile{term.Bytes(int64(r.PerDay())), "growth in a day"})
	}
	return append(tiles, tile{term.Bytes(int64(r.Free)), "of disk free"})
}

func settingsList(r *report.Report) list {
	l := list{Title: "Settings"}
	for _, key := range slices.Sorted(slices.Values(segment.SettingKeys())) {
		text := cmp.Or(r.Log.Marker.Settings.Get(key), "not set")
		l.Pairs = append(l.Pairs, pair{key, term.Safe(text)})
	}
	return l
}

// receiptList shows the members of the receipt as they are stored.
func receiptList(r *report.Report) list {
	l := list{Title: "Receipt of the migration"}
	b, err := json.Marshal(r.Receipt)
	var members map[string]any
	if err == nil {
		err = json.Unmarshal(b, &members)
	}
	if err != nil {
		return l
	}
	for _, key := range slices.Sorted(maps.Keys(members)) {
		if members[key] != nil {
			l.Pairs = append(l.Pairs, pair{key, term.Safe(valueText(members[key]))})
		}
	}
	return l
}

func valueText(v any) string {
	if n, ok := v.(float64); ok && n == float64(int64(n)) {
		return fmt.Sprintf("%d", int64(n))
	}
	return fmt.Sprint(v)
}
