package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// batches are records of several sizes, one every three minutes, but for a
// stall after the 300th.
func batches(n int) string {
	var b strings.Builder
	at := time.Date(2025, 5, 28, 16, 0, 0, 0, time.UTC)
	for i := range n {
		if i == 300 {
			at = at.Add(5 * time.Hour)
		}
		fmt.Fprintf(&b, `{"timestamp":%q,"x":%q}`+"\n", at.Format(time.RFC3339), strings.Repeat("x", 20+i*i%173))
		at = at.Add(3 * time.Minute)
	}
	return b.String()
}

// TestPage looks at a page as people do: wide, dark, on a phone, on paper; it
// sorts its tables and moves over its charts.
func TestPage(t *testing.T) {
	b, dir := newBrowser(t), t.TempDir()
	runHistlog(t, dir, batches(1000), "migrate", "--records=", "--segment-size", "9000", "-", "log")
	b.open(t, dir, "html", "inspect", "log")
	b.show(t, "light")
	if title := evaluate[string](t, b, `document.title`); title != "log · histlog" {
		t.Errorf("the title is %q", title)
	}
	if text := evaluate[string](t, b, `document.querySelector(".verdict").innerText`); !strings.HasPrefix(text, "OK last record ") || !strings.Contains(text, "one every 3m00s · 0 damaged · quarantine empty") {
		t.Errorf("the verdict is %q", text)
	}
	for mark, least := range map[string]int{".bar": 100, ".bar.bad": 1, ".band": 1, ".mean": 1, ".stall": 3, ".limit": 1} {
		count := fmt.Sprintf(`[...document.querySelectorAll("svg %s")].filter(m => m.getBoundingClientRect().width > 0).length`, mark)
		if n := evaluate[int](t, b, count); n < least {
			t.Errorf("%d marks are %s", n, mark)
		}
	}
	t.Run("sort", func(t *testing.T) { sortTables(t, b) })
	t.Run("point", func(t *testing.T) { pointAt(t, b) })
	t.Run("views", func(t *testing.T) { viewPage(t, b) })
}

// sortTables clicks every header of the segments' table, twice.
func sortTables(t *testing.T, b *browser) {
	const table = `[...document.querySelectorAll("section")].find(s => s.querySelector("h2")?.textContent === "Segments").querySelector("table")`
	rows := evaluate[int](t, b, table+`.tBodies[0].rows.length`)
	columns := evaluate[int](t, b, table+`.tHead.rows[0].cells.length`)
	if rows < 10 || columns != 8 {
		t.Fatalf("%d rows, %d columns", rows, columns)
	}
	texts := false // numbers that sort otherwise than their texts
	for i := range columns {
		head := fmt.Sprintf(`%s.tHead.rows[0].cells[%d]`, table, i)
		cells := fmt.Sprintf(`[...%s.tBodies[0].rows].map(r => r.cells[%d])`, table, i)
		for _, order := range []string{"ascending", "descending"} {
			b.do(t, chromedp.Click(chromedp.JSPath(head+`.firstElementChild`)))
			if got := evaluate[string](t, b, head+`.getAttribute("aria-sort")`); got != order {
				t.Errorf("column %d is %q, want %s", i, got, order)
			}
			if n := evaluate[int](t, b, table+`.querySelectorAll("[aria-sort]").length`); n != 1 {
				t.Errorf("%d columns are sorted", n)
			}
			sorted := false
			if evaluate[string](t, b, head+`.className`) == "text" {
				got := evaluate[[]string](t, b, cells+`.map(c => c.textContent)`)
				sorted = isOrdered(got, order)
			} else {
				got := evaluate[[]float64](t, b, cells+`.map(c => Number(c.dataset.value))`)
				sorted = isOrdered(got, order)
				texts = texts || !isOrdered(evaluate[[]string](t, b, cells+`.map(c => c.textContent)`), order)
			}
			if !sorted {
				t.Errorf("column %d is not %s", i, order)
			}
		}
	}
	if !texts {
		t.Error("no column tells numbers from texts")
	}
}

func isOrdered[T float64 | string](all []T, order string) bool {
	if order == "descending" {
		slices.Reverse(all)
	}
	return slices.IsSorted(all)
}

