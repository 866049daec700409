package migrate

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
)

// foreignLayouts are sources of each kind: with records in an array, below a pattern, in a
// stream, and without records.
var foreignLayouts = []struct{ at, text string }{
	{"", `{"n":1, "history": [{"a": 1, "b": []}, {"a": [2, 3]}], "m": {}}`},
	{"/*", `{"a": [1], "b": [2, 3], "c": []}`},
	{"/x/*/*", "{\"x\": {\n  \"k\": {\"a\": 1},\n  \"l\": {\"a\": 2,\n\"b\":3}}}"},
	{"", "{\"a\": 1}\n{\"a\": [2]}\n\n{}\n"},
	{"", `{"history": [], "n": 1}`},
	{"/x/*", `{"x": {}, "n": 1}`},
}

// layoutOf migrates a source, and returns the name of its layout, which has no checksum then.
func (p *place) layoutOf(n int) string {
	p.Helper()
	c := foreignLayouts[n]
	p.migrated(c.text, recordsAt(p, c.at))
	return p.former()
}

// exportOf exports the log to out.
func (p *place) exportOf(out io.Writer) error {
	l := p.log()
	_, err := Export(out, l, Original, records(l, 0))
	return err
}

// A layout that no migration has written is an error that names its file and member.
func TestForeignLayout(t *testing.T) {
	for _, c := range []struct {
		source   int    // index in foreignLayouts
		old, new string // an old of "" is all of the file
		member   string // in the error
	}{
		{0, `"depth": 2`, `"depth": -1`, "depth"},
		{0, `"depth": 2`, `"depth": 2000000000`, "depth"},
		{0, `"depth": 2`, `"depth": 1e99`, "depth"},
		{0, `"depth": 2`, `"depth": 9`, "depth"},
		{3, `"depth": 0`, `"depth": 1`, "depth"},
		{4, `"depth": 2`, `"depth": -2`, "depth"},
		{0, `"count": 2`, `"count": -1`, "count"},
		{0, `"count": 2`, `"count": 1e30`, "count"},
		{0, `"count": 2`, `"count": 18446744073709551615`, "count"},
		{0, `"empty": false`, `"empty": true`, "empty"},
		{4, `"count": 0`, `"count": 5`, "empty"},
		{0, `"/history"`, `"history"`, "records"},
		{0, `"/history"`, `["/history"]`, "records"},
		{1, `"pattern": "/*"`, `"pattern": "/a"`, "pattern"},
		{1, `"pattern": "/*"`, `"pattern": "*"`, "records"},
		{1, `"from": 1`, `"from": -1`, "from"},
		{1, `"from": 1`, `"from": 1000`, "from"},
		{1, `"to": `, `"to": -`, "to"},
		{1, `"to": `, `"to": 9`, "to"},
		{5, `"to": `, `"to": 9`, "to"},
		{5, `"to": 7`, `"to": 6`, "to"},
		{1, `"between": ", "`, `"between": "]}}]"`, "between"},
		{1, `"between": ", "`, `"between": "\"\\"`, "between"},
		{0, `"after_colon": " "`, `"after_colon": "x"`, "after_colon"},
		{0, `"indent": ""`, `"indent": "[["`, "indent"},
		{0, `"spaces": {`, `"style": {"indent": "` + strings.Repeat(" ", 1000) + `", "comma": ",", "colon": "x"}, "spaces_": {`, "colon"},
		{0, `"object": {`, `"object": [], "x": {`, "object"},
		{0, "", strings.Repeat(" ", 2*mib), layoutName},
		{0, "", `{"records":"` + strings.Repeat("/a", 2000) + `","depth":2001,"style":{"indent":"` + strings.Repeat(" ", 1000) + `"}}`, "indent"},
		{0, "", `{"records":"` + strings.Repeat("/a", 10_000) + `"}`, "levels"},
	} {
		p := newPlace(t)
		name := p.layoutOf(c.source)
		b, err := os.ReadFile(name)
		testutil.NoError(t, err)
		if !strings.Contains(string(b), c.old) {
			t.Fatalf("no %s in %s", c.old, b)
		}
		text := c.new
		if c.old != "" {
			text = strings.Replace(string(b), c.old, c.new, 1)
		}
		testutil.NoError(t, os.WriteFile(name, []byte(text), 0o644))
		err = p.exportOf(io.Discard)
		if !errors.Is(err, ErrOrigin) || !strings.Contains(err.Error(), c.member) || !strings.Contains(err.Error(), name) {
			t.Errorf("source %d, %s: %v", c.source, c.new, err)
		}
	}
}

// The end of a source whose suffix is missing is not left out.
func TestForeignLayoutWithoutSuffix(t *testing.T) {
	for n := range 4 {
		p := newPlace(t)
		name := filepath.Join(filepath.Dir(p.layoutOf(n)), suffixName)
		testutil.NoError(t, os.Remove(name))
		if err := p.exportOf(io.Discard); !errors.Is(err, ErrOrigin) || !strings.Contains(err.Error(), name) {
			t.Errorf("source %d: %v", n, err)
		}
	}
}

// A number of records that the log never had does not keep an export from ending.
func TestForeignLayoutCount(t *testing.T) {
	for n := range 4 {
		p := newPlace(t)
		name := p.layoutOf(n)
		b, err := os.ReadFile(name)
		testutil.NoError(t, err)
		_, count, _ := strings.Cut(string(b), `"count": `)
		count, _, _ = strings.Cut(count, ",")
		testutil.NoError(t, os.WriteFile(name, []byte(strings.Replace(string(b), `"count": `+count, `"count": 9223372036854775807`, 1)), 0o644))
		if err := p.exportOf(io.Discard); err != nil && !errors.Is(err, ErrOrigin) {
			t.Errorf("source %d: %v", n, err)
		}
	}
}

// A countingWriter counts bytes.
type countingWriter struct{ n int }

func (w *countingWriter) Write(p []byte) (int, error) {
	w.n += len(p)
	return len(p), nil
}

// An export ends whatever its layout is, without a panic, and is no larger than each token
// with the layout beside it.
func FuzzLayout(f *testing.F) {
	var logs []*place
	var names []string
	for n := range foreignLayouts {
		p := newPlace(f)
		names = append(names, p.layoutOf(n))
		p.add(`{"a":{"b":[4]}}`)
		logs = append(logs, p)
		b, err := os.ReadFile(names[n])
		testutil.NoError(f, err)
		f.Add(b, uint8(n))
	}
	f.Fuzz(func(t *testing.T, b []byte, n uint8) {
		const most = 16 << 10
		if len(b) > most {
			return
		}
		i := int(n) % len(logs)
		p := *logs[i]
		p.TB = t
		testutil.NoError(t, os.WriteFile(names[i], b, 0o644))
		var out countingWriter
		if err := p.exportOf(&out); err == nil && out.n > 1000+100*20*len(b) {
			t.Errorf("%d bytes with a layout of %d", out.n, len(b))
		}
	})
}
