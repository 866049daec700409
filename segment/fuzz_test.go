package segment

import (
	"bytes"
	"encoding/json"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/histlog/histlog/internal/recordtime"
	"github.com/histlog/histlog/internal/testutil"
)

// fuzzLog makes a closed log of 13 records in three segments and returns its
// directory with the bytes of one sealed index and of the active one.
func fuzzLog(f *testing.F) (dir string, sealed, active []byte) {
	dir = newLog(f, 13)
	return dir, testutil.ReadFile(f, filepath.Join(dir, indexName(6))), testutil.ReadFile(f, filepath.Join(dir, indexName(11)))
}

// resum makes the checksums of an index right, but for those of the records,
// so that what lies behind them is reached.
func resum(h header, index []byte) []byte {
	b := bytes.Clone(index)
	if len(b) >= headerSize {
		le.PutUint32(b[60:], crc32.Checksum(b[:60], castagnoli))
	}
	for at, seq := headerSize, h.base; at+entrySize <= len(b); at, seq = at+entrySize, seq+1 {
		le.PutUint32(b[at+28:], crc32.Update(h.seed(seq), castagnoli, b[at:at+28]))
	}
	if t := len(b) - trailerSize; t >= headerSize && bytes.Equal(b[t:t+8], trailerMagic[:]) {
		le.PutUint32(b[t+60:], crc32.Update(h.seed(h.base), castagnoli, b[t:t+60]))
	}
	return b
}

// Whatever stands in an index, reading the segment gives the lines of the
// segment or damage, and nothing else.
func FuzzIndex(f *testing.F) {
	dir, sealed, active := fuzzLog(f)
	id := openLog(f, dir).Marker.ID
	for _, b := range [][]byte{nil, sealed, active, sealed[:headerSize], sealed[:len(sealed)-trailerSize], active[:70], bytes.Repeat([]byte{0xff}, 200)} {
		for _, isActive := range []bool{false, true} {
			f.Add(b, isActive, false)
			f.Add(b, isActive, true)
		}
	}
	backwards := bytes.Clone(sealed) // the second record ends before the segment begins
	le.PutUint64(backwards[headerSize+entrySize:], ^uint64(0))
	f.Add(backwards, false, true)
	f.Fuzz(func(t *testing.T, index []byte, isActive, sums bool) {
		base, n := Sequence(6), 1
		whole := sealed
		if isActive {
			base, n, whole = 11, 2, active
		}
		path := filepath.Join(dir, indexName(base))
		if sums {
			index = resum(header{id: id, base: base}, index)
		}
		lines := append([]byte{'\n'}, testutil.ReadFile(t, filepath.Join(dir, textName(base)))...)
		testutil.NoError(t, os.WriteFile(path, index, 0o644))
		defer os.WriteFile(path, whole, 0o644)
		l := openLog(t, dir)
		if len(l.Foreign) > 0 { // the fuzzer's other process has a log with the same records
			return
		}
		s := l.Segments[n]
		r, err := l.OpenReader(s)
		if err != nil {
			testutil.ErrorIs(t, err, ErrCorrupt)
			return
		}
		defer r.Close()
		for seq := base; seq < min(r.Next(), base+100); seq++ {
			rec, err := r.Record(seq)
			if err != nil {
				testutil.ErrorIs(t, err, ErrCorrupt)
				continue
			}
			// An entry whose own checksum is right is believed: where that is forged, numbers may be.
			if string(rec.Text) != text(seq) && !(sums && bytes.Contains(lines, append([]byte{'\n'}, rec.Line()...))) {
				t.Fatalf("record %d: %q", seq, rec.Text)
			}
		}
		if _, err := l.Verify(t.Context(), s, nil); err != nil {
			t.Fatal(err)
		}
	})
}

