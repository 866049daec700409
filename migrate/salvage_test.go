package migrate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// samples returns sources of several shapes.
func samples() []sample {
	objects := marked([]string{`{"t":"a\"\\é","v":[1,2.5]}`, `{"t":"]},{","v":[]}`, `{"t":null,"v":{}}`})
	nested := newSample("nested", pythonNone.dump(`{"a":{"x":[1],"b":[`+objects+`]},"c":true}`))
	nested.at = "/a/b"
	lines := newSample("ndjson", strings.ReplaceAll(objects, endMark+",", endMark+"\n")+"\n")
	lines.stream = true
	return []sample{
		newSample("history", indented("").dump(`{"version":1,"history":[`+objects+`],"total_entries":3,"x":["y"]}`)),
		newSample("array", spaces(1).dump(`[`+objects+`]`)+"\n"),
		newSample("one array of objects", pythonCompact.dump(`{"n":[2],"rows":[`+objects+`],"z":{"q":[{}]}}`)),
		newSample("numbers", spaces(2).dump(`[`+marked([]string{"-0", "1.0", "1e400", "true", "170"})+`]`)),
		newSample("strings", pythonCompact.dump(`{"history":[`+marked([]string{`"a"`, `"\ud800"`, `"\"]"`, `""`})+`]}`)),
		newSample("one value", spaces(2).dump(mark+`{"timestamp":1,"a":[1,[]]}`+endMark)+"\n"),
		nested,
		lines,
	}
}

// complete reports whether the sample's first n bytes are a complete source.
func (s sample) complete(n int) bool {
	if !s.stream {
		return strings.TrimSpace(s.text[n:]) == ""
	}
	for _, r := range s.records {
		if n > r.start && n < r.end {
			return false
		}
	}
	return n >= s.records[0].end
}

func TestCutAtEveryByte(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			for n := 0; n <= len(s.text); n += testutil.Rounds(3, 1) {
				p.cutAt(s, n)
				if t.Failed() {
					t.Fatalf("cut at byte %d: %q", n, s.text[:n])
				}
			}
		})
	}
}

func (p *place) cutAt(s sample, n int) {
	cut, o := s.text[:n], s.options()
	want, end := s.whole(n)
	r, err := p.run(cut, o)
	switch {
	case s.complete(n):
		testutil.NoError(p, err)
		want = nil
		for _, r := range s.records {
			if r.end <= n {
				want = append(want, r.compact)
			}
		}
	case strings.TrimSpace(cut) == "":
		testutil.ErrorIs(p, err, ErrEmpty)
	default:
		testutil.ErrorIs(p, err, jsonscan.ErrCut)
		var at *SourceError
		if !errors.As(err, &at) || at.Offset != int64(n) || (at.Record != 0 && at.Record != segment.Sequence(len(want)+1)) {
			p.Errorf("got %v, want the error at offset %d and record %d or none", err, n, len(want)+1)
		}
	}
	plain := err
	o.Salvage = true
	r, err = p.run(cut, o)
	if errors.Is(plain, ErrEmpty) {
		testutil.ErrorIs(p, err, ErrEmpty) // there is no damage to report
		return
	}
	testutil.NoError(p, err)
	wantTexts(p, p.texts(), want)
	p.intact()
	wantText(p, "export and quarantine", p.restored(), cut)
	if r.Salvaged != (plain != nil) || (r.Damage != "") != r.Salvaged || r.Records != uint64(len(want)) || r.SourceBytes != int64(n) {
		p.Errorf("receipt %+v, want %d records of %d bytes, and salvaged unless whole", r, len(want), n)
	}
	if plain != nil && (r.Quarantined != int64(n-end) || plain.Error() != r.Damage) {
		p.Errorf("%d bytes in quarantine, damage %q; want %d, %q", r.Quarantined, r.Damage, n-end, plain)
	}
	p.storedReceipt(r)
}

