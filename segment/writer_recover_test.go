package segment

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/uuid"
)

// A log of the recovery tests: records 1 to 5 are sealed, 6 to 9 active, two
// more fit.
const (
	crashFirst Sequence = 6
	crashLast  Sequence = 9
	crashSize           = "400"
)

// crashed is the directory of such a log, to be spoiled.
type crashed struct {
	dir   string
	text  string // paths of the active segment and its index
	index string
}

func (c crashed) appendText(t *testing.T, s string) {
	t.Helper()
	edit(t, c.text, func(b []byte) []byte { return append(b, s...) })
}

// span returns where a record of the active segment begins and ends, with its LF.
func span(seq Sequence) (from, to int) {
	for n := crashFirst; n < seq; n++ {
		from += len(text(n)) + 1
	}
	return from, from + len(text(seq)) + 1
}

// entryAt returns where the index entry of a record begins.
func entryAt(seq Sequence) int { return headerSize + int(seq-crashFirst)*entrySize }

// spoil overwrites a record of the active segment, but for its LF.
func (c crashed) spoil(t *testing.T, seq Sequence, with byte) {
	t.Helper()
	edit(t, c.text, func(b []byte) []byte {
		from, to := span(seq)
		copy(b[from:to-1], bytes.Repeat([]byte{with}, to-1-from))
		return b
	})
}

func newCrashed(t *testing.T, settings Settings, end func(w *Writer)) crashed {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "log")
	w := create(t, dir, Settings{"segment-size": crashSize}.With(settings))
	appendTexts(t, w, 1, crashLast)
	enterPending(t, w)
	end(w)
	if w.active.header.base != crashFirst && w.active.count != 0 {
		t.Fatalf("the active segment begins with %d, want %d", w.active.header.base, crashFirst)
	}
	dir = copyOf(t, dir)
	return crashed{dir, filepath.Join(dir, TextName(crashFirst)), filepath.Join(dir, IndexName(crashFirst))}
}

// recovery is what a row expects of OpenWriter. Sequences run on to next.
type recovery struct {
	adopted   uint64
	takenBack uint64
	moved     []string            // contents of quarantine/
	damage    []Sequence          // reported
	lost      []Sequence          // can't be read
	extra     map[Sequence]string // records beyond those acknowledged, or blank in their place
	gone      []Sequence          // not durable, and taken back
	next      Sequence            // 0: the one after crashLast and extra
	sealed    bool                // the segment, whose text nobody may touch
}

func line10and11() string { return text(10) + "\n" + text(11) + "\n" }