// A writer that finds any index next to its segment has all the records in the
// end, or says what damage there is, and goes on.
func FuzzIndexForWriter(f *testing.F) {
	dir, sealed, active := fuzzLog(f)
	id := openLog(f, dir).Marker.ID
	for _, b := range [][]byte{nil, active, sealed, active[:headerSize], active[:70], active[:len(active)-entrySize], append(bytes.Clone(active), sealed[len(sealed)-trailerSize:]...)} {
		f.Add(b, false)
	}
	f.Add(append(bytes.Clone(active), active[headerSize:]...), true)
	backwards := bytes.Clone(active) // the last record ends before the segment begins
	le.PutUint64(backwards[len(backwards)-entrySize:], ^uint64(0))
	f.Add(backwards, true)
	f.Fuzz(func(t *testing.T, index []byte, sums bool) {
		one := testutil.CopyTree(t, dir)
		if sums {
			index = resum(header{id: id, base: 11}, index)
		}
		testutil.WriteFile(t, filepath.Join(one, indexName(11)), index)
		w, err := OpenWriter(t.Context(), one, options(nil))
		if errors.Is(err, ErrStranger) { // the fuzzer's other process has a log with the same records
			return
		}
		if sums && errors.Is(err, ErrCorrupt) { // no accident forges checksums, so refusing is right
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		damaged := len(w.Recovery().Damage) > 0
		next := w.NextSeq()
		if _, err := w.Append(t.Context(), []byte(text(next))); err != nil {
			t.Fatal(err)
		}
		testutil.NoError(t, w.Close())
		w = openWriter(t, one)
		if r := w.Recovery(); !r.Empty() || w.NextSeq() != next+1 {
			t.Errorf("second recovery: %+v", r)
		}
		if sums {
			return // such an index may claim anything
		}
		good, bad := contents(t, one)
		for seq := Sequence(1); seq <= 13; seq++ {
			if good[seq] != text(seq) && !damaged {
				t.Errorf("record %d: %q, %v", seq, good[seq], bad[seq])
			}
		}
	})
}

func FuzzMarker(f *testing.F) {
	f.Add([]byte(goodMarker))
	f.Add([]byte(`{"format":"histlog","version":2}`))
	f.Add([]byte(`{"format":"histlog","version":1,"requires":["x"]}`))
	f.Add([]byte(`{"format":"histlog","version":1,"later":[1,2],"ID":0}`))
	f.Add([]byte("\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseMarker(b)
		if err != nil {
			if errors.Is(err, ErrVersion) == errors.Is(err, ErrCorrupt) {
				t.Fatalf("neither newer nor damaged: %v", err)
			}
			return
		}
		_ = m.TimeRule(1)
		_, _ = m.Settings.Policy()
		first, err := m.encode()
		testutil.NoError(t, err)
		again, err := parseMarker(first)
		testutil.NoError(t, err)
		second, err := again.encode()
		testutil.NoError(t, err)
		if !bytes.Equal(first, second) || again.ID != m.ID || again.FirstSeq != m.FirstSeq || again.Role != m.Role {
			t.Fatalf("%q is written as\n%s\nand that as\n%s", b, first, second)
		}
	})
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{
		`"2025-05-28T16:14:22.104113-04:00"`, `"05/30/2025 07:15:35 AM EDT"`, `"2025-05-28 16:14:22"`, `1748448862.5`, `1748448862104`, `NaN`, `""`, `null`, `"\ud800"`,
	} {
		f.Add([]byte(s))
	}
	newYork, err := time.LoadLocation("America/New_York")
	testutil.NoError(f, err)
	h := header{base: 1}
	f.Fuzz(func(t *testing.T, scalar []byte) {
		nonFinite := string(scalar) == "NaN" || string(scalar) == "Infinity" || string(scalar) == "-Infinity"
		if !nonFinite && !(json.Valid(scalar) && utf8.Valid(scalar) && bytes.Equal(scalar, bytes.TrimSpace(scalar)) && scalar[0] != '{' && scalar[0] != '[') {
			return
		}
		for _, z := range []*time.Location{time.UTC, newYork} {
			at, ok := recordtime.Parse(scalar, z)
			if !ok {
				continue
			}
			e, _ := h.parseEntry(h.appendEntry(nil, 1, Entry{End: 1, Time: at, Arrived: time.Unix(1, 0)}), 1)
			if !e.Time.Equal(at) {
				t.Fatalf("%q is %v, and %v in the index", scalar, at, e.Time)
			}
		}
	})
}

// Whatever stands behind the acknowledged records, they survive, and what comes
// after them in the end was there as whole lines.
func FuzzRecover(f *testing.F) {
	dirs := map[bool]string{}
	for lazy, mode := range map[bool]string{false: "always", true: "interval=1ms"} {
		dirs[lazy] = newDir(f)
		w := create(f, dirs[lazy], Settings{"sync": mode})
		appendTexts(f, w, 1, 3)
		testutil.NoError(f, w.Close())
	}
	for _, s := range []string{"", "{", "\n", "{}\n", "{}\n[", "x\n{}\n", "\x00\x00\x00", " \n", "   \n{}\n", "{}\r\n", "{}\n\n{}\nx", "[NaN]\n", "\xff\n1\n", `"a b"` + "\n", "1 \n"} {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, tail []byte, lazy bool) {
		dir := testutil.CopyTree(t, dirs[lazy])
		testutil.EditFile(t, filepath.Join(dir, textName(1)), func(b []byte) []byte { return append(b, tail...) })
		w := openWriter(t, dir)
		got := w.Recovery()
		next := w.NextSeq()
		testutil.NoError(t, w.Close())
		before := snapshot(t, dir)
		w = openWriter(t, dir)
		if r := w.Recovery(); !r.Empty() || w.NextSeq() != next {
			t.Fatalf("second recovery: %+v", r)
		}
		testutil.NoError(t, w.Close())
		wantSame(t, before, snapshot(t, dir), "a second recovery")
		good, bad := contents(t, dir)
		for seq := Sequence(1); seq <= 3; seq++ {
			if good[seq] != text(seq) {
				t.Fatalf("record %d: %q, %v", seq, good[seq], bad[seq])
			}
		}
		lines := bytes.Split(tail, []byte("\n"))
		for seq := Sequence(4); seq < next; seq++ {
			if text, ok := good[seq]; ok && text != string(lines[seq-4]) {
				t.Fatalf("record %d: %q, want %q", seq, text, lines[seq-4])
			}
		}
		if len(bad) > 0 && (lazy || len(got.Damage) == 0) {
			t.Fatalf("can't be read: %v; reported %+v", bad, got)
		}
		var moved []byte
		for _, name := range got.Quarantined {
			moved = append(moved, testutil.ReadFile(t, name)...)
		}
		if whole := append(testutil.ReadFile(t, filepath.Join(dir, textName(1))), moved...); !bytes.HasSuffix(whole, tail) {
			t.Fatalf("bytes are lost: in quarantine %q, of %q", moved, tail)
		}
	})
}
