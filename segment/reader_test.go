package segment

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/testutil"
)

// newLog makes a closed log of n records, about five in a segment.
func newLog(t testing.TB, n Sequence) (dir string) {
	t.Helper()
	dir = newDir(t)
	w := create(t, dir, Settings{"segment-size": "400"})
	appendTexts(t, w, 1, n)
	testutil.NoError(t, w.Close())
	return dir
}

func TestRecordBySequence(t *testing.T) {
	l := openLog(t, newLog(t, 13))
	at := Offset(0)
	for i, s := range l.Segments {
		r := openReader(t, l, i)
		if !r.hasIndex() || r.ID() != l.Marker.ID || !r.Created().Equal(newClock().Now()) || r.Segment() != s {
			t.Errorf("segment %d: %v %v %v %v", s.Base, r.hasIndex(), r.ID(), r.Created(), r.Segment())
		}
		if s.Sealed && r.Next() != s.Next {
			t.Errorf("segment %d goes to %d, want %d", s.Base, r.Next(), s.Next)
		}
		for seq := r.Next() - 1; seq >= s.Base; seq-- { // backwards: nothing depends on order
			rec, err := r.Record(seq)
			testutil.NoError(t, err)
			e, err := r.Entry(seq)
			testutil.NoError(t, err)
			if string(rec.Text) != text(seq) || rec.Seq != seq || rec.Entry != e || rec.Blank {
				t.Errorf("record %d: %+v", seq, rec)
			}
			if want := time.Date(2025, 5, 28, 12, 0, int(seq), 0, time.UTC); !e.Time.Equal(want) || e.Flags&^anchor != Durable || !e.Arrived.Equal(newClock().Now()) {
				t.Errorf("entry %d: %+v", seq, e)
			}
			if int(e.End-rec.Start) != len(text(seq))+1 {
				t.Errorf("record %d stands at %d to %d", seq, rec.Start, e.End)
			}
		}
		size, err := r.Size()
		testutil.NoError(t, err)
		if int(size) != len(testutil.ReadFile(t, s.Path)) {
			t.Errorf("segment %d: size %d", s.Base, size)
		}
		at += size
		for _, seq := range []Sequence{0, s.Base - 1, r.Next(), r.Next() + 100, ^Sequence(0)} {
			_, err := r.Record(seq)
			testutil.ErrorIs(t, err, ErrNoRecord)
			_, err = r.Entry(seq)
			testutil.ErrorIs(t, err, ErrNoRecord)
		}
	}
	next, err := l.NextSeq()
	testutil.NoError(t, err)
	if next != 14 || at == 0 {
		t.Errorf("next sequence %d", next)
	}
}

func TestFind(t *testing.T) {
	dir := newLog(t, 13) // 1, 6, 11
	l := openLog(t, dir)
	for seq, want := range map[Sequence]int{1: 0, 5: 0, 6: 1, 10: 1, 11: 2, 13: 2, 99: 2} {
		if i, err := l.Find(seq); err != nil || i != want {
			t.Errorf("Find(%d) = %d, %v; want %d", seq, i, err, want)
		}
	}
	_, err := l.Find(0)
	if err == nil {
		t.Error("Find(0) found it")
	}

	// Retention moves first_seq, then removes.
	l.Marker.FirstSeq = 6
	testutil.NoError(t, writeMarker(OS{}, dir, l.Marker, 0o644))
	for range 2 {
		testutil.NoError(t, l.Refresh())
		if len(l.Segments) != 2 || l.Segments[0].Base != 6 {
			t.Errorf("segments %v", l.Segments)
		}
		_, err = l.Find(5)
		testutil.ErrorIs(t, err, ErrRetired)
		if i, err := l.Find(6); err != nil || i != 0 {
			t.Errorf("Find(6) = %d, %v", i, err)
		}
		if err := os.Remove(filepath.Join(dir, textName(1))); err != nil && !missing(err) {
			t.Fatal(err)
		}
	}
	_, bad := contents(t, dir)
	if len(bad) > 0 {
		t.Errorf("damage: %v", bad)
	}
}

