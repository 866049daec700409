package migrate

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the random tests; 0: a new one")

// Thousands of migrations make much garbage, and keep nothing.
func TestMain(m *testing.M) {
	if os.Getenv(sourceEnv) == "" { // not the child of TestMemory
		debug.SetGCPercent(800)
	}
	os.Exit(testutil.Tmpfs{M: m}.Run())
}

// A place is a source and the log made of it.
type place struct {
	testing.TB
	source, dir string
}

func newPlace(t testing.TB) *place {
	dir := t.TempDir()
	return &place{t, filepath.Join(dir, "source.json"), filepath.Join(dir, "log")}
}

// options returns o for this place.
func (p *place) options(o Options) Options {
	if o.Source == "" {
		o.Source = p.source
	}
	o.Dir = p.dir
	if o.FS == nil {
		o.FS = testutil.NoSync{}
	}
	return o
}

func (p *place) write(text string) {
	p.Helper()
	testutil.NoError(p, os.WriteFile(p.source, []byte(text), 0o644))
}

// run migrates text to a new log. If that fails, it checks that nothing is left.
func (p *place) run(text string, o Options) (Receipt, error) {
	p.Helper()
	p.write(text)
	testutil.NoError(p, os.RemoveAll(p.dir))
	r, err := Run(p.Context(), p.options(o))
	if err != nil {
		p.nothing()
	}
	if errors.Is(err, fs.ErrClosed) {
		p.Errorf("a file was closed twice: %v", err)
	}
	return r, err
}

// migrated is run for a text that must be migrated.
func (p *place) migrated(text string, o Options) Receipt {
	p.Helper()
	r, err := p.run(text, o)
	if err != nil {
		p.Fatalf("migrate %.200q: %v", text, err)
	}
	return r
}

func (p *place) nothing() {
	p.Helper()
	if _, err := os.Lstat(p.dir); !errors.Is(err, fs.ErrNotExist) {
		entries, _ := os.ReadDir(p.dir)
		p.Errorf("left behind: %v (%v)", entries, err)
	}
}

func (p *place) log() *segment.Log {
	p.Helper()
	l, err := segment.OpenContext(p.Context(), p.dir, testutil.NoSync{})
	testutil.NoError(p, err)
	return l
}

// texts returns the log's records.
func (p *place) texts() []string {
	p.Helper()
	var all []string
	for rec, err := range records(p.log(), 0) {
		testutil.NoError(p, err)
		all = append(all, string(rec.Text))
	}
	return all
}

func (p *place) export() string {
	p.Helper()
	l := p.log()
	var b strings.Builder
	_, err := Export(&b, l, Original, records(l, 0))
	testutil.NoError(p, err)
	return b.String()
}

func (p *place) exact() bool {
	p.Helper()
	r, err := ReadReceipt(p.log())
	testutil.NoError(p, err)
	return r.Export == exportExact
}

// quarantined is a piece of the source in quarantine/.
type quarantined struct {
	at   int
	text string
}

// pieces returns the quarantined pieces in order, and checks the names of their files.
func (p *place) pieces() (all []quarantined) {
	p.Helper()
	names, err := p.log().Quarantine()
	testutil.NoError(p, err)
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(p.dir, filename.Quarantine, name))
		testutil.NoError(p, err)
		var base, at, length int
		if _, err := fmt.Sscanf(name, "%d-%d-%d-", &base, &at, &length); err != nil || length != len(b) || base != 0 {
			p.Errorf("%s holds %d bytes", name, len(b))
		}
		all = append(all, quarantined{at, string(b)})
	}
	slices.SortFunc(all, func(a, b quarantined) int { return a.at - b.at })
	return all
}

// quarantine returns all quarantined bytes.
func (p *place) quarantine() (all string) {
	p.Helper()
	for _, q := range p.pieces() {
		all += q.text
	}
	return all
}

// restored returns the source, made of an export and the quarantined pieces.
func (p *place) restored() string {
	p.Helper()
	text := p.export()
	for _, q := range p.pieces() {
		if q.at > len(text) {
			p.Errorf("a piece of offset %d, where the export and the pieces before have %d bytes", q.at, len(text))
			return ""
		}
		text = text[:q.at] + q.text + text[q.at:]
	}
	return text
}

// intact verifies the log.
func (p *place) intact() {
	p.Helper()
	l := p.log()
	for _, s := range l.Segments {
		f, err := l.Verify(p.Context(), s, nil)
		testutil.NoError(p, err)
		if len(f.Damage) > 0 {
			p.Errorf("damaged: %v", f.Damage[0])
		}
	}
}

// A sample is a source with the places of its records.
type sample struct {
	name    string
	text    string
	records []span
	at      string // pointer for Options.Records; "" means none
	stream  bool
}

