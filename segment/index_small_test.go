package segment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/testutil"
)

// manyRecords makes a closed log of small records, so many in a segment that its
// index is worth a small form. Its last segment is the active one.
func manyRecords(t testing.TB, records int) string {
	t.Helper()
	dir := newDir(t)
	d, err := NewDraft(t.Context(), dir, options(Settings{"segment-size": "5000"}))
	testutil.NoError(t, err)
	for n := range records {
		testutil.NoError(t, d.Write(fmt.Appendf(nil, `{"n":%d}`, n), nil))
	}
	testutil.NoError(t, d.Publish())
	return dir
}

func wantMany(t testing.TB, dir string, records int) {
	t.Helper()
	good, bad := contents(t, dir)
	if len(bad) > 0 || len(good) != records {
		t.Fatalf("%d records, want %d; %v", len(good), records, bad)
	}
	for n := range records {
		if want := fmt.Sprintf(`{"n":%d}`, n); good[Sequence(n+1)] != want {
			t.Fatalf("record %d is %s", n+1, good[Sequence(n+1)])
		}
	}
}

func exists(t testing.TB, path string) bool {
	_, err := os.Lstat(path)
	if err != nil && !missing(err) {
		t.Fatal(err)
	}
	return err == nil
}

// shrinkAll compresses every sealed segment of a log.
func shrinkAll(t testing.TB, dir string) (changes []Change) {
	t.Helper()
	l := openLog(t, dir)
	for _, s := range l.Segments[:len(l.Segments)-1] {
		c, err := Compress(t.Context(), dir, s.Base, Zstd, options(nil))
		testutil.NoError(t, err)
		changes = append(changes, c)
	}
	return changes
}

func TestSmallIndex(t *testing.T) {
	const records = 2000
	dir := manyRecords(t, records)
	index := testutil.ReadFile(t, filepath.Join(dir, indexName(1)))
	changes := shrinkAll(t, dir)
	small := filepath.Join(dir, smallIndexName(1))
	if exists(t, filepath.Join(dir, indexName(1))) || len(testutil.ReadFile(t, small)) > len(index)/3 {
		t.Fatalf("%d bytes became %d", len(index), len(testutil.ReadFile(t, small)))
	}
	if c := changes[0]; c.Before < int64(len(index)) || c.After >= c.Before/2 {
		t.Errorf("%+v", c)
	}
	l := openLog(t, dir)
	if !slices.Equal(l.Marker.Requires, []string{"small-index"}) {
		t.Errorf("HISTLOG requires %q", l.Marker.Requires)
	}
	x, reason, err := l.openIndex(stem{base: 1})
	testutil.NoError(t, err)
	defer x.file.Close()
	got, err := io.ReadAll(io.NewSectionReader(x.file, 0, 1<<30))
	if err != nil || reason != "" || !bytes.Equal(got, index) {
		t.Errorf("%d bytes are presented, want %d; %q, %v", len(got), len(index), reason, err)
	}
	wantMany(t, dir, records)
	wantNoDamage(t, l)
	n, err := l.DiskBytes(l.Segments[0])
	testutil.NoError(t, err)
	if want := len(testutil.ReadFile(t, small)) + len(testutil.ReadFile(t, l.Segments[0].Path)); n != int64(want) {
		t.Errorf("%d bytes on disk, want %d", n, want)
	}
	if c := shrinkAll(t, dir); c[0] != (Change{}) {
		t.Errorf("compressed again: %+v", c[0])
	}
	w := openWriter(t, dir)
	_, err = w.Append(t.Context(), []byte("1"))
	testutil.NoError(t, err)
	if zstd, err := exec.LookPath("zstd"); err == nil {
		if out, err := exec.Command(zstd, "-t", small).CombinedOutput(); err != nil {
			t.Errorf("zstd -t: %s", out)
		}
	}
}

// Whatever an index can hold is the same in its small form.
func TestSmallIndexOfAnything(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(3, seed))
		h := header{base: Sequence(1 + r.Uint64N(1<<40)), created: time.Unix(0, r.Int64()), rule: 3, flags: headerLazy}
		n := 1 + r.IntN(3*smallBlock)
		b, sum := h.encode(), trailer{}
		for k := range n {
			e := Entry{End: sum.Plain + 2 + Offset(r.Int64N(1<<r.IntN(31))), Time: time.Unix(0, int64(r.Uint64())), Arrived: time.Unix(int64(r.Uint32()), 0), Flags: EntryFlags(r.Uint32()), CRC: r.Uint32()}
			if seed%3 == 0 {
				e.Time, e.Arrived, e.Flags = time.Unix(0, 1e18+178e9*int64(k)), time.Unix(1e9, 0), Durable
			}
			sum.add(e)
			b = h.appendEntry(b, h.base+Sequence(k), e)
		}
		b = append(b, h.encodeTrailer(sum)...)
		path := filepath.Join(t.TempDir(), "index")
		testutil.WriteFile(t, path, b)
		f, err := OS{}.OpenFile(path, os.O_RDONLY, 0)
		testutil.NoError(t, err)
		x := &indexFile{file: f, path: path, header: h}
		_, err = x.countEntries(-1)
		testutil.NoError(t, err)
		l := &Log{fs: OS{}}
		size, err := l.writeSmall(t.Context(), x, path+".zst", 0o644)
		testutil.NoError(t, err)
		testutil.NoError(t, f.Close())
		t.Logf("%d entries, %d bytes became %d", n, len(b), size)
	}
}

