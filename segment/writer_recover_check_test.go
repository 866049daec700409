package segment

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
)

// anyNumber stands for a count that the specification leaves open.
const anyNumber = ^uint64(0)

// result returns what the log must hold after recovery, and the next sequence.
func (want recovery) result() (good map[Sequence]string, next Sequence) {
	good = texts(1, crashLast)
	for _, seq := range slices.Concat(want.lost, want.gone) {
		delete(good, seq)
	}
	maps.Copy(good, want.extra)
	next = crashLast + 1
	for seq := range want.extra {
		next = max(next, seq+1)
	}
	if want.next != 0 {
		next = want.next
	}
	return good, next
}

func checkRecovery(t *testing.T, c crashed, want recovery) {
	t.Helper()
	good, next := want.result()
	textBefore := testutil.ReadFile(t, c.text)

	w := openWriter(t, c.dir)
	got := w.Recovery()
	if w.NextSeq() != next {
		t.Errorf("next sequence %d, want %d", w.NextSeq(), next)
	}
	testutil.NoError(t, w.Close())
	checkReport(t, c, got, want)
	checkHolds(t, c.dir, good, want.lost)
	if want.sealed && !bytes.Equal(testutil.ReadFile(t, c.text), textBefore) {
		t.Error("the text of a damaged segment was changed")
	}
	if want.sealed && !openLog(t, c.dir).Segments[1].Sealed {
		t.Error("the damaged segment was not sealed")
	}

	before := snapshot(t, c.dir)
	w = openWriter(t, c.dir)
	if got := w.Recovery(); !got.Empty() || w.NextSeq() != next {
		t.Errorf("second recovery: %+v, next sequence %d, want nothing and %d", got, w.NextSeq(), next)
	}
	testutil.NoError(t, w.Close())
	wantSame(t, before, snapshot(t, c.dir), "a second recovery")
}

func checkReport(t *testing.T, c crashed, got Recovery, want recovery) {
	t.Helper()
	if (got.Adopted != want.adopted && want.adopted != anyNumber) || got.RolledBack != want.rolledBack {
		t.Errorf("adopted %d, rolled back %d; want %d, %d", got.Adopted, got.RolledBack, want.adopted, want.rolledBack)
	}
	var damage []Sequence
	for _, d := range got.Damage {
		damage = append(damage, d.Seq)
		if d.Path != c.text {
			t.Errorf("damage in %s, want %s", d.Path, c.text)
		}
	}
	if !slices.Equal(damage, want.damage) {
		t.Errorf("damage %v, want that of the first record concerned, %v", got.Damage, want.damage)
	}
	var moved []string
	for _, name := range got.Quarantined {
		b := testutil.ReadFile(t, name)
		moved = append(moved, string(b))
		var base, from, n uint64
		var sum uint32
		if _, err := fmt.Sscanf(filepath.Base(name), "%020d-%d-%d-%08x", &base, &from, &n, &sum); err != nil ||
			base != uint64(crashFirst) || n != uint64(len(b)) || sum != crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) {
			t.Errorf("quarantine %s: not BASE-OFFSET-LENGTH-CRC32C of its %d bytes", name, len(b))
		}
		if end := int64(from); end != int64(len(testutil.ReadFile(t, c.text))) {
			t.Errorf("quarantine %s: the segment was cut to %d", name, len(testutil.ReadFile(t, c.text)))
		}
	}
	if !slices.Equal(moved, want.moved) {
		t.Errorf("in quarantine %.200q, want %.200q", moved, want.moved)
	}
	listed, err := openLog(t, c.dir).Quarantine()
	testutil.NoError(t, err)
	if len(listed) != len(moved) {
		t.Errorf("quarantine/ holds %q, reported %q", listed, got.Quarantined)
	}
}

func checkHolds(t *testing.T, dir string, good map[Sequence]string, lost []Sequence) {
	t.Helper()
	got, bad := contents(t, dir)
	wantGood(t, got, good)
	for seq, err := range bad {
		if !slices.Contains(lost, seq) {
			t.Errorf("record %d: %v", seq, err)
		}
		testutil.ErrorIs(t, err, ErrCorrupt)
	}
	if len(bad) != len(lost) {
		t.Errorf("can't be read: %v, want %v", bad, lost)
	}
}

// checkAppending goes on where the log was left, over two rolls.
func checkAppending(t *testing.T, c crashed, want recovery) {
	t.Helper()
	good, next := want.result()
	w := openWriter(t, c.dir)
	for range 14 {
		if _, err := w.Append(t.Context(), []byte(text(next))); err != nil {
			t.Fatalf("append record %d to the recovered log: %v", next, err)
		}
		good[next] = text(next)
		next++
	}
	testutil.NoError(t, w.Close())
	checkHolds(t, c.dir, good, want.lost)
	w = openWriter(t, c.dir)
	if got := w.Recovery(); !got.Empty() || w.NextSeq() != next {
		t.Errorf("after appending: %+v, next sequence %d, want nothing and %d", got, w.NextSeq(), next)
	}
}
