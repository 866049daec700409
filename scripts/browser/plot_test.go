package browser

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// values are n records, one every three minutes, with their numbers at /n. The records after
// the 300th have none for a while.
func values(n int) string {
	var b strings.Builder
	at := time.Date(2025, 5, 28, 16, 0, 0, 0, time.UTC)
	for i := range n {
		number := fmt.Sprint(i)
		if i > 300 && i <= 400 {
			number = "null"
		}
		fmt.Fprintf(&b, `{"timestamp":%q,"n":%s,"</script><b>":%d}`+"\n", at.Add(time.Duration(i)*3*time.Minute).Format(time.RFC3339), number, i%7)
	}
	return b.String()
}

// pointAt moves the pointer over a chart of the page, to the given part of its width.
func (b *browser) pointAt(t *testing.T, figure int, part float64) (x, y float64) {
	t.Helper()
	frame := fmt.Sprintf(`document.querySelectorAll("figure .frame")[%d]`, figure)
	b.do(t, chromedp.ScrollIntoView(chromedp.JSPath(frame)))
	at := evaluate[[]float64](t, b, fmt.Sprintf(`(r => [r.x + r.width * %v, r.y + 60])(%s.getBoundingClientRect())`, part, frame))
	b.do(t, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at[0], at[1]))
	return at[0], at[1]
}

// drag presses the pointer at one part of a chart and releases it at another.
func (b *browser) drag(t *testing.T, figure int, from, to float64) {
	t.Helper()
	x, y := b.pointAt(t, figure, from)
	b.do(t, chromedp.MouseEvent(input.DispatchMouseEventTypeMousePressed, x, y, chromedp.ButtonLeft))
	x, y = b.pointAt(t, figure, to)
	b.do(t, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, x, y, chromedp.ButtonLeft))
}

// TestPlot points at values of a plot, zooms in by dragging, and shows all again.
func TestPlot(t *testing.T) {
	b, dir := newBrowser(t), t.TempDir()
	runHistlog(t, dir, values(1001), "migrate", "--records=", "-", "log")
	b.open(t, dir, "html", "plot", "log", "/n", "/<~1script><b>")
	b.show(t, "plot")
	said := func(figure int) string {
		return evaluate[string](t, b, fmt.Sprintf(`document.querySelectorAll("figure output")[%d].textContent`, figure))
	}
	if got := said(0); got != "901 values · min 0 · mean 516.593 · max 1,000 · last 1,000" {
		t.Errorf("the summary is %q", got)
	}
	if got := evaluate[string](t, b, `document.querySelectorAll("figcaption b")[1].textContent`); got != "/<~1script><b>" {
		t.Errorf("the second chart is called %q", got)
	}
	for _, c := range []struct {
		figure int
		part   float64
		want   string
	}{
		{0, 0, "2025-05-28 16:00:00: 0"},
		{0, .2, "2025-05-29 02:00:00: 200"},
		{0, .35, "2025-05-29 09:30:00: no number"},
		{0, .9999, "2025-05-30 18:00:00: 1,000"},
		{1, .2, "2025-05-29 02:00:00: 4"},
	} {
		if b.pointAt(t, c.figure, c.part); said(c.figure) != c.want {
			t.Errorf("at %v of chart %d: %q, want %q", c.part, c.figure, said(c.figure), c.want)
		}
	}
	boxes := func() []string {
		return evaluate[[]string](t, b, `[...document.querySelectorAll(".marks")].map(m => m.getAttribute("viewBox"))`)
	}
	ticks := func() string {
		return evaluate[string](t, b, `[...document.querySelector(".ticks").querySelectorAll("text")].map(t => t.textContent).join(" ")`)
	}
	shown := func(lines string) int {
		return evaluate[int](t, b, `[...document.querySelectorAll("`+lines+`")].filter(m => m.getBoundingClientRect().width > 0).length`)
	}
	if fine, coarse := shown(".fine"), shown(".coarse"); fine != 0 || coarse != 2 {
		t.Errorf("%d fine lines and %d coarse ones are shown", fine, coarse)
	}
	all, allTicks := boxes(), ticks()
	for name, back := range map[string]func(){
		"the button":   func() { b.do(t, chromedp.Click(chromedp.CSS(".hint button"))) },
		"Escape":       func() { b.do(t, chromedp.KeyEvent("\x1b")) },
		"double click": func() { x, y := b.pointAt(t, 1, .5); b.do(t, chromedp.MouseClickXY(x, y, chromedp.ClickCount(2))) },
	} {
		b.drag(t, 0, .2, .1) // from 20 to 10% of 50 hours
		if zoomed := boxes(); zoomed[0] == all[0] || zoomed[0] != zoomed[1] {
			t.Errorf("a drag makes %v of %v", zoomed, all)
		}
		if fine, coarse := shown(".fine"), shown(".coarse"); fine != 2 || coarse != 0 {
			t.Errorf("zoomed in, %d fine lines and %d coarse ones are shown", fine, coarse)
		}
		if got := ticks(); got != "2025-05-28 21:00 22:00 23:00 00:00 01:00 02:00" && got != "2025-05-28 21:00 22:00 23:00 00:00 01:00" {
			t.Errorf("zoomed in, the times are %q", got)
		}
		if b.pointAt(t, 1, .5); said(1) != "2025-05-28 23:30:00: 3" {
			t.Errorf("in the middle of what is zoomed: %q", said(1))
		}
		b.show(t, "plot-zoomed")
		if back(); fmt.Sprint(boxes()) != fmt.Sprint(all) || ticks() != allTicks {
			t.Errorf("%s: %v, %q, want %v, %q", name, boxes(), ticks(), all, allTicks)
		}
	}
	if b.drag(t, 0, .5, .5); boxes()[0] != all[0] {
		t.Errorf("a click makes %v of %v", boxes(), all)
	}
	viewPage(t, b)
}

