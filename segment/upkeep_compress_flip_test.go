package segment

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/histlog/histlog/internal/testutil"
)

// A flipped bit in a compressed segment costs no record that can still be
// decompressed and whose own checksum holds: at least all before the flip stay,
// for readers and after a repair.
func TestFlipInFrameKeepsRecordsBefore(t *testing.T) {
	const records, flips = 1500, 12
	random := rand.New(rand.NewPCG(1, 2))
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": "1M", "maintain": "manual"})
	for n := range records {
		_, err := w.Write(fmt.Appendf(nil, `{"n":%d,"a":"%x","b":"the same in each of them, again and again"}`, n, random.Uint64()), nil)
		testutil.NoError(t, err)
	}
	testutil.NoError(t, w.Commit())
	rollNow(t, w)
	testutil.NoError(t, w.Close())
	index := testutil.ReadFile(t, filepath.Join(dir, indexName(1)))
	_, err := Compress(t.Context(), dir, 1, Zstd, Options{FS: testutil.NoSync{}})
	testutil.NoError(t, err)
	path := filepath.Join(dir, fileName(1, Zstd))
	intact := testutil.ReadFile(t, path)
	ends := endsOf(t, dir, records)
	for range flips {
		at := 20 + random.IntN(len(intact)-200)
		damaged := bytes.Clone(intact)
		damaged[at] ^= 1 << random.IntN(8)
		testutil.WriteFile(t, path, damaged)
		testutil.WriteFile(t, filepath.Join(dir, indexName(1)), index)
		before := decompressible(t, damaged[:at])
		good := goodRecords(t, dir, records)
		for seq := Sequence(1); seq <= records; seq++ {
			if end := ends[seq]; end <= before && !good[seq] {
				t.Fatalf("flip at %d: record %d ends at %d, %d bytes can be decompressed, but it is lost", at, seq, end, before)
			}
		}
		_, err := Repair(context.Background(), dir, Options{FS: testutil.NoSync{}})
		testutil.NoError(t, err)
		after := goodRecords(t, dir, records)
		for seq := Sequence(1); seq <= records; seq++ {
			if good[seq] && !after[seq] {
				t.Fatalf("flip at %d: record %d was lost by the repair", at, seq)
			}
		}
		testutil.NoError(t, OS{}.Remove(filepath.Join(dir, textName(1))))
	}
}

// decompressible returns how much text a cut file still gives.
func decompressible(t *testing.T, b []byte) Offset {
	t.Helper()
	d, err := zstd.NewReader(bytes.NewReader(b), zstd.WithDecoderConcurrency(1))
	testutil.NoError(t, err)
	defer d.Close()
	n, _ := io.Copy(io.Discard, d) // which ends early
	return Offset(n)
}

// goodRecords returns which of the records of a log's first segment can be read.
func goodRecords(t *testing.T, dir string, records Sequence) map[Sequence]bool {
	t.Helper()
	r := openReader(t, openLog(t, dir), 0)
	good := map[Sequence]bool{}
	for seq := Sequence(1); seq <= records; seq++ {
		rec, err := r.Record(seq)
		good[seq] = err == nil && !rec.Blank
	}
	return good
}

// endsOf returns where the records of a log's first segment end.
func endsOf(t *testing.T, dir string, records Sequence) map[Sequence]Offset {
	t.Helper()
	r := openReader(t, openLog(t, dir), 0)
	ends := map[Sequence]Offset{}
	for seq := Sequence(1); seq <= records; seq++ {
		e, err := r.Entry(seq)
		testutil.NoError(t, err)
		ends[seq] = e.End
	}
	return ends
}
