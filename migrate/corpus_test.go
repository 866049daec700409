package migrate

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// corpus has a file of each writer, and writers.tsv, which says how each was made; see
// scripts/corpus.
const corpus = "testdata/corpus"

// corpusDocument shows what TestCorpus finds, in a table.
const corpusDocument = "../docs/WRITERS.md"

var updateFlag = flag.Bool("update", false, "write the table of "+corpusDocument)

// An export is the source, whichever program has written it, and the table in the document
// says so.
func TestCorpus(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(string(testutil.ReadFile(t, filepath.Join(corpus, "writers.tsv")))), "\n")
	const atLeast = 60
	if len(lines) < atLeast {
		t.Errorf("%d files, want %d", len(lines), atLeast)
	}
	listed := map[string]bool{"writers.tsv": true}
	var table strings.Builder
	for _, line := range lines {
		name, row, _ := strings.Cut(strings.ReplaceAll(line, "|", `\|`), "\t")
		listed[name] = true
		t.Run(name, func(t *testing.T) {
			table.WriteString("| " + strings.ReplaceAll(row, "\t", " | ") + " | " + newPlace(t).corpusFile(name) + " |\n")
		})
	}
	entries, err := os.ReadDir(corpus)
	testutil.NoError(t, err)
	for _, e := range entries {
		if !listed[e.Name()] {
			t.Errorf("writers.tsv does not say who wrote %s", e.Name())
		}
	}
	compareTable(t, table.String())
}

// compareTable compares the table with the one at the end of the document.
func compareTable(t *testing.T, table string) {
	const rule = "|---|---|---|---|---|---|---|\n"
	text, now, _ := strings.Cut(string(testutil.ReadFile(t, corpusDocument)), rule)
	switch {
	case now == table:
	case *updateFlag:
		testutil.NoError(t, os.WriteFile(corpusDocument, []byte(text+rule+table), 0o644))
	default:
		t.Errorf("the table in %s is not what was found; -update writes it:\n%s", corpusDocument, table)
	}
}

// corpusFile migrates a file and exports it, and returns its shape, the records whose times
// were read, whether the export is the source, and the bytes of white space that the style
// did not foresee. A file that is undecided is migrated as one record.
func (p *place) corpusFile(name string) string {
	p.Helper()
	text := string(testutil.ReadFile(p, filepath.Join(corpus, name)))
	o, undecided := Options{Verify: VerifyRoundtrip}, ""
	if _, err := p.run(text, o); errors.Is(err, ErrUndecided) {
		o.Records, undecided = new(segment.Pointer), "undecided; "
	}
	r := p.migrated(text, o)
	if r.Export != exportExact || r.Verified != verifiedRoundtrip {
		p.Errorf("export %q, verified %q", r.Export, r.Verified)
	}
	export := "equal"
	if p.export() != text {
		export = "differs"
		p.Errorf("the export differs from the source")
	}
	var odd int64
	if info, err := os.Stat(filepath.Join(p.dir, filename.Origin, spaceName)); err == nil {
		odd = info.Size()
	}
	at := r.RecordsAt
	if at == "" {
		at = "root array"
	}
	return fmt.Sprintf("%s%s | %d of %d | %s | %d", undecided, at, r.Records-r.ClockTimes, r.Records, export, odd)
}
