package segment

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
)

func TestRecoverTornAtEveryByte(t *testing.T) {
	c := newCrashed(t, nil, func(*Writer) {})
	full := text(10) + "\n"
	for cut := 1; cut <= len(full); cut++ {
		one := crashed{dir: testutil.CopyTree(t, c.dir)}
		one.text = filepath.Join(one.dir, textName(crashFirst))
		one.appendText(t, full[:cut])
		want := recovery{moved: []string{full[:cut]}}
		if cut == len(full) {
			want = recovery{adopted: 1, extra: texts(10, 10)}
		}
		checkRecovery(t, one, want)
	}
}

func TestRecoverIndexCutAtEveryByte(t *testing.T) {
	c := newCrashed(t, nil, func(*Writer) {})
	size := len(testutil.ReadFile(t, c.index))
	if size != entryAt(crashLast+1) {
		t.Fatalf("the index has %d bytes, want %d", size, entryAt(crashLast+1))
	}
	for cut := range size {
		one := crashed{dir: testutil.CopyTree(t, c.dir)}
		one.text = filepath.Join(one.dir, textName(crashFirst))
		testutil.NoError(t, os.Truncate(filepath.Join(one.dir, indexName(crashFirst)), int64(cut)))
		checkRecovery(t, one, recovery{adopted: uint64(4 - max(cut-headerSize, 0)/entrySize)})
	}
}

// A segment whose index has durable entries did exist: its sequences are taken.
func TestRecoverActiveSegmentGone(t *testing.T) {
	c := newCrashed(t, nil, func(w *Writer) { testutil.NoError(t, w.Close()) })
	testutil.NoError(t, os.Remove(c.text))
	w, err := OpenWriter(t.Context(), c.dir, options(nil))
	if err != nil {
		testutil.ErrorIs(t, err, ErrCorrupt)
		return
	}
	defer w.Close()
	ack, err := w.Append(t.Context(), []byte(`"new"`))
	if err == nil && ack.Seq <= crashLast {
		t.Errorf("sequence %d was given to a second record", ack.Seq)
	}
	if r := w.Recovery(); len(r.Damage) == 0 {
		t.Errorf("records %d to %d are gone, and nothing was reported", crashFirst, crashLast)
	}
}

// Not durable entries behind durable ones that are gone are no records.
func TestRecoverMixedSyncCut(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	testutil.NoError(t, create(t, dir, nil).Close())
	for i, mode := range []string{"always", "none"} {
		w, err := OpenWriter(t.Context(), dir, options(Settings{"sync": mode}))
		testutil.NoError(t, err)
		appendTexts(t, w, Sequence(6*i+1), Sequence(6*i+6))
		testutil.NoError(t, w.Close())
	}
	testutil.NoError(t, os.Truncate(filepath.Join(dir, textName(1)), 100))
	w := openWriter(t, dir)
	next := w.NextSeq()
	appendTexts(t, w, next, next+3)
	testutil.NoError(t, w.Close())
	if r := w.Recovery(); len(r.Damage) == 0 || next < 7 {
		t.Errorf("%+v, next sequence %d", r, next)
	}
	l := openLog(t, dir)
	if r := openReader(t, l, 0); r.Next() != l.Segments[1].Base {
		t.Errorf("the sealed segment's index goes to %d, the next segment begins with %d", r.Next(), l.Segments[1].Base)
	}
	good, _ := contents(t, dir)
	want := texts(next, next+3)
	want[1] = text(1)
	wantGood(t, good, want)
}
