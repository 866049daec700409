package jsonscan

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/histlog/histlog/internal/testutil"
)

// corpus is the seed corpus of the fuzz targets, and the input of the plain tests.
var corpus = []string{
	``, ` `, `0`, `-0`, `01`, `-`, `1.`, `1.5`, `1e`, `1e5`, `1E+05`, `-1.25e-7`, `1e400`, `.5`, `+1`, `1 2`, `12"a"`,
	`true`, `false`, `null`, `tru`, `nul l`, `truefalse`, `NaN`, `Infinity`, `-Infinity`, `-Inf`, `[NaN,1]`,
	`""`, `"a`, `"\u00e9"`, `"\ud800"`, `"\u12G4"`, `"\x"`, "\"\x01\"", "\"é\"", "\"\xff\"", "\"\xe2\x82\"", "\"\xed\xa0\x80\"", `"😀 and more text than a word"`,
	`[]`, `[ ]`, `[1,2 , 3]`, `[1,]`, `[,1]`, `[1 2]`, `[`, `]`, `[[[]]]`, `[1}`,
	`{}`, `{ }`, `{"a":1}`, `{"a" : 1 , "b":[ {"c" :null} ]}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{1:2}`, `{"a":1]`, `{"a":1,"a":2}`,
	"{\r\n\t\"a\" : [\r\n 1 ]\r\n}", `{}{}`, `[] []`, `1,2`, "\x00", "[\x00]", "\xef\xbb\xbf{}",
	`{"timestamp": "2025-05-28T16:14:22.104113-04:00", "matches": {"a~b/c": {"odds": [0.73, -0.25, 3.0]}}}`,
}

// compactAll compacts all values of the stream, one on each line.
func compactAll(s *Scanner) (string, error) {
	var out []byte
	for {
		var err error
		if out, err = s.Value(out); err == io.EOF {
			return string(out), nil
		} else if err != nil {
			return string(out), err
		}
		out = append(out, '\n')
	}
}

func TestOneValue(t *testing.T) {
	for _, text := range corpus {
		checkAgainstOracles(t, []byte(text))
	}
}

// checkAgainstOracles compares the verdict and the compact form of one value with
// encoding/json and jsontext.
func checkAgainstOracles(t *testing.T, text []byte) {
	t.Helper()
	s := NewBytes(text, Options{})
	got, err := s.Value(nil)
	if err == nil {
		if _, more := s.Peek(); more != io.EOF {
			return // a stream of several values: for TestStream
		}
	}
	want := json.Valid(text) && utf8.Valid(text)
	if (err == nil) != want {
		t.Fatalf("%q: error %v, encoding/json says valid=%v", text, err, want)
	}
	strict := jsontext.Value(text)
	opts := []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
	if second := strict.IsValid(opts...) && utf8.Valid(text); second != want {
		t.Fatalf("%q: the oracles differ: encoding/json %v, jsontext %v", text, want, second)
	}
	if !want {
		return
	}
	var std bytes.Buffer
	if json.Compact(&std, text) != nil || std.String() != string(got) {
		t.Fatalf("%q: compact %q, encoding/json %q", text, got, std.String())
	}
	again := strict.Clone()
	if again.Compact(append(opts, jsontext.PreserveRawStrings(true))...) != nil || string(again) != string(got) {
		t.Fatalf("%q: compact %q, jsontext %q", text, got, again)
	}
}

func TestStream(t *testing.T) {
	for _, c := range []struct{ text, want, err string }{
		{"1 2\n3", "1\n2\n3\n", ""},
		{`{}{}[]"a""b"`, "{}\n{}\n[]\n\"a\"\n\"b\"\n", ""},
		{`12"a"`, "12\n\"a\"\n", ""},
		{`01`, "0", `invalid character '1' in a number at offset 1`},
		{`truefalse`, "true\n", `invalid character 'f' after a value at offset 4`},
		{`{"a":1} {"b":[1,x]}`, "{\"a\":1}\n{\"b\":[1,", `invalid character 'x' where a value should begin at offset 16 (/b/1)`},
		{`{"a/b":{"c":1 "d"`, `{"a/b":{"c":1`, `invalid character '"' where ',' or '}' should be at offset 14 (/a~1b/c)`},
		{`[1,[2,"abc`, `[1,[2,"abc`, `the text ends inside a value at offset 10 (/1/1)`},
		{`[NaN]`, `[`, `NaN is not a JSON number at offset 1 (/0)`},
	} {
		for name, r := range map[string]io.Reader{
			"whole": strings.NewReader(c.text),
			"bytes": iotest.OneByteReader(strings.NewReader(c.text)),
		} {
			got, err := compactAll(NewReader(r, Options{}))
			text := ""
			if err != nil {
				text = err.Error()
			}
			if got != c.want || text != c.err {
				t.Errorf("%s %q:\n got %q, %q\nwant %q, %q", name, c.text, got, text, c.want, c.err)
			}
		}
	}
}