func TestRecover(t *testing.T) {
	none, interval := Settings{"sync": "none"}, Settings{"sync": "interval=1ms"}
	rows := []struct {
		name     string
		settings Settings
		before   func(t *testing.T, w *Writer) // before the kill
		corrupt  func(t *testing.T, c crashed)
		want     recovery
	}{
		{name: "clean", corrupt: func(*testing.T, crashed) {}},
		{name: "clean, sync none", settings: none, corrupt: func(*testing.T, crashed) {}},
		{
			name:    "fragment",
			corrupt: func(t *testing.T, c crashed) { c.appendText(t, text(10)[:30]) },
			want:    recovery{moved: []string{text(10)[:30]}},
		},
		{
			name:    "whole value without LF",
			corrupt: func(t *testing.T, c crashed) { c.appendText(t, text(10)) },
			want:    recovery{moved: []string{text(10)}},
		},
		{
			name:    "zeros",
			corrupt: func(t *testing.T, c crashed) { c.appendText(t, string(make([]byte, 5000))) },
			want:    recovery{moved: []string{string(make([]byte, 5000))}},
		},
		{
			name:    "garbage with LFs",
			corrupt: func(t *testing.T, c crashed) { c.appendText(t, "\xff\xfe\n{]\n\n \x00\n{") },
			want:    recovery{moved: []string{"\xff\xfe\n{]\n\n \x00\n{"}},
		},
		{
			name:    "larger than what is read at once",
			corrupt: func(t *testing.T, c crashed) { c.appendText(t, `"`+string(bytes.Repeat([]byte("x"), 900<<10))) },
			want:    recovery{moved: []string{`"` + string(bytes.Repeat([]byte("x"), 900<<10))}},
		},
		{
			name:    "white space is no record",
			corrupt: func(t *testing.T, c crashed) { c.appendText(t, "{\"a\": 1}\n") },
			want:    recovery{moved: []string{"{\"a\": 1}\n"}},
		},
		{
			name:    "whole records past the index",
			corrupt: func(t *testing.T, c crashed) { c.appendText(t, line10and11()) },
			want:    recovery{adopted: 2, extra: texts(10, 11)},
		},
		{
			name:    "whole records and a fragment past the index",
			corrupt: func(t *testing.T, c crashed) { c.appendText(t, line10and11()+"[1,") },
			want:    recovery{adopted: 2, extra: texts(10, 11), moved: []string{"[1,"}},
		},
		{
			name:    "NaN past the index",
			corrupt: func(t *testing.T, c crashed) { c.appendText(t, "[NaN,-Infinity]\n") },
			want:    recovery{adopted: 1, extra: map[Sequence]string{10: "[NaN,-Infinity]"}},
		},
		{
			name:    "index missing",
			corrupt: func(t *testing.T, c crashed) { check(t, os.Remove(c.index)) },
			want:    recovery{adopted: 4},
		},
		{
			name:     "index missing, sync none",
			settings: none,
			corrupt:  func(t *testing.T, c crashed) { check(t, os.Remove(c.index)) },
			want:     recovery{adopted: 4},
		},
		{
			name: "index of another log, and of other records",
			corrupt: func(t *testing.T, c crashed) {
				write(t, c.index, read(t, filepath.Join(otherLog(t, 10), IndexName(5))))
			},
			want: recovery{adopted: 4},
		},
		{
			name: "index header corrupted: its entries prove themselves",
			corrupt: func(t *testing.T, c crashed) {
				edit(t, c.index, func(b []byte) []byte { b[45] ^= 4; return b })
			},
		},
		{
			name: "garbage behind the index",
			corrupt: func(t *testing.T, c crashed) {
				edit(t, c.index, func(b []byte) []byte { return append(b, bytes.Repeat([]byte{0xff}, 101)...) })
			},
		},
		{
			name: "zeros behind the index",
			corrupt: func(t *testing.T, c crashed) {
				edit(t, c.index, func(b []byte) []byte { return append(b, make([]byte, 4096)...) })
			},
		},
		{
			name: "hole in the index",
			corrupt: func(t *testing.T, c crashed) {
				edit(t, c.index, func(b []byte) []byte { clear(b[entryAt(7) : entryAt(7)+entrySize]); return b })
			},
			want: recovery{adopted: anyNumber},
		},
		{
			name:     "hole in the index, sync none",
			settings: none,
			corrupt: func(t *testing.T, c crashed) {
				edit(t, c.index, func(b []byte) []byte { clear(b[entryAt(7) : entryAt(7)+entrySize]); return b })
			},
			want: recovery{adopted: anyNumber},
		},
		{
			name:    "crash between seal and successor",
			before:  func(t *testing.T, w *Writer) { check(t, w.active.writeTrailer()) },
			corrupt: func(*testing.T, crashed) {},
		},
		{
			name:    "torn trailer",
			before:  func(t *testing.T, w *Writer) { check(t, w.active.writeTrailer()) },
			corrupt: func(t *testing.T, c crashed) { edit(t, c.index, func(b []byte) []byte { return b[:len(b)-32] }) },
		},
		{
			name: "index of the next segment without its segment",
			corrupt: func(t *testing.T, c crashed) {
				h := header{id: openLog(t, c.dir).Marker.ID, base: 10, created: newClock().Now()}
				write(t, filepath.Join(c.dir, IndexName(10)), h.encode())
			},
		},
		{
			name:    "empty index of the next segment without its segment",
			corrupt: func(t *testing.T, c crashed) { write(t, filepath.Join(c.dir, IndexName(10)), nil) },
		},
		{
			name:    "empty segment after a roll",
			before:  func(t *testing.T, w *Writer) { check(t, w.roll()) },
			corrupt: func(*testing.T, crashed) {},
		},
		{
			name:    "empty segment after a roll, index header not on disk",
			before:  func(t *testing.T, w *Writer) { check(t, w.roll()) },
			corrupt: func(t *testing.T, c crashed) { check(t, os.Truncate(filepath.Join(c.dir, IndexName(10)), 0)) },
		},
		{
			name:    "empty segment after a roll, index not on disk",
			before:  func(t *testing.T, w *Writer) { check(t, w.roll()) },
			corrupt: func(t *testing.T, c crashed) { check(t, os.Remove(filepath.Join(c.dir, IndexName(10)))) },
		},
		{
			name:     "last record spoiled, sync none",
			settings: none,
			corrupt:  func(t *testing.T, c crashed) { c.spoil(t, 9, 0) },
			want:     recovery{takenBack: 1, gone: []Sequence{9}, moved: []string{string(make([]byte, len(text(9)))) + "\n"}, next: 9},
		},
		{
			name:     "record spoiled before whole ones, sync none",
			settings: none,
			corrupt:  func(t *testing.T, c crashed) { c.spoil(t, 7, 0) },
			want: recovery{
				takenBack: 3, gone: []Sequence{7, 8, 9}, next: 7,
				moved: []string{string(make([]byte, len(text(7)))) + "\n" + text(8) + "\n" + text(9) + "\n"},
			},
		},
		{
			name:     "file ends before its last entries, sync none",
			settings: none,
			corrupt: func(t *testing.T, c crashed) {
				from, _ := span(8)
				check(t, os.Truncate(c.text, int64(from+5)))
			},
			want: recovery{takenBack: 2, gone: []Sequence{8, 9}, moved: []string{text(8)[:5]}, next: 8},
		},
		{
			name:     "last record spoiled into another value, sync none",
			settings: none,
			corrupt: func(t *testing.T, c crashed) {
				edit(t, c.text, func(b []byte) []byte { b[len(b)-4] = '7'; return b })
			},
			want: recovery{takenBack: 1, gone: []Sequence{9}, moved: []string{text(9)[:len(text(9))-3] + "7]}\n"}, next: 9},
		},
		{
			name:    "bad line before a whole one, sync always",
			corrupt: func(t *testing.T, c crashed) { c.appendText(t, "{!}\n"+text(11)+"\n") },
			want: recovery{
				adopted: anyNumber, damage: []Sequence{10}, lost: []Sequence{10},
				extra: texts(11, 11), next: 12, sealed: true,
			},
		},
		{
			name:     "bad line before a whole one, sync none",
			settings: none,
			corrupt:  func(t *testing.T, c crashed) { c.appendText(t, "{!}\n"+text(11)+"\n") },
			want:     recovery{moved: []string{"{!}\n" + text(11) + "\n"}},
		},
		{
			name:     "bad line before a whole one, sync interval",
			settings: interval,
			corrupt:  func(t *testing.T, c crashed) { c.appendText(t, "{!}\n"+text(11)+"\n") },
			want:     recovery{moved: []string{"{!}\n" + text(11) + "\n"}},
		},
		{
			name:     "good, bad, good and a fragment, sync none",
			corrupt:  func(t *testing.T, c crashed) { c.appendText(t, text(10)+"\n{!}\n"+text(12)+"\n[") },
			settings: none,
			want:     recovery{adopted: 1, extra: texts(10, 10), moved: []string{"{!}\n" + text(12) + "\n["}},
		},
		{
			name: "index missing and a record spoiled, sync always",
			corrupt: func(t *testing.T, c crashed) {
				check(t, os.Remove(c.index))
				c.spoil(t, 7, 'x')
			},
			want: recovery{adopted: anyNumber, damage: []Sequence{7}, lost: []Sequence{7}, sealed: true},
		},
		{
			name: "index missing and a record repaired",
			corrupt: func(t *testing.T, c crashed) {
				check(t, os.Remove(c.index))
				c.spoil(t, 7, ' ')
			},
			want: recovery{adopted: anyNumber, extra: map[Sequence]string{7: string(bytes.Repeat([]byte(" "), len(text(7))))}},
		},
		{
			name:     "index missing and a record repaired, sync interval",
			settings: interval,
			corrupt: func(t *testing.T, c crashed) {
				check(t, os.Remove(c.index))
				c.spoil(t, 7, ' ')
			},
			want: recovery{adopted: anyNumber, extra: map[Sequence]string{7: string(bytes.Repeat([]byte(" "), len(text(7))))}},
		},
		{
			name: "durable records gone",
			corrupt: func(t *testing.T, c crashed) {
				from, _ := span(8)
				check(t, os.Truncate(c.text, int64(from+5)))
			},
			want: recovery{damage: []Sequence{8}, lost: []Sequence{8, 9}, sealed: true},
		},
		{
			name: "durable records gone, between two",
			corrupt: func(t *testing.T, c crashed) {
				_, to := span(8)
				check(t, os.Truncate(c.text, int64(to)))
			},
			want: recovery{damage: []Sequence{9}, lost: []Sequence{9}, sealed: true},
		},
		{
			name:    "durable records gone, all of them",
			corrupt: func(t *testing.T, c crashed) { check(t, os.Truncate(c.text, 0)) },
			want:    recovery{damage: []Sequence{6}, lost: []Sequence{6, 7, 8, 9}, sealed: true},
		},
		{
			name: "durable records gone, garbage behind the index",
			corrupt: func(t *testing.T, c crashed) {
				_, to := span(8)
				check(t, os.Truncate(c.text, int64(to)))
				edit(t, c.index, func(b []byte) []byte { return append(b, make([]byte, 333)...) })
			},
			want: recovery{damage: []Sequence{9}, lost: []Sequence{9}, sealed: true},
		},
		{
			name: "quarantine copy already there",
			corrupt: func(t *testing.T, c crashed) {
				c.appendText(t, "[1,2")
				_, from := span(9)
				check(t, os.Mkdir(filepath.Join(c.dir, QuarantineName), 0o755))
				name := fmt.Sprintf("%020d-%d-4-%08x", crashFirst, from, crc32.Checksum([]byte("[1,2"), castagnoli))
				write(t, filepath.Join(c.dir, QuarantineName, name), []byte("[1,2"))
				write(t, filepath.Join(c.dir, QuarantineName, "."+name+".tmp"), []byte("[1"))
			},
			want: recovery{moved: []string{"[1,2"}},
		},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			for name, end := range map[string]func(w *Writer){"closed": func(w *Writer) { check(t, w.Close()) }, "killed": func(*Writer) {}} {
				t.Run(name, func(t *testing.T) {
					if name == "closed" && (row.before != nil || row.settings.Get("sync") == "none") {
						return // a crash inside a roll, or one that a durable end leaves no room for
					}
					c := newCrashed(t, row.settings, func(w *Writer) {
						if row.before != nil {
							row.before(t, w)
						}
						end(w)
					})
					row.corrupt(t, c)
					again := crashed{dir: copyOf(t, c.dir)}
					checkRecovery(t, c, row.want)
					checkAppending(t, again, row.want)
				})
			}
		})
	}
}

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
	textBefore := read(t, c.text)

	w := openWriter(t, c.dir)
	got := w.Recovery()
	if w.NextSeq() != next {
		t.Errorf("next sequence %d, want %d", w.NextSeq(), next)
	}
	check(t, w.Close())
	checkReport(t, c, got, want)
	checkHolds(t, c.dir, good, want.lost)
	if want.sealed && !bytes.Equal(read(t, c.text), textBefore) {
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
	check(t, w.Close())
	wantSame(t, before, snapshot(t, c.dir), "a second recovery")
}