// storedReceipt compares the receipt in the log.
func (p *place) storedReceipt(r Receipt) {
	p.Helper()
	stored, err := ReadReceipt(p.log())
	testutil.NoError(p, err)
	if stored.Records != r.Records || stored.Salvaged != r.Salvaged || stored.Quarantined != r.Quarantined || stored.Damage != r.Damage || stored.SourceSHA256 != r.SourceSHA256 {
		p.Errorf("the log's receipt is %+v, Run returned %+v", *stored, r)
	}
}

// flipped migrates a sample with one byte changed.
func (p *place) flipped(s sample, at int, to byte) {
	b := []byte(s.text)
	b[at] = to
	before, _ := s.whole(at)
	if at > 0 && s.text[at] != to {
		o := s.options()
		o.Salvage = true
		r, err := p.run(string(b), o)
		if err != nil {
			// White space between values that becomes a digit is one more value, of another kind.
			another := errors.Is(err, ErrUndecided) && to >= '0' && to <= '9' && strings.TrimSpace(s.text[at:at+1]) == ""
			if !another && (len(before) > 0 || !(errors.Is(err, ErrEncoding) || errors.Is(err, ErrNoArray) || errors.Is(err, ErrUndecided) || errors.Is(err, ErrEmpty))) {
				p.Fatalf("byte %d, %q, made %q: %v", at, s.text[at], to, err)
			}
			return
		}
		got := p.texts()
		// [a, b] with a bracket in place of the comma looks like lines of arrays.
		lines := !s.stream && strings.ContainsRune("{[]", rune(to)) && p.layout().Records == "stream"
		if !lines && (len(got) < len(before) || !slices.Equal(got[:len(before)], before)) {
			p.Errorf("%d records %.200q, want at first %.200q", len(got), got, before)
		}
		p.intact()
		if r.Salvaged && len(got) == 0 {
			wantText(p, "quarantine", p.quarantine(), string(b))
		}
		rest := p.quarantine()
		if s.stream && p.layout().Records == "stream" {
			p.allLines(string(b))
		} else if !strings.HasSuffix(string(b), rest) && len(got) == len(before) {
			p.Errorf("not the end of the source, and no record from after the damage: %.200q", rest)
		}
		wantText(p, "export and quarantine", p.restored(), string(b))
		if r.Quarantined != int64(len(rest)) || (rest != "" && !r.Salvaged) {
			p.Errorf("salvaged: %v, %d bytes, in quarantine: %q", r.Salvaged, r.Quarantined, rest)
		}
	}
	if p.Failed() {
		p.Fatalf("byte %d, %q, made %q: %q", at, s.text[at], to, b)
	}
}

// allLines compares the records with the lines of a source that are complete values.
func (p *place) allLines(source string) {
	p.Helper()
	var want []string
	for line := range strings.SplitSeq(source, "\n") {
		line = strings.Trim(line, "\x00, \t\r\ufeff")
		if len(line) > 0 && json.Valid([]byte(line)) && utf8.ValidString(line) && line[0] == '{' {
			want = append(want, compactOf(line))
		}
	}
	got := p.texts()
	found := 0 // there are more, on lines with damage beside their values
	for _, text := range got {
		if found < len(want) && text == want[found] {
			found++
		}
		if !strings.Contains(compactOf(source), text) {
			p.Errorf("record %.300q is not in the source", text)
		}
	}
	if found < len(want) {
		p.Errorf("%d records %.300q, want those of each whole line %.300q", len(got), got, want)
	}
}

func TestEveryByteReplaced(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			for at := 0; at < len(s.text); at += testutil.Rounds(7, 1) {
				for _, to := range []byte("\"}") {
					p.flipped(s, at, to)
				}
			}
		})
	}
}

func TestBytesFlipped(t *testing.T) {
	flips, rnd, all := testutil.Rounds(200, 2000), seeded(t), samples()
	for _, s := range all {
		rnd := rand.New(rand.NewPCG(rnd.Uint64(), 0))
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			for range flips / len(all) {
				p.flipped(s, rnd.IntN(len(s.text)), byte(rnd.IntN(256)))
			}
		})
	}
}

