package main

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
	"github.com/histlog/histlog/internal/survey"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
)

// pageFiles are what a page is made of: one template, one style, one script.
//
//go:embed page
var pageFiles embed.FS

// page is what the template shows. All of it is text that the template
// escapes, but the style and the script, which come from pageFiles. Should an
// escape fail even so, the page's own policy lets nothing run but them.
type page struct {
	Name, Made, Zone, Version string
	Policy                    string
	Style                     template.CSS
	Script                    template.JS
	Verdict                   pageSpan
	Why                       string
	Wrong                     []pageSpan
	Tiles                     []tile
	Charts                    []chart
	Facts                     []pageFact
	Tables                    []table
	Lists                     []list
}

// pageSpan is a span whose style is a class.
type pageSpan struct{ Text, Class string }

type tile struct{ Value, Label string }

type pageFact struct {
	Label string
	Said  []pageSpan
}

// list is a table of two columns.
type list struct {
	Title string
	Pairs []pair
}

type pair struct{ Key, Value string }

// page writes all of it as one HTML page.
func (v *view) page(out io.Writer) error {
	style, err := pageFiles.ReadFile("page/page.css")
	if err != nil {
		return err
	}
	script, err := pageFiles.ReadFile("page/page.js")
	if err != nil {
		return err
	}
	t, err := template.ParseFS(pageFiles, "page/page.html")
	if err != nil {
		return err
	}
	p := v.pageText()
	p.Style, p.Script = template.CSS(style), template.JS(script)
	p.Policy = fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; img-src data:; base-uri 'none'; form-action 'none'", hashed(style), hashed(script))
	return t.Execute(out, p)
}

// hashed names a text in a content security policy.
func hashed(text []byte) string {
	sum := sha256.Sum256(text)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func (v *view) pageText() page {
	word, why := v.verdict()
	p := page{
		Name: term.Safe(nameOf(v.log.Dir)), Made: v.now.In(v.zone).Format("2006-01-02 15:04:05"), Zone: v.zoneText(), Version: versionText(),
		Verdict: onPage(word), Why: why, Tiles: v.tiles(), Charts: v.charts(),
		Tables: []table{v.stallTable(), v.segmentTable()},
		Lists:  []list{v.settingsList()},
	}
	for _, d := range v.damage {
		p.Wrong = append(p.Wrong, onPage(term.Bad.Spanf("%v", d)))
	}
	for _, text := range v.notices() {
		p.Wrong = append(p.Wrong, onPage(term.Warn.Spanf("%s", text)))
	}
	p.Wrong = shortened(p.Wrong)
	for _, f := range v.facts() {
		said := make([]pageSpan, len(f.said))
		for i, s := range f.said {
			said[i] = onPage(s)
		}
		p.Facts = append(p.Facts, pageFact{f.label, said})
	}
	if v.receipt != nil {
		p.Lists = append(p.Lists, v.receiptList())
	}
	return p
}

// nameOf returns the name of a log's directory.
func nameOf(dir string) string {
	if whole, err := filepath.Abs(dir); err == nil {
		dir = whole
	}
	return filepath.Base(dir)
}

// shortened leaves so many of what is wrong that a page can show.
func shortened(all []pageSpan) []pageSpan {
	const most = 50
	if n := len(all) - most; n > 0 {
		all = append(all[:most:most], pageSpan{Text: fmt.Sprintf("… %d more: histlog inspect --json lists them", n)})
	}
	return all
}

func onPage(s term.Span) pageSpan {
	class := map[term.Style]string{term.Good: "good", term.Warn: "late", term.Bad: "bad", term.Dim: "soft"}[s.Style]
	return pageSpan{term.Safe(s.Text), class}
}

func (v *view) tiles() []tile {
	s := v.survey
	tiles := []tile{
		{term.Count(s.Records), english.PluralWord(int(s.Records), "record", "")},
		{term.Bytes(v.survey.DiskBytes), "on disk for " + term.Bytes(int64(s.PlainBytes)) + " of records"},
	}
	if s.Records > 0 {
		tiles = append(tiles, tile{term.Duration(s.Last.Sub(s.First)), "from the first to the last"}, tile{term.Bytes(int64(s.MedianSize)), "median size, " + term.Bytes(int64(s.MaxSize)) + " at most"})
	}
	if s.Cadence > 0 {
		tiles = append(tiles, tile{term.Duration(s.Cadence), "usual gap"},
			tile{term.Count(s.StallCount), english.PluralWord(int(s.StallCount), "stall", "") + " of over " + term.Duration(survey.StallAfter(s.Cadence))},
			tile{term.Bytes(int64(v.perDay())), "growth in a day"})
	}
	return append(tiles, tile{term.Bytes(int64(v.free)), "of disk free"})
}

func (v *view) settingsList() list {
	l := list{Title: "Settings"}
	for _, key := range slices.Sorted(slices.Values(segment.SettingKeys())) {
		text := cmp.Or(v.log.Marker.Settings.Get(key), "not set")
		l.Pairs = append(l.Pairs, pair{key, term.Safe(text)})
	}
	return l
}

// receiptList shows the receipt as it stands, member by member.
func (v *view) receiptList() list {
	l := list{Title: "Receipt of the migration"}
	b, err := json.Marshal(v.receipt)
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