func TestRefreshSeesNewRecords(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": "400"})
	l := openLog(t, dir)
	r := openReader(t, l, 0)
	for n := Sequence(1); n <= 5; n++ {
		_, err := r.Record(n)
		testutil.ErrorIs(t, err, ErrNoRecord)
		appendTexts(t, w, n, n)
		testutil.NoError(t, r.Refresh())
		for seq := Sequence(1); seq <= n; seq++ {
			rec, err := r.Record(seq)
			testutil.NoError(t, err)
			if string(rec.Text) != text(seq) {
				t.Errorf("record %d: %s", seq, rec.Text)
			}
		}
		if r.Next() != n+1 {
			t.Errorf("next %d after %d", r.Next(), n)
		}
	}
	appendTexts(t, w, 6, 12)
	testutil.NoError(t, r.Refresh())
	if r.Next() != 6 {
		t.Errorf("the reader of the first segment goes to %d", r.Next())
	}
	testutil.NoError(t, l.Refresh())
	if len(l.Segments) != 3 || !l.Segments[0].Sealed || l.Segments[2].Sealed || l.Segments[0].Next != 6 || l.Segments[2].Next != 0 {
		t.Errorf("segments %+v", l.Segments)
	}
}

// TestRefreshForgetsTornTail has a Reader read a torn tail ahead of the index. The next
// writer removes the tail and writes a record in its place, which the Reader must return.
func TestRefreshForgetsTornTail(t *testing.T) {
	dir := newLog(t, 3)
	path := filepath.Join(dir, textName(1))
	testutil.EditFile(t, path, func(b []byte) []byte {
		return append(b, `{"torn":"and never whole, and longer than the record that will stand in its place, so that`...)
	})
	l := openLog(t, dir)
	r := openReader(t, l, 0)
	_, err := r.Record(2)
	testutil.NoError(t, err)
	w := openWriter(t, dir)
	appendTexts(t, w, 4, 4)
	testutil.NoError(t, r.Refresh())
	rec, err := r.Record(4)
	testutil.NoError(t, err)
	if string(rec.Text) != text(4) {
		t.Errorf("record 4: %s", rec.Text)
	}
}

func TestReadWithoutIndex(t *testing.T) {
	for _, how := range []string{"missing", "empty", "garbage", "other log's"} {
		t.Run(how, func(t *testing.T) {
			dir := newLog(t, 13)
			for _, base := range []Sequence{1, 6, 11} {
				path := filepath.Join(dir, indexName(base))
				switch how {
				case "missing":
					testutil.NoError(t, os.Remove(path))
				case "empty":
					testutil.WriteFile(t, path, nil)
				case "garbage":
					testutil.WriteFile(t, path, bytes.Repeat([]byte("histlogI"), 99))
				default:
					testutil.WriteFile(t, path, testutil.ReadFile(t, filepath.Join(newLog(t, 13), indexName(base))))
				}
			}
			testutil.EditFile(t, filepath.Join(dir, textName(11)), func(b []byte) []byte { return append(b, "[torn"...) })
			before := snapshot(t, dir)
			wantTexts(t, dir, texts(1, 13))
			l := openLog(t, dir)
			for i, s := range l.Segments {
				r := openReader(t, l, i)
				if r.hasIndex() || r.Created() != (time.Time{}) {
					t.Errorf("segment %d: indexed %v, created %v", s.Base, r.hasIndex(), r.Created())
				}
				for seq := s.Base; seq < r.Next(); seq++ {
					e, err := r.Entry(seq)
					testutil.NoError(t, err)
					want := time.Date(2025, 5, 28, 12, 0, int(seq), 0, time.UTC)
					if e.Flags&Rebuilt == 0 || e.Flags&Durable != 0 || !e.Time.Equal(want) {
						t.Errorf("entry %d: %+v", seq, e)
					}
				}
				f, err := l.Verify(t.Context(), s, nil)
				testutil.NoError(t, err)
				if f.Rebuilt != f.Records || f.Records != r.Count() || (s.Sealed && len(f.Damage) == 0) {
					t.Errorf("segment %d: %+v", s.Base, f)
				}
			}
			next, err := l.NextSeq()
			testutil.NoError(t, err)
			if next != 14 {
				t.Errorf("next sequence %d", next)
			}
			wantSame(t, before, snapshot(t, dir), "reading")
		})
	}
}