// A source larger than what is read ahead, damaged near its beginning.
func TestSalvageLarge(t *testing.T) {
	p := newPlace(t)
	all := numbered(1, 60_000)
	text := ndjson(all)
	at := strings.Index(text, `"n":1000,`)
	text = text[:at] + "!" + text[at+1:]
	r, err := p.run(text, Options{Salvage: true, Settings: segment.Settings{"segment-size": "64K"}})
	testutil.NoError(t, err)
	wantTexts(t, p.texts(), slices.Concat(all[:999], all[1000:]))
	if r.Pieces != 1 || r.Quarantined != int64(len(all[999])+1) {
		t.Errorf("%d pieces of %d bytes", r.Pieces, r.Quarantined)
	}
	wantText(t, "export and quarantine", p.restored(), text)
	sum := sha256.Sum256([]byte(text))
	if r.SourceBytes != int64(len(text)) || r.SourceSHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("the receipt tells of %d bytes, SHA-256 %s; the source has %d, %x", r.SourceBytes, r.SourceSHA256, len(text), sum)
	}
}

func TestSalvageVerified(t *testing.T) {
	for _, verify := range []Verify{VerifyDigest, VerifyRoundtrip, VerifyNone} {
		for _, text := range []string{history(numbered(1, 3))[:300], "{ \"a\" :1 }\n{ \"b\":2}\n!", "!"} {
			p := newPlace(t)
			if _, err := p.run(text, Options{Salvage: true, Verify: verify}); err != nil {
				t.Errorf("verify %d of %.20q: %v", verify, text, err)
			}
		}
	}
}

// The salvaged and the quarantined bytes come from one version of the source.
func TestSalvageOfReplacedSource(t *testing.T) {
	text := ndjson(numbered(1, 5)) + "{!"
	for _, c := range []struct{ name, then string }{
		{"grown", text + "}\n"},
		{"another", strings.ReplaceAll(ndjson(numbered(6, 20)), "odds", "ODDS")},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			hook := &openHook{name: suffixName, do: func() {
				next := p.source + ".next"
				testutil.NoError(t, os.WriteFile(next, []byte(c.then), 0o644))
				testutil.NoError(t, os.Rename(next, p.source))
			}}
			_, err := p.run(text, Options{Salvage: true, FS: hook})
			if err == nil {
				wantText(t, "export and quarantine", p.restored(), text)
				return
			}
			testutil.ErrorIs(t, err, ErrChanged)
		})
	}
}

// openHook calls a function when a file of a name is first opened.
type openHook struct {
	testutil.NoSync
	name string
	do   func()
}

func (h *openHook) OpenFile(name string, flag int, perm fs.FileMode) (segment.File, error) {
	if filepath.Base(name) == h.name && h.do != nil {
		h.do()
		h.do = nil
	}
	return h.NoSync.OpenFile(name, flag, perm)
}

func TestSalvageNeedsAFile(t *testing.T) {
	p := newPlace(t)
	_, err := p.run("", Options{Source: "-", Stdin: strings.NewReader("[1,"), Salvage: true})
	testutil.ErrorIs(t, err, ErrOnce)
}