func checkReport(t *testing.T, c crashed, got Recovery, want recovery) {
	t.Helper()
	if (got.Adopted != want.adopted && want.adopted != anyNumber) || got.RolledBack != want.takenBack {
		t.Errorf("adopted %d, taken back %d; want %d, %d", got.Adopted, got.RolledBack, want.adopted, want.takenBack)
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
		b := read(t, name)
		moved = append(moved, string(b))
		var base, from, n uint64
		var sum uint32
		if _, err := fmt.Sscanf(filepath.Base(name), "%020d-%d-%d-%08x", &base, &from, &n, &sum); err != nil ||
			base != uint64(crashFirst) || n != uint64(len(b)) || sum != crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) {
			t.Errorf("quarantine %s: not BASE-OFFSET-LENGTH-CRC32C of its %d bytes", name, len(b))
		}
		if end := int64(from); end != int64(len(read(t, c.text))) {
			t.Errorf("quarantine %s: the segment was cut to %d", name, len(read(t, c.text)))
		}
	}
	if !slices.Equal(moved, want.moved) {
		t.Errorf("in quarantine %.200q, want %.200q", moved, want.moved)
	}
	listed, err := openLog(t, c.dir).Quarantine()
	check(t, err)
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
		wantIs(t, err, ErrCorrupt)
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
	check(t, w.Close())
	checkHolds(t, c.dir, good, want.lost)
	w = openWriter(t, c.dir)
	if got := w.Recovery(); !got.Empty() || w.NextSeq() != next {
		t.Errorf("after appending: %+v, next sequence %d, want nothing and %d", got, w.NextSeq(), next)
	}
}