// TestReadWithTornIndex reads a sealed segment whose index was truncated: the Reader must
// rebuild the index from the segment, and Verify must report the damage.
func TestReadWithTornIndex(t *testing.T) {
	dir := newLog(t, 13)
	path := filepath.Join(dir, indexName(6))
	whole := testutil.ReadFile(t, path)
	size := len(whole)
	for _, cut := range []int{headerSize - 1, headerSize, headerSize + 2*entrySize, headerSize + 3*entrySize + 7, size - trailerSize, size - 1} {
		testutil.WriteFile(t, path, whole[:cut])
		wantTexts(t, dir, texts(1, 13))
		l := openLog(t, dir)
		f, err := l.Verify(t.Context(), l.Segments[1], nil)
		testutil.NoError(t, err)
		if len(f.Damage) == 0 {
			t.Errorf("index cut to %d bytes: Verify found nothing", cut)
		}
		if t.Failed() {
			t.Fatalf("index cut from %d to %d bytes", size, cut)
		}
	}
}

func TestRefreshWithoutIndex(t *testing.T) {
	dir := newLog(t, 3)
	testutil.NoError(t, os.Remove(filepath.Join(dir, indexName(1))))
	r := openReader(t, openLog(t, dir), 0)
	appendTexts(t, openWriter(t, dir), 4, 4)
	testutil.NoError(t, r.Refresh())
	if rec, err := r.Record(4); err != nil || string(rec.Text) != text(4) {
		t.Errorf("record 4: %+v, %v", rec, err)
	}
}

func TestLargeRecords(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, nil)
	want := map[Sequence]string{}
	for i, n := range []int{10, readAhead - 3, readAhead - 2, readAhead, readAhead + 1, 3*readAhead + 5, 2, 5 * readAhead, 1} {
		value := `"` + strings.Repeat(string(rune('a'+i)), n) + `"`
		ack, err := w.Append(t.Context(), []byte(value))
		testutil.NoError(t, err)
		want[ack.Seq] = value
	}
	testutil.NoError(t, w.Close())
	wantTexts(t, dir, want)
	testutil.NoError(t, os.Remove(filepath.Join(dir, indexName(1))))
	wantTexts(t, dir, want)
	testutil.NoError(t, openWriter(t, dir).Close())
	wantTexts(t, dir, want)
}

// verifyAll verifies all segments and returns the damage found.
func verifyAll(t *testing.T, l *Log) (damage []*CorruptError) {
	t.Helper()
	for _, s := range l.Segments {
		f, err := l.Verify(t.Context(), s, nil)
		testutil.NoError(t, err)
		damage = append(damage, f.Damage...)
	}
	return damage
}

func TestVerify(t *testing.T) {
	l := openLog(t, newLog(t, 13))
	var total Finding
	for i, s := range l.Segments {
		var told Offset
		f, err := l.Verify(t.Context(), s, func(read Offset) { told = read })
		testutil.NoError(t, err)
		size, err := openReader(t, l, i).Size()
		testutil.NoError(t, err)
		if f.Summary.Bytes != size || told != size {
			t.Errorf("segment %d: %d bytes, told of %d, want %d", s.Base, f.Summary.Bytes, told, size)
		}
		total.Records += f.Records
		total.Blank += f.Blank
		total.Rebuilt += f.Rebuilt
		total.Damage = append(total.Damage, f.Damage...)
	}
	if total.Records != 13 || total.Blank != 0 || total.Rebuilt != 0 || len(total.Damage) != 0 {
		t.Errorf("%+v", total)
	}
}

// A bit flipped anywhere in a sealed segment is found, and hides one record only.
func TestFlippedBitInSegment(t *testing.T) {
	dir := newLog(t, 8)
	path := filepath.Join(dir, textName(1))
	whole := testutil.ReadFile(t, path)
	for at := range whole {
		spoilt := bytes.Clone(whole)
		spoilt[at] ^= 1 << (at % 8)
		testutil.WriteFile(t, path, spoilt)
		l := openLog(t, dir)
		hit := Sequence(bytes.Count(whole[:at], []byte("\n")) + 1)
		damage := verifyAll(t, l)
		if len(damage) != 1 || damage[0].Seq != hit || damage[0].Path != path {
			t.Fatalf("byte %d, in record %d: damage %v", at, hit, damage)
		}
		good, bad := contents(t, dir)
		want := texts(1, 8)
		delete(want, hit)
		wantGood(t, good, want)
		if len(bad) != 1 || !errors.Is(bad[hit], ErrCorrupt) {
			t.Fatalf("byte %d, in record %d: can't be read: %v", at, hit, bad)
		}
	}
}

