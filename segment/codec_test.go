package segment

import (
	"slices"
	"testing"

	"github.com/histlog/histlog/internal/seekable"
)

// TestCodecsAreRequired: a histlog ignores files whose extension it does not know. So
// a log with files of a codec that format version 1 did not begin with must require
// that codec, or an older histlog would report its records as missing.
func TestCodecsAreRequired(t *testing.T) {
	for _, c := range seekable.Codecs() {
		first := c == Plain || c == Zstd || c == Gzip
		if !first && !slices.Contains(features, c.String()) {
			t.Errorf("%v is not among the features that HISTLOG can require", c)
		}
	}
}
