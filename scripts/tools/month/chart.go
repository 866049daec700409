package main

import (
	"fmt"
	"math"
	"strings"
)

// The picture's measures, in points.
const (
	width, height = 780, 380
	left, right   = 70, 210
	top, bottom   = 40, 40
)

// indented is how many bytes a batch was in the old file.
const indented = 1.8e6

// svg draws what records and disk came to, on a logarithmic scale, over the days.
func (m *month) svg() string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">
<style>text{fill:#333}.grid{stroke:#8884;stroke-width:1}.line{fill:none;stroke-width:2.5}@media(prefers-color-scheme:dark){text{fill:#ddd}}</style>
<text x="%d" y="22" font-size="15">A batch of 1.8 MB every three minutes: bytes, by the day</text>
`, width, height, left)
	for exponent := 6; exponent <= 10; exponent++ {
		y := yOf(math.Pow10(exponent))
		fmt.Fprintf(&b, `<path class="grid" d="M%d %.1fH%d"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n",
			left, y, width-right, left-8, y+4, []string{"1 MB", "10 MB", "100 MB", "1 GB", "10 GB"}[exponent-6])
	}
	days := m.days(m.samples[len(m.samples)-1])
	for day := 0.0; day <= days; day += 5 {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%.0f</text>`+"\n", m.xOf(day), height-bottom+20, day)
	}
	for _, curve := range []struct {
		colour, name string
		value        func(sample) float64
	}{
		{"#b33", "as one indented file", func(s sample) float64 { return float64(s.records) * indented }},
		{"#c80", "as plain lines", func(s sample) float64 { return float64(s.plain) }},
		{"#28c", "the log on disk", func(s sample) float64 { return float64(s.disk) }},
		{"#595", "memory of the writer", func(s sample) float64 { return float64(s.rss) }},
	} {
		var path strings.Builder
		for i, s := range m.samples {
			fmt.Fprintf(&path, "%c%.1f %.1f", "ML"[min(i, 1)], m.xOf(m.days(s)), yOf(curve.value(s)))
		}
		end := curve.value(m.samples[len(m.samples)-1])
		fmt.Fprintf(&b, `<path class="line" stroke="%s" d="%s"/><text x="%d" y="%.1f" style="fill:%s">%s, %s</text>`+"\n",
			curve.colour, path.String(), width-right+8, yOf(end)+4, curve.colour, curve.name, bytesText(end))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func (m *month) days(s sample) float64 { return s.at.Sub(m.samples[0].at).Hours() / 24 }

func (m *month) xOf(day float64) float64 {
	return left + (width-left-right)*day/max(1, m.days(m.samples[len(m.samples)-1]))
}

// yOf places a number of bytes between 1 MB and 100 GB.
func yOf(n float64) float64 {
	share := (math.Log10(max(n, 1e6)) - 6) / 5
	return height - bottom - (height-top-bottom)*share
}

func bytesText(n float64) string {
	if n >= 1e9 {
		return fmt.Sprintf("%.1f GB", n/1e9)
	}
	return fmt.Sprintf("%.0f MB", n/1e6)
}