// TestCutAnywhere reads each prefix of a text: only the complete text may pass.
func TestCutAnywhere(t *testing.T) {
	text := `{"a":[1,-2.5e+3,"x\u00e9\n😀",true,false,null,{"b":{}}],"":[]}`
	for n := range len(text) {
		_, err := NewBytes([]byte(text[:n]), Options{}).Value(nil)
		if n == 0 && err == io.EOF {
			continue
		}
		if !errors.Is(err, ErrCut) {
			t.Fatalf("%q: %v, want ErrCut", text[:n], err)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
		o                Options
	}{
		{"keep", `[NaN, Infinity, -Infinity]`, `[NaN,Infinity,-Infinity]`, Options{NonFinite: KeepNonFinite}},
		{"null", `[NaN, Infinity, -Infinity]`, `[null,null,null]`, Options{NonFinite: NullNonFinite}},
		{"string", `{"a": NaN, "b": -Infinity}`, `{"a":"NaN","b":"-Infinity"}`, Options{NonFinite: StringifyNonFinite}},
		{"top", `-Infinity`, `"-Infinity"`, Options{NonFinite: StringifyNonFinite}},
		{"many", "[" + strings.Repeat("NaN,", 50_000) + "0]", "[" + strings.Repeat(`"NaN",`, 50_000) + "0]", Options{NonFinite: StringifyNonFinite}},
		{"utf8", "[\"a\xffb\", \"\xe2\x82\", \"\xed\xa0\x80\"]", "[\"a\uFFFDb\",\"\uFFFD\",\"\uFFFD\uFFFD\uFFFD\"]", Options{InvalidUTF8: ReplaceUTF8}},
		{"utf8 many", `"` + strings.Repeat("\xff", 100_000) + `"`, `"` + strings.Repeat("\uFFFD", 100_000) + `"`, Options{InvalidUTF8: ReplaceUTF8}},
	} {
		for _, one := range []bool{false, true} {
			var r io.Reader = strings.NewReader(c.text)
			if one {
				r = iotest.OneByteReader(r)
			}
			got, err := compactAll(NewReader(r, c.o))
			if err != nil || got != c.want+"\n" {
				t.Errorf("%s: %.200q, %v; want %.200q", c.name, got, err, c.want)
			}
		}
	}
}

func TestDepth(t *testing.T) {
	deep := strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth)
	if got, err := compactAll(NewBytes([]byte(deep), Options{})); err != nil || got != deep+"\n" {
		t.Fatalf("depth %d: %v", MaxDepth, err)
	}
	_, err := compactAll(NewBytes([]byte(strings.Repeat(`{"a":`, MaxDepth+1)), Options{}))
	if !errors.Is(err, ErrDepth) {
		t.Fatalf("depth %d: %v, want ErrDepth", MaxDepth+1, err)
	}
}

func TestMaxBytes(t *testing.T) {
	for _, size := range []int{10, window, 1 << 20} {
		text := `"` + strings.Repeat("x", size-2) + `"`
		if _, err := NewBytes([]byte(text), Options{MaxBytes: int64(size)}).Value(nil); err != nil {
			t.Errorf("%d bytes of %d: %v", size, size, err)
		}
		out, err := NewBytes([]byte(text), Options{MaxBytes: int64(size - 1)}).Value(nil)
		if !errors.Is(err, ErrTooLarge) {
			t.Errorf("%d bytes of %d: %v, want ErrTooLarge", size, size-1, err)
		}
		if len(out) > size+window {
			t.Errorf("took %d bytes for a value of at most %d", len(out), size-1)
		}
	}
}