func TestCompressedCut(t *testing.T) {
	all := numbered(1, 120)
	text := ndjson(all)
	for _, c := range packers {
		if c.name == "bzip2" && !bzip2Installed() {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			w := c.pack(&b)
			boundary := 0
			for half := range strings.SplitSeq(text, all[60]) { // in two blocks
				_, err := io.WriteString(w, half)
				testutil.NoError(t, err)
				testutil.NoError(t, w.Flush())
				if half == text[:len(half)] {
					boundary = b.Len()
					_, err = io.WriteString(w, all[60])
					testutil.NoError(t, err)
				}
			}
			testutil.NoError(t, w.Close())
			p := newPlace(t)
			p.migrated(b.String(), Options{Verify: VerifyRoundtrip})
			wantTexts(t, p.texts(), all)
			wantText(t, "export", p.export(), text)
			kept := 0
			for n := 1; n < b.Len(); n += max(7, b.Len()/100) {
				cut := b.String()[:n]
				_, err := p.run(cut, Options{})
				if err == nil && c.name == "bzip2" && n == boundary {
					continue // a complete stream
				}
				if err == nil {
					t.Fatalf("cut at byte %d of %d: no error", n, b.Len())
				}
				packed := errors.Is(err, ErrCompressed)
				if !packed && n >= 4 {
					t.Errorf("cut at byte %d: %v, want ErrCompressed", n, err)
				}
				had := cut
				if packed {
					had = ""
					if r, err := c.open(strings.NewReader(cut)); err == nil {
						b, _ := io.ReadAll(r)
						had = string(b)
					}
				}
				r, err := p.run(cut, Options{Salvage: true})
				if err != nil && had == "" {
					continue // nothing can be decompressed
				}
				testutil.NoError(t, err)
				if len(had) == 0 {
					t.Errorf("cut at byte %d: a log of nothing: %+v", n, r)
				}
				kept = max(kept, int(r.Records))
				wantTexts(t, p.texts(), all[:r.Records])
				if want := strings.Count(had, "}\n"); int(r.Records) != want && int(r.Records) != want+1 {
					t.Errorf("%d records, want %d", r.Records, want)
				}
				wantText(t, "export and quarantine", p.restored(), had)
				if !r.Salvaged || r.Quarantined != int64(len(p.quarantine())) {
					t.Errorf("receipt %+v", r)
				}
				if t.Failed() {
					t.Fatalf("cut at byte %d of %d", n, b.Len())
				}
			}
			if kept < 60 {
				t.Errorf("at most %d records were kept", kept)
			}
		})
	}
}

// Damage in JSON Lines costs the lines that it is in, and only complete lines become records.
func TestSalvageLines(t *testing.T) {
	a, b, c := `{"timestamp":1748448862,"matches":[{"id":10},{"id":11}]}`, `{"timestamp":1748448863,"matches":[{"id":20}]}`, `{"timestamp":1748448864,"matches":[]}`
	for _, s := range []struct {
		name, text string
		records    []string
		pieces     []string
	}{
		{"NUL bytes on a line", a + "\n\x00\x00\x00\n" + b + "\n", []string{a, b}, []string{"\x00\x00\x00\n"}},
		{"NUL bytes before a value", a + "\n" + strings.Repeat("\x00", 300_000) + b + "\n" + c, []string{a, b, c}, []string{strings.Repeat("\x00", 300_000)}},
		{"NUL bytes at the beginning", strings.Repeat("\x00", 4096) + "\n" + a + "\n" + b + "\n", []string{a, b}, []string{strings.Repeat("\x00", 4096) + "\n"}},
		{"NUL bytes at the end", a + "\n" + b + "\n\x00\x00", []string{a, b}, nil},
		{"NUL bytes in a value", a + "\n" + b[:9] + "\x00\x00" + b[11:] + "\n" + c + "\n", []string{a, c}, []string{b[:9] + "\x00\x00" + b[11:] + "\n"}},
		{"a stray comma", a + ",\n" + b + "\n" + c + "\n", []string{a, b, c}, []string{","}},
		{"commas", a + ",\n" + b + ",\n" + c + "\n", []string{a, b, c}, []string{",", ","}},
		{"a comma for a line's end", a + ", " + b + "\n" + c + "\n", []string{a, b, c}, []string{","}},
		{"a byte-order mark", a + "\n\ufeff" + b + "\n" + c + "\n", []string{a, b, c}, []string{"\ufeff"}},
		{"a byte-order mark that may be there", "\ufeff" + a + "\nx\n" + b + "\n", []string{a, b}, []string{"x\n"}},
		{"half a line", a + "\n" + b[:30] + "\n" + c + "\n", []string{a, c}, []string{b[:30] + "\n"}},
		{"half a line, and a value on it", a + "\n" + b[:30] + c + "\n" + c + "\n", []string{a, c}, []string{b[:30] + c + "\n"}},
		{"a line whose beginning is missing", a + "\n" + `{"id":11}]}` + "\n" + c + "\n", []string{a, c}, []string{`{"id":11}]}` + "\n"}},
		{"a line's end that is another byte", a + "x" + b + "\n" + c + "\n", []string{a, b, c}, []string{"x"}},
		{"a comma that closes an object", `{"a":1}"b":2}` + "\n" + b + "\n" + c + "\n", []string{b, c}, []string{`{"a":1}"b":2}` + "\n"}},
		{"lines of garbage", "garbage\n" + a + "\n!\nnull\n12\n[1]\n" + b + "\n\n" + c, []string{a, b, c}, []string{"garbage\n", "!\nnull\n12\n[1]\n"}},
		{"several places", a + "\n!\n" + b + "\n?\n" + c + "\n", []string{a, b, c}, []string{"!\n", "?\n"}},
		{"CRLF", a + "\r\n!\r\n" + b + "\r\n", []string{a, b}, []string{"!\r\n"}},
		{"one line and damage", a + "\n\x00", []string{a}, nil},
		{"NaN in a line", a + "\n" + `{"a":NaN}` + "\n" + c + "\n", []string{a, c}, []string{`{"a":NaN}` + "\n"}},
	} {
		t.Run(s.name, func(t *testing.T) {
			newPlace(t).salvages(s.text, s.records, s.pieces)
		})
	}
}

