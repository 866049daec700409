package segment

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
)

func TestWriteCommit(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": "400"})
	appendTexts(t, w, 1, 1)
	before := snapshot(t, dir)
	for n := Sequence(2); n <= 4; n++ {
		ack, err := w.Write([]byte(text(n)), []byte(`"2025-05-28T16:14:22Z"`))
		testutil.NoError(t, err)
		if ack.Seq != n || ack.Durable || w.NextSeq() != n+1 {
			t.Errorf("%+v, next sequence %d", ack, w.NextSeq())
		}
	}
	wantSame(t, before, snapshot(t, dir), "Write")
	wantTexts(t, dir, texts(1, 1))
	testutil.NoError(t, w.Commit())
	wantTexts(t, dir, texts(1, 4))
	testutil.NoError(t, w.Commit())
	for n := Sequence(5); n <= 20; n++ { // over rolls
		_, err := w.Write([]byte(text(n)), nil)
		testutil.NoError(t, err)
	}
	testutil.NoError(t, w.Close()) // commits
	wantTexts(t, dir, texts(1, 20))
	_, err := w.Append(t.Context(), []byte(text(21)))
	testutil.ErrorIs(t, err, ErrClosed)
	testutil.ErrorIs(t, w.Commit(), ErrClosed)
	testutil.NoError(t, w.Close())
}

// Groups larger than what is held back are given to the kernel in between, and
// are no part of the log before Commit.
func TestWriteLargeGroup(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, nil)
	value := func(n int) []byte { return fmt.Appendf(nil, `"%d %s"`, n, bytes.Repeat([]byte("x"), 300<<10)) }
	want := map[Sequence]string{}
	for n := range 9 {
		_, err := w.Write(value(n), nil)
		testutil.NoError(t, err)
		want[Sequence(n+1)] = string(value(n))
	}
	killed := testutil.CopyTree(t, dir)
	if good, _ := contents(t, dir); len(good) != 0 {
		t.Errorf("%d records can be seen before Commit", len(good))
	}
	testutil.NoError(t, w.Commit())
	wantTexts(t, dir, want)
	w = openWriter(t, killed)
	if n := w.Recovery().Adopted; n == 0 || n > 9 {
		t.Errorf("adopted %d", n)
	}
}

func TestSyncPolicies(t *testing.T) {
	for _, row := range []struct {
		sync           string
		durable, lazy  bool
		entriesDurable bool
	}{
		{"always", true, false, true},
		{"interval=1ms", true, true, true},
		{"none", false, true, false},
	} {
		t.Run(row.sync, func(t *testing.T) {
			dir := newDir(t)
			w := create(t, dir, Settings{"sync": row.sync})
			ack, err := w.Append(t.Context(), []byte(text(1)))
			testutil.NoError(t, err)
			if ack.Durable != row.durable {
				t.Errorf("acknowledged as durable: %v", ack.Durable)
			}
			enterPending(t, w)
			r := openReader(t, openLog(t, dir), 0)
			e, err := r.Entry(1)
			testutil.NoError(t, err)
			if got := e.Flags&Durable != 0; got != row.entriesDurable {
				t.Errorf("entry durable: %v", got)
			}
			if got := testutil.ReadFile(t, filepath.Join(dir, indexName(1)))[56]; (got == 1) != row.lazy {
				t.Errorf("header flags %d, lazy %v", got, row.lazy)
			}
		})
	}
}
