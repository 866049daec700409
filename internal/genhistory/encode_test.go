package genhistory

import (
	"bytes"
	"os/exec"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
)

func TestAppendHundredths(t *testing.T) {
	for n, want := range map[int]string{
		0: "0.0", 73: "0.73", -25: "-0.25", 300: "3.0", 270: "2.7", 5: "0.05", -1275: "-12.75", 75900: "759.0", 90: "0.9",
	} {
		if got := string(appendHundredths(nil, n)); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}

func TestAppendString(t *testing.T) {
	for s, want := range map[string]string{
		"":                    `""`,
		"Águilas 横浜":          `"Águilas 横浜"`,
		`a"b\c`:               `"a\"b\\c"`,
		"\b\f\n\r\t\x00\x1f/": `"\b\f\n\r\t\u0000\u001f/"`,
		"\x7f\u2028<>&":       "\"\x7f\u2028<>&\"",
	} {
		if got := string(appendString(nil, s)); got != want {
			t.Errorf("%q is %s, want %s", s, got, want)
		}
	}
}

func TestEncoderLayout(t *testing.T) {
	for indent, want := range map[Indent]string{
		IndentDefault: "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}",
		IndentNone:    `{"a": [1, {}], "b": []}`,
		IndentCompact: `{"a":[1,{}],"b":[]}`,
		IndentZero:    "{\n\"a\": [\n1,\n{}\n],\n\"b\": []\n}",
		3:             "{\n   \"a\": [\n      1,\n      {}\n   ],\n   \"b\": []\n}",
	} {
		e := newEncoder(indent)
		e.beginObject()
		e.key("a")
		e.beginArray()
		e.int(1)
		writeEmpty(e)
		e.endArray()
		e.key("b")
		e.beginArray()
		e.endArray()
		e.endObject()
		if string(e.buf) != want {
			t.Errorf("indent %d: %q, want %q", indent, e.buf, want)
		}
	}
}

func TestParseIndent(t *testing.T) {
	for s, want := range map[string]Indent{"none": IndentNone, "compact": IndentCompact, "0": IndentZero, "2": 2, "64": 64} {
		if got, err := ParseIndent(s); got != want || err != nil {
			t.Errorf("%q is %d, %v, want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"", "-1", "65", "tab"} {
		if _, err := ParseIndent(s); err == nil {
			t.Errorf("%q was accepted", s)
		}
	}
}

// TestPythonWritesTheSameBytes reads the output with Python's json module and
// has it written again.
func TestPythonWritesTheSameBytes(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("needs python3 to compare with its json module: ", err)
	}
	const script = `
import json, sys
text = sys.stdin.buffer.read().decode("utf-8")
lines = text.split("\n")[:-1] if sys.argv[1] == "ndjson" else [text]
for line in lines:
    again = json.dumps(json.loads(line), ensure_ascii=False, **eval(sys.argv[2]))
    if again != line:
        at = next((i for i, (a, b) in enumerate(zip(again, line)) if a != b), min(len(again), len(line)))
        sys.exit("differs at character %d: python %r, here %r" % (at, again[at-40:at+40], line[at-40:at+40]))
`
	cases := []struct {
		shape  Shape
		indent Indent
		dumps  string // arguments of json.dumps
	}{
		{ShapeHistory, IndentDefault, "dict(indent=2)"},
		{ShapeHistory, IndentNone, "dict()"},
		{ShapeHistory, IndentCompact, "dict(separators=(',', ':'))"},
		{ShapeHistory, IndentZero, "dict(indent=0)"},
		{ShapeHistory, 4, "dict(indent=4)"},
		{ShapeArray, IndentDefault, "dict(indent=2)"},
		{ShapeNDJSON, IndentDefault, "dict(separators=(',', ':'))"},
		{ShapeBatch, IndentDefault, "dict(indent=2)"},
	}
	for _, c := range cases {
		for _, size := range []int{2_000, testutil.Rounds(30_000, 300_000)} {
			in := generate(t, Options{Records: 12, BatchBytes: size, Seed: 4, Shape: c.shape, Indent: c.indent})
			cmd := exec.Command(python, "-c", script, string(c.shape), c.dumps)
			cmd.Stdin = bytes.NewReader(in)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s, %s, %d bytes: %v: %s", c.shape, c.dumps, size, err, out)
			}
		}
	}
}