// TestPlotBeside shows a plot beside the charts of a log, which are zoomed with it. The times
// are those of a zone that is not the browser's.
func TestPlotBeside(t *testing.T) {
	b, dir := newBrowser(t), t.TempDir()
	runHistlog(t, dir, values(1001), "migrate", "--records=", "-", "log")
	t.Setenv("TZ", "America/New_York")
	b.open(t, dir, "html", "inspect", "--plot", "/n", "--plot", "$bytes", "log")
	b.show(t, "plot-beside")
	titles := evaluate[string](t, b, `[...document.querySelectorAll("figcaption b")].map(b => b.textContent).join(", ")`)
	if titles != "/n, $bytes, Record size, Records per 15m, Longest gap" {
		t.Errorf("the charts are %s", titles)
	}
	b.drag(t, 2, .25, .5)
	if got := evaluate[string](t, b, `document.querySelectorAll(".ticks")[4].querySelector("text").textContent`); got != "2025-05-29 03:00" {
		t.Errorf("a quarter after the first time, at noon, the first label is %s", got)
	}
	b.pointAt(t, 0, .5)
	if got := evaluate[string](t, b, `document.querySelector("output").textContent`); got != "2025-05-29 06:51:00: no number" {
		t.Errorf("in the middle it says %q", got)
	}
	parts := evaluate[[]float64](t, b, `[...document.querySelectorAll(".marks")].map(m => m.viewBox.baseVal.x / m.viewBox.baseVal.width)`)
	for i, part := range parts {
		if part < .97 || part > 1.03 {
			t.Errorf("chart %d begins %v of its width after the first time", i, part)
		}
	}
}

// TestPicture opens a picture by itself, in light and dark.
func TestPicture(t *testing.T) {
	b, dir := newBrowser(t), t.TempDir()
	runHistlog(t, dir, values(1001), "migrate", "--records=", "-", "log")
	b.open(t, dir, "svg", "plot", "log", "/n", "/<~1script><b>")
	const back = `getComputedStyle(document.querySelector(".card")).fill`
	light := evaluate[string](t, b, back)
	b.show(t, "picture")
	if n := evaluate[int](t, b, `[...document.querySelectorAll(".mean")].filter(m => m.getBoundingClientRect().width > 500).length`); n != 2 {
		t.Errorf("%d lines are drawn", n)
	}
	if n := evaluate[int](t, b, `document.querySelectorAll("script, b").length`); n != 0 {
		t.Errorf("%d elements were made of a pointer", n)
	}
	if got := evaluate[string](t, b, `document.querySelector(".hit title").textContent`); got != "2025-05-28 16:00:00: 0" {
		t.Errorf("the first value is %q", got)
	}
	call(t, b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
	if got := evaluate[string](t, b, back); got == light {
		t.Errorf("dark and light are %s", got)
	}
	b.show(t, "picture-dark")
}