func TestRecoverTornAtEveryByte(t *testing.T) {
	c := newCrashed(t, nil, func(*Writer) {})
	full := text(10) + "\n"
	for cut := 1; cut <= len(full); cut++ {
		one := crashed{dir: copyOf(t, c.dir)}
		one.text = filepath.Join(one.dir, TextName(crashFirst))
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
	size := len(read(t, c.index))
	if size != entryAt(crashLast+1) {
		t.Fatalf("the index has %d bytes, want %d", size, entryAt(crashLast+1))
	}
	for cut := range size {
		one := crashed{dir: copyOf(t, c.dir)}
		one.text = filepath.Join(one.dir, TextName(crashFirst))
		check(t, os.Truncate(filepath.Join(one.dir, IndexName(crashFirst)), int64(cut)))
		checkRecovery(t, one, recovery{adopted: uint64(4 - max(cut-headerSize, 0)/entrySize)})
	}
}

func TestRecoverFlagsRebuilt(t *testing.T) {
	c := newCrashed(t, nil, func(*Writer) {})
	check(t, os.Truncate(c.index, int64(entryAt(8))))
	check(t, openWriter(t, c.dir).Close())
	r := openReader(t, openLog(t, c.dir), 1)
	for seq := crashFirst; seq <= crashLast; seq++ {
		e, err := r.Entry(seq)
		check(t, err)
		if rebuilt := e.Flags&Rebuilt != 0; rebuilt != (seq >= 8) {
			t.Errorf("record %d: rebuilt %v", seq, rebuilt)
		}
		if e.Flags&(Durable|Lost|ClockTime) != Durable {
			t.Errorf("record %d: flags %b", seq, e.Flags)
		}
	}
}

// A segment whose index has durable entries did exist: its sequences are taken.
func TestRecoverActiveSegmentGone(t *testing.T) {
	c := newCrashed(t, nil, func(w *Writer) { check(t, w.Close()) })
	check(t, os.Remove(c.text))
	w, err := OpenWriter(t.Context(), c.dir, options(nil))
	if err != nil {
		wantIs(t, err, ErrCorrupt)
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
	check(t, create(t, dir, nil).Close())
	for i, mode := range []string{"always", "none"} {
		w, err := OpenWriter(t.Context(), dir, options(Settings{"sync": mode}))
		check(t, err)
		appendTexts(t, w, Sequence(6*i+1), Sequence(6*i+6))
		check(t, w.Close())
	}
	check(t, os.Truncate(filepath.Join(dir, TextName(1)), 100))
	w := openWriter(t, dir)
	next := w.NextSeq()
	appendTexts(t, w, next, next+3)
	check(t, w.Close())
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

// The time of a record that is indexed anew is what the rule for its sequence says.
func TestRecoverTimeRules(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	w := create(t, dir, nil)
	record := []byte(`{"timestamp":"2025-01-01T00:00:00Z","at":"2025-02-02T00:00:00Z"}`)
	for range 2 {
		_, err := w.Append(t.Context(), record)
		check(t, err)
	}
	check(t, w.Close())
	_, err := Configure(t.Context(), dir, Settings{"time-field": "/at"}, nil)
	check(t, err)
	w = openWriter(t, dir)
	for range 2 {
		_, err := w.Append(t.Context(), record)
		check(t, err)
	}
	check(t, w.Close())
	months := func(name string) {
		t.Helper()
		r := openReader(t, openLog(t, dir), 0)
		for seq, want := range []int{1, 1, 2, 2} {
			e, err := r.Entry(Sequence(seq + 1))
			check(t, err)
			if got := int(e.Time.UTC().Month()); got != want {
				t.Errorf("%s: record %d is of month %d, want %d", name, seq+1, got, want)
			}
		}
	}
	months("as written")
	check(t, os.Remove(filepath.Join(dir, IndexName(1))))
	months("read without index")
	check(t, openWriter(t, dir).Close())
	months("recovered without index")
}

// A copy of a log has another id; nothing of its index is believed.
func TestRecoverOtherID(t *testing.T) {
	c := newCrashed(t, nil, func(w *Writer) { check(t, w.Close()) })
	l := openLog(t, c.dir)
	l.Marker.ID = uuid.New()
	check(t, writeMarker(OS{}, c.dir, l.Marker, 0o644))
	w := openWriter(t, c.dir)
	if r := w.Recovery(); r.Adopted != 4 {
		t.Errorf("adopted %d, want 4", r.Adopted)
	}
	wantTexts(t, c.dir, texts(1, crashLast))
}
