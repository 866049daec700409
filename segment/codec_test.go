package segment

import (
	"slices"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/seekable"
)

// TestCodecs checks what a new codec needs: its files are segments, HISTLOG requires it
// unless format version 1 began with it, and a golden log is compressed with it.
func TestCodecs(t *testing.T) {
	for _, c := range seekable.Codecs() {
		name := fileName(1, c)
		if _, _, ok := parseName(name); !ok {
			t.Errorf("%s is not taken for a segment", name)
		}
		known := c == Plain || c == Zstd || c == Gzip
		if needed := featuresOf(name); known != (needed == nil) || !known && !slices.Contains(features(), needed[0]) {
			t.Errorf("HISTLOG requires %q for %s", needed, name)
		}
		if _, ok := goldenCompressed[c]; !ok && c != Plain {
			t.Errorf("no golden log is compressed with %v", c)
		}
	}
	if got := featuresOf("a", smallIndexName(1), fileName(1, Zstd), smallIndexName(2)); !slices.Equal(got, []string{needsSmallIndex}) {
		t.Errorf("HISTLOG requires %q for small indexes", got)
	}
}

// TestNames checks names that are part of format version 1: under other names nothing of
// a log that exists would be found.
func TestNames(t *testing.T) {
	for got, want := range map[string]string{
		filename.Marker: "HISTLOG", filename.Lock: "LOCK", filename.Upkeep: "UPKEEP", filename.Quarantine: "quarantine", filename.Origin: "origin",
		filename.Events: "events.log", filename.Sums: "SHA256SUMS", filename.Draft: ".HISTLOG.draft",
		fileName(17, Plain): "00000000000000000017.ndjson", fileName(17, Zstd): "00000000000000000017.ndjson.zst", fileName(17, Gzip): "00000000000000000017.ndjson.gz",
		indexName(17): "00000000000000000017.index", smallIndexName(17): "00000000000000000017.index.zst",
	} {
		if got != want {
			t.Errorf("a file has the name %s, want %s", got, want)
		}
	}
}