// A bit flipped anywhere in a sealed segment's index is found, hides at most
// the record of its entry, and makes up none.
func TestFlippedBitInIndex(t *testing.T) {
	dir := newLog(t, 8)
	path := filepath.Join(dir, indexName(1))
	whole := testutil.ReadFile(t, path)
	also := map[Sequence]int{}
	for at := range whole {
		spoilt := bytes.Clone(whole)
		spoilt[at] ^= 1 << (at % 8)
		testutil.WriteFile(t, path, spoilt)
		l := openLog(t, dir)
		if len(verifyAll(t, l)) == 0 {
			t.Errorf("byte %d: Verify found nothing", at)
		}
		hit := Sequence(0)
		if at >= headerSize && at < len(whole)-trailerSize {
			hit = Sequence((at-headerSize)/entrySize + 1)
		}
		good, bad := contents(t, dir)
		for seq, err := range bad {
			testutil.ErrorIs(t, err, ErrCorrupt)
			if seq != hit {
				also[seq]++
			}
		}
		for seq, value := range good {
			if value != text(seq) {
				t.Errorf("byte %d: record %d: %s", at, seq, value)
			}
		}
	}
	for seq, n := range also {
		t.Errorf("record %d, whose text and entry are whole, could not be read with %d of the flips", seq, n)
	}
}

func TestVerifySegmentChangedInLength(t *testing.T) {
	for name, change := range map[string]func(b []byte) []byte{
		"cut":     func(b []byte) []byte { return b[:len(b)-5] },
		"cut LF":  func(b []byte) []byte { return b[:len(b)-1] },
		"emptied": func(b []byte) []byte { return nil },
		"longer":  func(b []byte) []byte { return append(b, "{}\n"...) },
		"LF more": func(b []byte) []byte { return append(b, '\n') },
	} {
		t.Run(name, func(t *testing.T) {
			dir := newLog(t, 8)
			path := filepath.Join(dir, textName(1))
			testutil.EditFile(t, path, change)
			if damage := verifyAll(t, openLog(t, dir)); len(damage) == 0 || damage[0].Path != path {
				t.Errorf("damage %v", damage)
			}
		})
	}
}

// The trailer sums up the entries: an entry exchanged for another valid one is found.
func TestVerifyTrailer(t *testing.T) {
	dir := newLog(t, 8)
	path := filepath.Join(dir, indexName(1))
	l := openLog(t, dir)
	r := openReader(t, l, 0)
	e, err := r.Entry(2)
	testutil.NoError(t, err)
	e.Time = e.Time.Add(-time.Hour)
	testutil.EditFile(t, path, func(b []byte) []byte {
		copy(b[headerSize+entrySize:], r.index.header.appendEntry(nil, 2, e))
		return b
	})
	if damage := verifyAll(t, l); len(damage) != 1 || damage[0].Path != path {
		t.Errorf("damage %v", damage)
	}
}

func TestMissingMiddleSegment(t *testing.T) {
	dir := newLog(t, 18) // 1, 6, 11, 16
	testutil.NoError(t, os.Remove(filepath.Join(dir, textName(6))))
	l := openLog(t, dir)
	for seq := Sequence(1); seq <= 18; seq++ {
		i, err := l.Find(seq)
		var rec Record
		if err == nil {
			rec, err = openReader(t, l, i).Record(seq)
		}
		if seq < 6 || seq > 10 {
			if err != nil || string(rec.Text) != text(seq) {
				t.Errorf("record %d: %s, %v", seq, rec.Text, err)
			}
			continue
		}
		if damage := wantCorrupt(t, err); damage.Seq != seq {
			t.Errorf("record %d: the error names %d: %v", seq, damage.Seq, err)
		}
	}
	if damage := verifyAll(t, l); len(damage) != 1 || damage[0].Seq != 6 {
		t.Errorf("damage %v, want that from 6 on", damage)
	}
	w := openWriter(t, dir)
	if w.NextSeq() != 19 {
		t.Errorf("next sequence %d", w.NextSeq())
	}
}