// damagedSmall flips each bit of a small index, or so many of them, and returns what
// reading the log says.
func TestSmallIndexBitFlips(t *testing.T) {
	const records = 900
	dir := manyRecords(t, records)
	shrinkAll(t, dir)
	path := filepath.Join(dir, smallIndexName(1))
	good := testutil.ReadFile(t, path)
	for at := range good {
		if at%53 != 0 && at > smallHeader && at < len(good)-smallFooter-16 {
			continue
		}
		bad := bytes.Clone(good)
		bad[at] ^= 1 << (at % 8)
		testutil.WriteFile(t, path, bad)
		wantMany(t, dir, records) // each record is in the text
		l := openLog(t, dir)
		f, err := l.Verify(t.Context(), l.Segments[0], nil)
		testutil.NoError(t, err)
		if len(f.Damage) == 0 && at >= 16 && at < len(good)-12 {
			t.Fatalf("byte %d: Verify found nothing", at)
		}
	}
}

// Repair makes a damaged small index again from the text, as a plain one.
func TestSmallIndexIsRepaired(t *testing.T) {
	const records = 2000
	for _, at := range []int{40, smallHeader + 100, -smallFooter - 3, -3} {
		dir := manyRecords(t, records)
		plain := testutil.ReadFile(t, filepath.Join(dir, indexName(1)))
		shrinkAll(t, dir)
		path := filepath.Join(dir, smallIndexName(1))
		testutil.EditFile(t, path, func(b []byte) []byte { b[(at+len(b))%len(b)] ^= 4; return b })
		done, err := Repair(t.Context(), dir, options(nil))
		testutil.NoError(t, err)
		if len(done.Repaired) == 0 || exists(t, path) {
			t.Errorf("byte %d: %+v", at, done.Repaired)
		}
		if at == smallHeader+100 && !bytes.Equal(testutil.ReadFile(t, filepath.Join(dir, indexName(1)))[:headerSize], plain[:headerSize]) {
			t.Error("the header is not what it was")
		}
		wantMany(t, dir, records)
		wantNoDamage(t, openLog(t, dir))
		shrinkAll(t, dir)
		if !exists(t, path) {
			t.Error("it is not made small again")
		}
		wantMany(t, dir, records)
	}
}

// Both forms beside each other, one of them damaged, are as good as one.
func TestSmallIndexBesidePlain(t *testing.T) {
	const records = 900
	for _, row := range []struct {
		name string
		do   func(t *testing.T, plain, small string)
	}{
		{"both", func(*testing.T, string, string) {}},
		{"the plain one torn", func(t *testing.T, plain, _ string) { testutil.NoError(t, os.Truncate(plain, 3000)) }},
		{"the plain one empty", func(t *testing.T, plain, _ string) { testutil.NoError(t, os.Truncate(plain, 0)) }},
		{"the small one torn", func(t *testing.T, _, small string) { testutil.NoError(t, os.Truncate(small, 500)) }},
		{"a byte of the small one changed", func(t *testing.T, _, small string) { testutil.FlipByte(t, small, 300) }},
		{"the small one empty", func(t *testing.T, _, small string) { testutil.NoError(t, os.Truncate(small, 0)) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := manyRecords(t, records)
			plain, small := filepath.Join(dir, indexName(1)), filepath.Join(dir, smallIndexName(1))
			b := testutil.ReadFile(t, plain)
			shrinkAll(t, dir)
			testutil.WriteFile(t, plain, b)
			row.do(t, plain, small)
			l := openLog(t, dir)
			wantNoDamage(t, l)
			wantMany(t, dir, records)
			shrinkAll(t, dir)
			wantMany(t, dir, records)
			wantNoDamage(t, openLog(t, dir))
		})
	}
}