// salvages salvages a source and compares the records and, unless pieces is nil, the damaged
// pieces in quarantine/.
func (p *place) salvages(source string, records, pieces []string) {
	p.Helper()
	r := p.migrated(source, Options{Salvage: true, Verify: VerifyRoundtrip})
	wantTexts(p, p.texts(), records)
	wantText(p, "export and quarantine", p.restored(), source)
	var got []string
	for _, q := range p.pieces() {
		got = append(got, q.text)
	}
	if pieces != nil && !slices.Equal(got, pieces) {
		p.Errorf("in quarantine: %.300q, want %.300q", got, pieces)
	}
	sum := sha256.Sum256([]byte(source))
	if !r.Salvaged || r.Pieces != len(got) || r.SourceBytes != int64(len(source)) || r.SourceSHA256 != hex.EncodeToString(sum[:]) {
		p.Errorf("receipt %+v", r)
	}
	p.intact()
	p.storedReceipt(r)
}

// A byte without data at the start of a damaged line, behind another damaged line, is in
// quarantine/ once.
func TestSalvageOfAdjacentPieces(t *testing.T) {
	p := newPlace(t)
	text := "{\"a\":1}\n{\"b\n,{!}\n{\"a\":2}\n"
	p.migrated(text, Options{Salvage: true})
	wantTexts(t, p.texts(), []string{`{"a":1}`, `{"a":2}`})
	wantText(t, "export and quarantine", p.restored(), text)
}

// If there is more damage than files should be made of, the last piece has all the rest.
func TestSalvageOfManyPieces(t *testing.T) {
	p := newPlace(t)
	text := strings.Repeat("{\"a\":1}\n{\"a\":2}\n!\n", maxPieces+5)
	r := p.migrated(text, Options{Salvage: true})
	if r.Pieces != maxPieces {
		t.Errorf("%d pieces", r.Pieces)
	}
	wantText(t, "export and quarantine", p.restored(), text)
}

// Several documents are not JSON Lines, whatever follows them.
func TestSalvageOfDocuments(t *testing.T) {
	for _, text := range []string{
		"{\"history\":[{\"timestamp\":1748448862}]}\n\x00\x00\n{\"timestamp\":1748448863}\n",
		"[{\"a\":1},{\"a\":2}]\n!\n",
	} {
		p := newPlace(t)
		r, err := p.run(text, Options{Salvage: true})
		testutil.NoError(t, err)
		if p.layout().Records == streamName || !r.Salvaged || r.Records == 0 {
			t.Errorf("%q: %+v", text, r)
		}
		wantText(t, "export and quarantine", p.restored(), text)
	}
}