func TestCapture(t *testing.T) {
	for _, c := range []struct{ pointer, text, want string }{
		{"/timestamp", `{"timestamp": "now", "a": {"timestamp": 1}}`, `"now"`},
		{"/timestamp", `{"a": {"timestamp": 1}, "timestamp" : 17.5 }`, `17.5`},
		{"/timestamp", `{"a": 1}`, ``},
		{"/timestamp", `{"timestamp": {"x": 1}}`, ``},
		{"/timestamp", `{"timestamp": 1, "timestamp": 2}`, `2`},
		{"/timestamp", `{"time\u0073tamp": 3}`, `3`},
		{"/timestamp", `[1, 2]`, ``},
		{"/a/b", `{"x": {"b": 0}, "a": {"c": 1, "b": 2}, "y": {"b": 3}}`, `2`},
		{"/a/1/t", `{"a": [{"t": 0}, {"t": 1}, {"t": 2}]}`, `1`},
		{"/0", `[17, 18]`, `17`},
		{"/1", `{"1": "object"}`, `"object"`},
		{"", ` "whole" `, `"whole"`},
		{"/a~1b/~0", `{"a/b": {"~": true}}`, `true`},
		{".a.b", `{"a": {"b": null}}`, `null`},
		{"/*/t", `{"2025-05-01": {"x": 0, "t": 1}}`, `1`},
		{"/*/t", `{"a": {"x": 0}, "b": {"t": 1}}`, ``},
		{"/*/t", `{"a": {"t": 1}, "*": {"t": 2}}`, `1`},
		{"/*/t", `{"*": {"t": 2}}`, `2`},
		{"/*/t", `[{"t": 3}, {"t": 4}]`, `3`},
		{"/a/*/t", `{"b": {"x": {"t": 1}}, "a": {"x": {"t": 2}, "y": {"t": 3}}}`, `2`},
		{"/a/*", `{"a": {"x": 1, "y": 2}, "a": {"x": 3, "y": 4}}`, `3`},
		{"/*", `{"a": {"b": 1}, "c": 5}`, ``},
		{"/*/*", `{"a": {"b": 1}, "c": {"d": 2}}`, `1`},
		{"*", `{"2025-05-01": {"t": 1}, "b": 2}`, `"2025-05-01"`},
		{"*", `{"\u0041": 1}`, `"\u0041"`},
		{"*", `{}`, ``},
		{"*", `["a", {"b": 1}]`, ``},
		{"*/*", `{"BTC": {"2025-05-01": {"t": {"u": 1}}}}`, `"2025-05-01"`},
		{"*/*", `{"BTC": [{"a": 1}]}`, ``},
		{"*/*", `[{"a": 1}]`, `"a"`},
		{"*/*", `{"BTC": 1, "x": {"y": 2}}`, ``},
	} {
		p, err := ParseCapture(c.pointer)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range []bool{false, true} {
			var r io.Reader = strings.NewReader(c.text + " " + c.text)
			if one {
				r = iotest.OneByteReader(r)
			}
			s := NewReader(r, Options{Capture: p})
			for range 2 {
				out, err := s.Value([]byte("before"))
				if err != nil {
					t.Fatal(err)
				}
				if got := string(s.Captured(out)); got != c.want {
					t.Errorf("%s in %s: %q, want %q", c.pointer, c.text, got, c.want)
				}
			}
		}
	}
}

func TestTeeAndWalk(t *testing.T) {
	text := ` {"history" : [ {"a": 1} , {"b": 2} ] , "n": 2 } `
	for _, one := range []bool{false, true} {
		var r io.Reader = strings.NewReader(text)
		if one {
			r = iotest.OneByteReader(r)
		}
		s := NewReader(r, Options{})
		var prefix, suffix bytes.Buffer
		testutil.NoError(t, s.Tee(&prefix))
		expect(t, s, '{')
		name, err := s.Value(nil)
		testutil.NoError(t, err)
		expect(t, s, ':')
		expect(t, s, '[')
		testutil.NoError(t, s.Tee(nil))
		testutil.NoError(t, s.Skip())
		expect(t, s, ',')
		testutil.NoError(t, s.Skip())
		if _, err := s.Peek(); err != nil {
			t.Fatal(err)
		}
		testutil.NoError(t, s.Tee(&suffix))
		expect(t, s, ']')
		for {
			if _, err := s.Peek(); err == io.EOF {
				break
			}
			s.Next()
		}
		testutil.NoError(t, s.Tee(nil))
		if string(name) != `"history"` || prefix.String() != ` {"history" : [` || suffix.String() != `] , "n": 2 } ` {
			t.Errorf("%q %q %q", name, prefix.String(), suffix.String())
		}
	}
}