// A log and an archive that have small indexes say so before they have one.
func TestSmallIndexIsArchivedAndRetired(t *testing.T) {
	const records = 2000
	dir := manyRecords(t, records)
	to := filepath.Join(t.TempDir(), "old")
	bases := openLog(t, dir).Segments
	_, err := Archive(t.Context(), dir, to, bases[1].Base, options(nil)) // a plain one
	testutil.NoError(t, err)
	if r := openLog(t, to).Marker.Requires; len(r) > 0 {
		t.Errorf("the archive requires %q", r)
	}
	shrinkAll(t, dir)
	_, err = Archive(t.Context(), dir, to, bases[2].Base, options(nil))
	testutil.NoError(t, err)
	l := openLog(t, to)
	if !slices.Equal(l.Marker.Requires, []string{"small-index"}) || !exists(t, filepath.Join(to, smallIndexName(bases[1].Base))) {
		t.Errorf("the archive requires %q", l.Marker.Requires)
	}
	wantNoDamage(t, l)
	wantGone(t, dir, smallIndexName(bases[1].Base), indexName(bases[1].Base))
	if len(bases) < 5 {
		t.Fatal("too few segments")
	}
	_, err = Retire(t.Context(), dir, bases[3].Base, options(nil))
	testutil.NoError(t, err)
	wantGone(t, dir, smallIndexName(bases[2].Base))
}

// A migration stores full segments with their indexes small, and says so.
func TestDraftWithSmallIndexes(t *testing.T) {
	dir := newDir(t)
	o := options(Settings{"segment-size": "5000"})
	o.Compress = Zstd
	d, err := NewDraft(t.Context(), dir, o)
	testutil.NoError(t, err)
	for n := range 2000 {
		testutil.NoError(t, d.Write(fmt.Appendf(nil, `{"n":%d}`, n), nil))
	}
	testutil.NoError(t, d.Publish())
	if l := openLog(t, dir); !slices.Equal(l.Marker.Requires, []string{"small-index"}) || !exists(t, filepath.Join(dir, smallIndexName(1))) {
		t.Errorf("HISTLOG requires %q", l.Marker.Requires)
	}
	wantMany(t, dir, 2000)
}

// A histlog that does not know what HISTLOG requires says that it is too old.
func TestUnknownRequirement(t *testing.T) {
	for _, requires := range []string{`["large-index"]`, `["small-index","x"]`, `"small-index"`, `{}`, `[1]`} {
		b := fmt.Appendf(nil, `{"format":"histlog","version":1,"requires":%s,"id":"0196abcd-0196-4bcd-8196-abcd0196abcd","role":"log","first_seq":1,"time_rules":[{"from_seq":1}]}`, requires)
		if _, err := parseMarker(b); !errors.Is(err, ErrVersion) {
			t.Errorf("%s: %v", requires, err)
		}
	}
}

// An index is not made small while its context has ended, nor one that has rotted.
func TestShrinkRefuses(t *testing.T) {
	dir := manyRecords(t, 900)
	shrinkAll(t, dir)
	_, err := Repair(t.Context(), dir, options(nil))
	testutil.NoError(t, err)
	plain := filepath.Join(dir, indexName(1))
	l := openLog(t, dir)
	x, _, err := l.openIndex(stem{base: 1})
	testutil.NoError(t, err)
	b, err := io.ReadAll(io.NewSectionReader(x.file, 0, 1<<30))
	testutil.NoError(t, errors.Join(err, x.file.Close()))
	b[headerSize+5*entrySize] ^= 1
	testutil.WriteFile(t, plain, b)
	testutil.NoError(t, os.Remove(filepath.Join(dir, smallIndexName(1))))
	if _, err := Compress(t.Context(), dir, 1, Zstd, options(nil)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a rotten index: %v", err)
	}
	if !bytes.Equal(testutil.ReadFile(t, plain), b) || exists(t, filepath.Join(dir, smallIndexName(1))) {
		t.Error("it was changed")
	}
	b[headerSize+5*entrySize] ^= 1
	testutil.WriteFile(t, plain, b)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Compress(ctx, dir, 1, Zstd, options(nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
}

// The index of a segment that was compressed before is stored small by the next
// Compress of it, and HISTLOG says so first.
func TestShrinkCompressedBefore(t *testing.T) {
	const records = 900
	dir := manyRecords(t, records)
	l := openLog(t, dir)
	index := testutil.ReadFile(t, filepath.Join(dir, indexName(1)))
	_, err := l.compress(t.Context(), l.Segments[0], Gzip) // as earlier versions did
	testutil.NoError(t, err)
	if may, err := openLog(t, dir).CanShrink(openLog(t, dir).Segments[0]); !may || err != nil {
		t.Errorf("%v, %v", may, err)
	}
	n, err := l.EstimateIndex(t.Context(), l.Segments[0])
	testutil.NoError(t, err)
	c, err := Compress(t.Context(), dir, 1, Zstd, options(nil))
	testutil.NoError(t, err)
	if c.Segment != smallIndexName(1) || c.Before != int64(len(index)) || c.After != n || c.After != int64(len(testutil.ReadFile(t, filepath.Join(dir, smallIndexName(1))))) {
		t.Errorf("%+v, estimated were %d", c, n)
	}
	if l := openLog(t, dir); l.Segments[0].Codec != Gzip || !slices.Equal(l.Marker.Requires, []string{"small-index"}) {
		t.Errorf("%v, %q", l.Segments[0].Codec, l.Marker.Requires)
	}
	wantMany(t, dir, records)
}
