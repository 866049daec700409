package segment

import (
	"bytes"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
)

// Whatever stands in a small index, opening and reading it ends, takes no memory for
// what the file claims, and gives entries that prove themselves or none.
func FuzzSmallIndex(f *testing.F) {
	name := filepath.Join(goldenSmallDir, smallIndexName(1))
	good := testutil.ReadFile(f, name)
	for _, b := range [][]byte{nil, good, good[:len(good)-1], good[:smallHeader], append(bytes.Clone(good[:smallHeader]), good[len(good)-smallFooter-8:]...)} {
		f.Add(b, false)
		f.Add(b, true)
	}
	id := openLog(f, goldenSmallDir).Marker.ID
	f.Fuzz(func(t *testing.T, b []byte, sums bool) {
		h := header{id: id, base: 1}
		if sums && len(b) >= minSmallSize {
			b = bytes.Clone(b)
			le.PutUint32(b[smallHeader-4:], crc32.Checksum(b[16:smallHeader-4], castagnoli))
			if own, reason := parseHeader(b[16:smallHeader]); reason == "" {
				h = own
			}
			blocks := int64(le.Uint32(b[len(b)-16:]))
			if tail := int64(len(b)) - blocks*8 - smallFooter - 8; tail >= 0 {
				trailer := b[len(b)-smallFooter:][:trailerSize]
				le.PutUint32(trailer[60:], crc32.Update(h.seed(h.base), castagnoli, trailer[:60]))
				le.PutUint32(b[len(b)-12:], crc32.Update(h.seed(h.base), castagnoli, b[tail:len(b)-12]))
			}
		}
		path := filepath.Join(t.TempDir(), "small")
		testutil.WriteFile(t, path, b)
		file, err := OS{}.OpenFile(path, os.O_RDONLY, 0)
		testutil.NoError(t, err)
		defer file.Close()
		s, err := openSmall(file, header{id: id, base: 1})
		if err != nil {
			return
		}
		x := indexFile{file: s, path: path, header: s.parsed}
		trailer, err := x.countEntries(-1)
		testutil.NoError(t, err)
		if trailer == nil || x.count != s.count {
			if x.count > 1<<20 {
				t.Fatalf("%d entries in %d bytes", x.count, len(b))
			}
			return
		}
		for k := uint64(0); k < min(x.count, 10_000); k++ {
			if e, err := x.entry(k); err == nil && e.End <= 0 {
				t.Fatalf("entry %d: %+v", k, e)
			}
		}
	})
}