func expect(t *testing.T, s *Scanner, want byte) {
	t.Helper()
	if c, err := s.Peek(); err != nil || c != want {
		t.Fatalf("%q, %v; want %q", c, err, want)
	}
	s.Next()
}

func TestMembers(t *testing.T) {
	var got []string
	for m := range Members([]byte(`{"a":1,"b\"":[1,{"x":"]"}],"c":{},"d":"y"}`)) {
		got = append(got, string(m.Name)+"="+string(m.Value))
	}
	for m := range Members([]byte(`[1,[2],"3",null]`)) {
		got = append(got, string(m.Value))
	}
	want := `"a"=1 "b\""=[1,{"x":"]"}] "c"={} "d"="y" 1 [2] "3" null`
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

func TestNoAllocationPerToken(t *testing.T) {
	text := []byte(`{"a": [` + strings.Repeat("1.5, \"é\\n\", true, {\"b\": null}, ", 1000) + `0]}`)
	out := make([]byte, 0, 1<<20)
	n := testing.AllocsPerRun(10, func() {
		if _, err := NewBytes(text, Options{}).Value(out[:0]); err != nil {
			t.Fatal(err)
		}
	})
	if n > 4 {
		t.Errorf("%v allocations for 5000 tokens", n)
	}
}

func TestTooLargeText(t *testing.T) {
	for limit, want := range map[int64]string{100: "100 bytes", 256 << 20: "256MiB", 1 << 30: "1024MiB", 41_234_567: "39.3MiB"} {
		if got := tooLarge(limit); got != "value larger than "+want {
			t.Errorf("%d: %q, want %s", limit, got, want)
		}
	}
}

func TestParsePattern(t *testing.T) {
	for _, c := range []struct {
		text, want string
		stars      []int
	}{
		{"", "", nil},
		{"/history", "/history", nil},
		{"/history/*", "/history/*", []int{1}},
		{".history.*", "/history/*", []int{1}},
		{"/*/*", "/*/*", []int{0, 1}},
		{"/chats/list/*/messages", "/chats/list/*/messages", []int{2}},
		{"/a*/**/ *", "/a*/**/ *", nil},
	} {
		p, err := ParsePattern(c.text)
		if err != nil || p.String() != c.want || !slices.Equal(p.Stars(), c.stars) {
			t.Errorf("%q: %v, stars %v, %v; want %q, stars %v", c.text, p, p.Stars(), err, c.want, c.stars)
		}
		if p, err := ParsePointer(c.text); err != nil || p.Stars() != nil {
			t.Errorf("%q is a pointer with stars %v, %v", c.text, p.Stars(), err)
		}
	}
	for text, want := range map[string]string{
		".a[0]": "/a/0", `.a["b.c"][1].d`: "/a/b.c/1/d", `."a b"`: "/a b", ".a[].id": "/a/*/id", "./v": "/v", ".a/b": "/a/b", "..": ". for the whole value", ".[0]": "/0", ".a..b": "/a/b", ".a.": "/a",
	} {
		if err := CheckPath(text); err == nil || !strings.HasSuffix(err.Error(), ": write "+want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		if _, err := ParsePattern(text); err != nil { // a log may have it as its time field
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"", ".", ".a.b", "/a[0]", "/a/../b", "*"} {
		if err := CheckPath(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := ParsePattern("*"); err == nil {
		t.Error("a pattern without a slash has no error")
	}
	for _, text := range []string{"*", "*/*", "/*/*", "/a/*"} {
		if p, err := ParseCapture(text); err != nil || p.String() != text {
			t.Errorf("%q: %v, %v", text, p, err)
		}
	}
	for _, text := range []string{"*/a", "**", "*/", "*/*/x"} {
		if p, err := ParseCapture(text); err == nil {
			t.Errorf("%q: %v, want an error", text, p)
		}
	}
}

// What the caller puts around a value counts as a part of it.
func TestAround(t *testing.T) {
	for _, c := range []struct {
		text  string
		depth int
		bytes int64
		want  error
	}{
		{strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth), 0, 0, nil},
		{strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth), 1, 0, ErrDepth},
		{strings.Repeat("[", MaxDepth-1) + strings.Repeat("]", MaxDepth-1), 1, 0, nil},
		{`"` + strings.Repeat("x", 40_000) + `"`, 0, 9998, nil},
		{`"` + strings.Repeat("x", 40_000) + `"`, 0, 9999, ErrTooLarge},
	} {
		s := NewBytes([]byte(c.text), Options{MaxBytes: 50_000})
		s.Around(c.depth, c.bytes)
		if _, err := s.Value(nil); !errors.Is(err, c.want) {
			t.Errorf("%.10s with %d containers and %d bytes around: %v, want %v", c.text, c.depth, c.bytes, err, c.want)
		}
	}
}

func TestPointerBelow(t *testing.T) {
	for _, c := range []struct {
		pointer   string
		keys      []string
		rest, key string // rest "-" means none
	}{
		{"/t", nil, "/t", ""},
		{"/*/t", []string{`"a"`}, "/t", ""},
		{"/a/t", []string{`"a"`}, "/t", ""},
		{"/a/t", []string{`"b"`}, "-", ""},
		{"/*", []string{`"a"`}, "", ""},
		{"/*", []string{`"a"`, `"b"`}, "-", ""},
		{"/*/b/t", []string{`"a"`, `"\u0062"`}, "/t", ""},
		{"*", []string{`"a"`}, "-", `"a"`},
		{"*", []string{`"a"`, `"b"`}, "-", `"a"`},
		{"*/*", []string{`"a"`, `"b"`}, "-", `"b"`},
		{"*/*", []string{`"a"`}, "*", ""},
	} {
		p, err := ParseCapture(c.pointer)
		testutil.NoError(t, err)
		var keys [][]byte
		for _, k := range c.keys {
			keys = append(keys, []byte(k))
		}
		rest, key := p.Below(keys)
		if got := rest; (got == nil) != (c.rest == "-") || got != nil && got.String() != c.rest || string(key) != c.key {
			t.Errorf("%s below %s: %v and %s, want %s and %s", c.pointer, c.keys, rest, key, c.rest, c.key)
		}
	}
}

// CaptureIn finds in a compact value what a Scanner captures.
func TestCaptureIn(t *testing.T) {
	texts := []string{
		`1`, `"x"`, `{}`, `[]`, `{"a":1}`, `{"a":{}}`, `{"a":{"b":2}}`, `{"a":{"b":2},"a":{}}`, `{"a":{"b":2},"a":{"b":3}}`, `{"a":{"b":2},"a":5}`,
		`{"a":{"b":1,"b":[]}}`, `{"a":[7,8]}`, `{"a":{"0":9}}`, `[1,[2,3]]`, `[[4,5]]`, `[{"a":1},{"a":2}]`, `{"\u0061":1}`, `{"a/b":"y"}`, `{"0":1,"00":2}`,
		`{"a":null}`, `{"*":1,"a":2}`, `{"x":{"a":1},"a":{"a":2}}`, `{"x":[],"a":1}`, `{"x":[{"a":1}]}`, `{"x":{"y":{"a":3}},"z":4}`, `{"x":1,"x":2}`,
	}
	for _, at := range []string{"", "/a", "/a/b", "/a/0", "/0", "/0/1", "/a~1b", "/2", "/00", "*", "*/*", "/*", "/*/a", "/a/*", "/*/*/a", "/0/*"} {
		p, err := ParseCapture(at)
		testutil.NoError(t, err)
		for _, text := range texts {
			s := NewBytes([]byte(text), Options{Capture: p})
			out, err := s.Value(nil)
			testutil.NoError(t, err)
			if got, want := CaptureIn(out, p), s.Captured(out); string(got) != string(want) || (got == nil) != (want == nil) {
				t.Errorf("%q of %s: got %s, want %s", at, text, got, want)
			}
		}
	}
}
