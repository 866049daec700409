package migrate

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
)

// VerifyOrigin reports each flipped bit in origin/, or the export still equals the source.
func TestOriginFlipped(t *testing.T) {
	for _, text := range []string{
		history(numbered(1, 2)),
		`{"a": 1, "history" : [ {"a":1 ,"b" :[ ] },` + "\n" + `{ "a": 2} ], "total_entries": 2}`,
	} {
		p := newPlace(t)
		p.migrated(text, Options{})
		l := p.log()
		for _, name := range strings.Fields(p.originNames()) {
			path := filepath.Join(p.dir, filename.Origin, name)
			b, err := os.ReadFile(path)
			testutil.NoError(t, err)
			for i := 0; i < 8*len(b); i += testutil.Rounds(13, 1) {
				b[i/8] ^= 1 << (i % 8)
				testutil.NoError(t, os.WriteFile(path, b, 0o644))
				b[i/8] ^= 1 << (i % 8)
				damage, err := VerifyOrigin(t.Context(), l)
				if err == nil && len(damage) == 0 {
					t.Fatalf("bit %d of %s: nothing is said", i, name)
				}
				var out strings.Builder
				if _, err := Export(&out, l, Original, records(l, 0)); err == nil && out.String() != text {
					t.Fatalf("bit %d of %s: another export, and no error", i, name)
				}
			}
			testutil.NoError(t, os.WriteFile(path, b, 0o644))
		}
		wantText(t, "export", p.export(), text)
	}
}

// Missing and additional files are reported; an export fails only without its own.
func TestOriginFiles(t *testing.T) {
	text := history(numbered(1, 2))
	p := newPlace(t)
	p.migrated(text, Options{})
	origin := filepath.Join(p.dir, filename.Origin)
	damaged := func(want string) {
		t.Helper()
		all, err := VerifyOrigin(t.Context(), p.log())
		testutil.NoError(t, err)
		if got := fmt.Sprint(all); !strings.Contains(got, want) || (want == "" && len(all) > 0) {
			t.Errorf("damage %v, want %q", all, want)
		}
	}
	damaged("")
	testutil.NoError(t, os.WriteFile(filepath.Join(origin, "note"), nil, 0o644))
	damaged("{note has no checksum")
	wantText(t, "export", p.export(), text)
	testutil.NoError(t, os.Remove(filepath.Join(origin, "note")))
	for _, name := range strings.Fields(p.originNames()) {
		b, err := os.ReadFile(filepath.Join(origin, name))
		testutil.NoError(t, err)
		testutil.NoError(t, os.Remove(filepath.Join(origin, name)))
		damaged("{" + name + " missing")
		_, err = Export(new(strings.Builder), p.log(), Original, records(p.log(), 0))
		testutil.ErrorIs(t, err, ErrOrigin)
		testutil.NoError(t, os.WriteFile(filepath.Join(origin, name), b, 0o644))
	}
	damaged("")
	sums, err := os.ReadFile(filepath.Join(origin, filename.Sums))
	testutil.NoError(t, err)
	b, err := os.ReadFile(filepath.Join(origin, prefixName))
	testutil.NoError(t, err)
	if line := fmt.Sprintf("%x  %s\n", sha256.Sum256(b), prefixName); !strings.Contains(string(sums), line) {
		t.Errorf("%s lacks %q", sums, line)
	}
	// a log of a version without checksums
	for _, name := range []string{filename.Sums, receiptName} {
		testutil.NoError(t, os.Remove(filepath.Join(origin, name)))
	}
	damaged("")
	wantText(t, "export", p.export(), text)
}

// An export of a log of a version without checksums is compared with its receipt.
func TestExportComparedWithReceipt(t *testing.T) {
	p := newPlace(t)
	p.migrated(history(numbered(1, 2)), Options{})
	origin := filepath.Join(p.dir, filename.Origin)
	testutil.NoError(t, os.Remove(filepath.Join(origin, filename.Sums)))
	for _, c := range []struct {
		receipt string
		want    Difference
	}{
		{`{"records":2,"first_seq":1,"last_seq":2,"source_sha256":"00"}`, Former},
		{`{"records":2,"first_seq":1,"last_seq":2,"source_sha256":"00","export":"exact"}`, Changed},
		{`{"records":2,"first_seq":1,"last_seq":2,"source_sha256":"00","export":"converted"}`, Same},
		{`{"records":2,"first_seq":1,"last_seq":2,"source_sha256":"00","salvaged":true}`, Same},
		{`{"records":3,"first_seq":1,"last_seq":3,"source_sha256":"00"}`, Same},
	} {
		testutil.NoError(t, os.WriteFile(filepath.Join(origin, receiptName), []byte(c.receipt), 0o644))
		done, err := Export(new(strings.Builder), p.log(), Original, records(p.log(), 0))
		testutil.NoError(t, err)
		if done.Differs != c.want {
			t.Errorf("%s: %d, want %d", c.receipt, done.Differs, c.want)
		}
	}
}