func TestMissingFirstSegment(t *testing.T) {
	dir := newLog(t, 13)
	testutil.NoError(t, os.Remove(filepath.Join(dir, textName(1))))
	l := openLog(t, dir)
	_, err := l.Find(3)
	if damage := wantCorrupt(t, err); damage.Seq != 3 {
		t.Errorf("the error names %d: %v", damage.Seq, err)
	}
	_, bad := contents(t, dir)
	if len(bad) > 0 {
		t.Errorf("%v", bad)
	}
}

// A segment that goes away after it was listed is damage, not a bare error.
func TestSegmentGoesAway(t *testing.T) {
	dir := newLog(t, 8)
	l := openLog(t, dir)
	testutil.NoError(t, os.Remove(l.Segments[0].Path))
	_, err := l.OpenReader(l.Segments[0])
	if damage := wantCorrupt(t, err); damage.Seq != 1 {
		t.Errorf("the error names %d", damage.Seq)
	}
}

// TestOtherNames checks that files whose names are not those of a log's files are ignored.
func TestOtherNames(t *testing.T) {
	dir := newLog(t, 8)
	for i, name := range []string{
		"1.ndjson", "0000000000000000000001.ndjson", "00000000000000000000.ndjson", "99999999999999999999.ndjson",
		"0000000000000000000x.ndjson", "00000000000000000099.ndjson.tmp", "00000000000000000099.json", "+0000000000000000099.ndjson",
		".00000000000000000099.ndjson.tmp", "notes", "00000000000000000099.NDJSON", "٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٩.ndjson",
	} {
		testutil.WriteFile(t, filepath.Join(dir, name), fmt.Appendf(nil, "%d\n", i))
	}
	mkdir(t, filepath.Join(dir, "more"))
	wantTexts(t, dir, texts(1, 8))
	appendTexts(t, openWriter(t, dir), 9, 9)
}

func TestBlankRecord(t *testing.T) {
	dir := newLog(t, 8)
	l := openLog(t, dir)
	path, index := filepath.Join(dir, textName(1)), filepath.Join(dir, indexName(1))
	testutil.EditFile(t, path, func(b []byte) []byte {
		return append(bytes.Repeat([]byte(" "), len(text(1))), b[len(text(1)):]...)
	})
	if damage := verifyAll(t, l); len(damage) != 1 {
		t.Errorf("damage %v: the index knows of no repair", damage)
	}
	testutil.NoError(t, os.Remove(index))
	rec, err := openReader(t, l, 0).Record(1)
	testutil.NoError(t, err)
	if !rec.Blank || len(rec.Text) != len(text(1)) || rec.Flags&Lost == 0 {
		t.Errorf("%+v", rec)
	}
	f, err := l.Verify(t.Context(), l.Segments[0], nil)
	testutil.NoError(t, err)
	if f.Blank != 1 || f.Records != 4 {
		t.Errorf("%+v", f)
	}
}

// The time of Verify does not grow with the square of the number of damaged records.
func TestVerifyManyDamaged(t *testing.T) {
	const n = 2000
	dir := newDir(t)
	w := create(t, dir, nil)
	appendTexts(t, w, 1, n)
	testutil.NoError(t, w.Close())
	path := filepath.Join(dir, textName(1))
	testutil.WriteFile(t, path, bytes.ReplaceAll(testutil.ReadFile(t, path), []byte("odds"), []byte("0dds")))
	calls := 0
	l, err := OpenContext(t.Context(), dir, testutil.CountingFS{Calls: &calls})
	testutil.NoError(t, err)
	if damage := verifyAll(t, l); len(damage) != n {
		t.Fatalf("%d damaged records, want %d", len(damage), n)
	}
	if calls > n {
		t.Errorf("%d reads of %d records", calls, n)
	}
}