// pointAt moves the pointer over a chart, which says what is there, and away.
func pointAt(t *testing.T, b *browser) {
	const said = `document.querySelector("figure output").textContent`
	usual := evaluate[string](t, b, said)
	b.pointAt(t, 0, 0)
	if got := evaluate[string](t, b, said); !strings.HasPrefix(got, "2025-05-28 16:00: ") || !strings.Contains(got, ", mean ") {
		t.Errorf("on the first mark: %q", got)
	}
	b.do(t, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 1, 1))
	if got := evaluate[string](t, b, said); got != usual {
		t.Errorf("away from it: %q, want %q", got, usual)
	}
}

// viewPage asks for dark colours, a phone and paper.
func viewPage(t *testing.T, b *browser) {
	const back = `getComputedStyle(document.body).backgroundColor`
	dark := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}
	bright := evaluate[string](t, b, back)
	call(t, b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: dark})
	if got := evaluate[string](t, b, back); got == bright {
		t.Errorf("dark and light are %s", got)
	}
	b.show(t, "dark")
	call(t, b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print", Features: dark})
	if got := evaluate[string](t, b, back); got != bright {
		t.Errorf("paper is %s, want %s", got, bright)
	}
	const phone = 390
	call(t, b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	b.do(t, chromedp.EmulateViewport(phone, 844))
	if got := evaluate[int](t, b, `document.documentElement.scrollWidth`); got > phone {
		t.Errorf("on a phone it is %d pixels wide", got)
	}
	b.show(t, "phone")
}

// TestPageHostile shows a log whose names, settings, notes and receipt are full
// of markup: nothing of it runs, and all of it is there to read.
func TestPageHostile(t *testing.T) {
	b, outer := newBrowser(t), t.TempDir()
	const evil = `</title></style></script><script>window.ran=1</script>"'><img src=x onerror=window.ran=1><svg onload="window.ran=1">{{.}}` + "`${ran=1}`<!--"
	dir := strings.ReplaceAll(evil, "/", "")
	runHistlog(t, outer, batches(400), "migrate", "--records=", "--segment-size", "9000", "-", "log")
	runHistlog(t, outer, "", "config", "--yes", "log", "maintain=manual", "max-age=9999d", "archive-to="+evil)
	in := func(name string) string { return filepath.Join(outer, "log", name) }
	receipt, err := os.ReadFile(in("origin/receipt.json"))
	if err != nil {
		t.Fatal(err)
	}
	quoted := strings.ReplaceAll(evil, `"`, `\"`)
	for name, text := range map[string]string{
		"origin/receipt.json": strings.NewReplacer(`"source": "-"`, `"source": "`+quoted+`"`, `"source_sha256": "`, `"source_sha256": "`+quoted, `"verified": "`, `"verified": "`+quoted).Replace(string(receipt)),
		"UPKEEP":              `{"upkeep":{"failed":"2025-05-30T07:12:00Z","error":"` + quoted + `"}}`,
		"LOCK":                fmt.Sprintf(`{"pid":%d,"command":"%s","since":"2025-05-30T07:12:00Z"}`, os.Getpid(), quoted),
		"quarantine/" + dir:   "x",
	} {
		if err := os.MkdirAll(filepath.Dir(in(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(in(name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(filepath.Join(outer, "log"), filepath.Join(outer, dir)); err != nil {
		t.Fatal(err)
	}
	b.open(t, outer, "html", "inspect", dir)
	b.show(t, "hostile")
	if evaluate[bool](t, b, `"ran" in window`) {
		t.Error("it ran")
	}
	if n := evaluate[int](t, b, `document.querySelectorAll("img, script:not(:last-of-type), svg[onload]").length`); n != 0 {
		t.Errorf("%d elements were made of it", n)
	}
	if got := evaluate[string](t, b, `document.querySelector("h1").textContent`); got != dir {
		t.Errorf("the heading is %q", got)
	}
	text := evaluate[string](t, b, `document.body.textContent`)
	if n := strings.Count(text, evil); n < 6 { // archive-to twice, the upkeep's error, the writer, the source and the digest in the receipt
		t.Errorf("it is shown %d times", n)
	}
	if !strings.Contains(text, "quarantine/"+dir) {
		t.Error("the quarantine's file is not shown")
	}
}