type span struct {
	start, end int
	compact    string
}

// The marks that newSample takes out of a text.
const (
	mark    = "\x01"
	endMark = "\x02"
)

func newSample(name, marked string) sample {
	s := sample{name: name}
	for i, piece := range strings.Split(marked, mark) {
		if i > 0 {
			record, rest, _ := strings.Cut(piece, endMark)
			s.records = append(s.records, span{len(s.text), len(s.text) + len(record), compactOf(record)})
			piece = record + rest
		}
		s.text += piece
	}
	return s
}

// compactOf returns a JSON text without white space. It does not use this module.
func compactOf(text string) string {
	var b strings.Builder
	inString := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		if inString && c == '\\' {
			b.WriteString(text[i:min(i+2, len(text))])
			i++
			continue
		}
		if c == '"' {
			inString = !inString
		}
		if inString || !strings.ContainsRune(" \t\r\n", rune(c)) {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// whole returns the records that are certainly complete before damage at n: a number could
// continue.
func (s sample) whole(n int) (texts []string, end int) {
	for _, r := range s.records {
		last := r.compact[len(r.compact)-1]
		if r.end > n || (r.end == n && last >= '0' && last <= '9') {
			break
		}
		texts, end = append(texts, r.compact), r.end
	}
	return texts, end
}

func (s sample) options() Options {
	o := Options{}
	if s.at != "" {
		o.Records, _ = jsonscan.ParsePointer(s.at)
	}
	return o
}

// python holds the arguments of json.dump.
type python struct {
	indent       *string // nil means None
	comma, colon string
}

func spaces(n int) python { return indented(strings.Repeat(" ", n)) }

func indented(with string) python { return python{&with, ",", ": "} }

var (
	pythonNone    = python{nil, ", ", ": "}
	pythonCompact = python{nil, ",", ":"}
)

// dump writes a compact text, with its marks, as json.dump does.
func (p python) dump(compact string) string {
	var b strings.Builder
	depth, inString := 0, false
	line := func() {
		if p.indent != nil {
			b.WriteString("\n" + strings.Repeat(*p.indent, depth))
		}
	}
	for i := 0; i < len(compact); i++ {
		c := compact[i]
		switch {
		case inString:
			b.WriteByte(c)
			if c == '\\' {
				i++
				b.WriteByte(compact[i])
			}
			inString = c != '"'
		case c == '"':
			inString = true
			b.WriteByte(c)
		case (c == '{' || c == '[') && (compact[i+1] == '}' || compact[i+1] == ']'):
			b.WriteString(compact[i : i+2])
			i++
		case c == '{' || c == '[':
			b.WriteByte(c)
			depth++
			line()
		case c == '}' || c == ']':
			depth--
			line()
			b.WriteByte(c)
		case c == ',':
			b.WriteString(p.comma)
			line()
		case c == ':':
			b.WriteString(p.colon)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func marked(records []string) string {
	return mark + strings.Join(records, endMark+","+mark) + endMark
}

// numbered returns records n..m, all different.
func numbered(n, m int) (all []string) {
	for ; n <= m; n++ {
		all = append(all, fmt.Sprintf(`{"timestamp":"2025-05-28T12:00:%02dZ","n":%d,"odds":[0.5,-1,{}]}`, n%60, n))
	}
	return all
}

func ndjson(records []string) string { return strings.Join(append(slices.Clone(records), ""), "\n") }

func history(records []string) string {
	return spaces(2).dump(fmt.Sprintf(`{"history":[%s],"total_entries":%d}`, strings.Join(records, ","), len(records)))
}

// seeded returns a random source whose seed is in the test's log.
func seeded(t testing.TB) *rand.Rand {
	t.Helper()
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d (to repeat: -seed=%d)", seed, seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func wantTexts(t testing.TB, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %d records %.300q, want %d %.300q", len(got), got, len(want), want)
	}
}

func wantText(t testing.TB, what, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	t.Errorf("%s: %d bytes, want %d; from offset %d on %.60q, want %.60q", what, len(got), len(want), i, got[i:], want[i:])
}

// originNames returns the names of the files in origin/.
func (p *place) originNames() string {
	p.Helper()
	entries, err := os.ReadDir(filepath.Join(p.dir, filename.Origin))
	testutil.NoError(p, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// former makes the log one of a version without checksums, and returns the name of its
// layout.
func (p *place) former() string {
	p.Helper()
	origin := filepath.Join(p.dir, filename.Origin)
	for _, name := range []string{filename.Sums, receiptName} {
		testutil.NoError(p, os.Remove(filepath.Join(origin, name)))
	}
	return filepath.Join(origin, layoutName)
}
