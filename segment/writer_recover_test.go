package segment

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
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
	testutil.EditFile(t, c.text, func(b []byte) []byte { return append(b, s...) })
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
	testutil.EditFile(t, c.text, func(b []byte) []byte {
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
	dir = testutil.CopyTree(t, dir)
	return crashed{dir, filepath.Join(dir, textName(crashFirst)), filepath.Join(dir, indexName(crashFirst))}
}

// recovery is what a row expects of OpenWriter. Sequences run on to next.
type recovery struct {
	adopted    uint64
	rolledBack uint64
	moved      []string            // contents of quarantine/
	damage     []Sequence          // reported
	lost       []Sequence          // can't be read
	extra      map[Sequence]string // records beyond those acknowledged, or blank in their place
	gone       []Sequence          // not durable, and rolled back
	next       Sequence            // 0: the one after crashLast and extra
	sealed     bool                // the segment, whose text nobody may touch
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
			corrupt: func(t *testing.T, c crashed) { testutil.NoError(t, os.Remove(c.index)) },
			want:    recovery{adopted: 4},
		},
		{
			name:     "index missing, sync none",
			settings: none,
			corrupt:  func(t *testing.T, c crashed) { testutil.NoError(t, os.Remove(c.index)) },
			want:     recovery{adopted: 4},
		},
		{
			name: "index of another log, and of other records",
			corrupt: func(t *testing.T, c crashed) {
				testutil.WriteFile(t, c.index, testutil.ReadFile(t, filepath.Join(otherLog(t, 10), indexName(5))))
			},
			want: recovery{adopted: 4},
		},
		{
			name: "index header corrupted: its entries prove themselves",
			corrupt: func(t *testing.T, c crashed) {
				testutil.EditFile(t, c.index, func(b []byte) []byte { b[45] ^= 4; return b })
			},
		},
		{
			name: "garbage behind the index",
			corrupt: func(t *testing.T, c crashed) {
				testutil.EditFile(t, c.index, func(b []byte) []byte { return append(b, bytes.Repeat([]byte{0xff}, 101)...) })
			},
		},
		{
			name: "zeros behind the index",
			corrupt: func(t *testing.T, c crashed) {
				testutil.EditFile(t, c.index, func(b []byte) []byte { return append(b, make([]byte, 4096)...) })
			},
		},
		{
			name: "hole in the index",
			corrupt: func(t *testing.T, c crashed) {
				testutil.EditFile(t, c.index, func(b []byte) []byte { clear(b[entryAt(7) : entryAt(7)+entrySize]); return b })
			},
			want: recovery{adopted: anyNumber},
		},
		{
			name:     "hole in the index, sync none",
			settings: none,
			corrupt: func(t *testing.T, c crashed) {
				testutil.EditFile(t, c.index, func(b []byte) []byte { clear(b[entryAt(7) : entryAt(7)+entrySize]); return b })
			},
			want: recovery{adopted: anyNumber},
		},
		{
			name:    "crash between seal and successor",
			before:  func(t *testing.T, w *Writer) { testutil.NoError(t, w.active.writeTrailer()) },
			corrupt: func(*testing.T, crashed) {},
		},
		{
			name:   "torn trailer",
			before: func(t *testing.T, w *Writer) { testutil.NoError(t, w.active.writeTrailer()) },
			corrupt: func(t *testing.T, c crashed) {
				testutil.EditFile(t, c.index, func(b []byte) []byte { return b[:len(b)-32] })
			},
		},
		{
			name: "index of the next segment without its segment",
			corrupt: func(t *testing.T, c crashed) {
				h := header{id: openLog(t, c.dir).Marker.ID, base: 10, created: newClock().Now()}
				testutil.WriteFile(t, filepath.Join(c.dir, indexName(10)), h.encode())
			},
		},
		{
			name:    "empty index of the next segment without its segment",
			corrupt: func(t *testing.T, c crashed) { testutil.WriteFile(t, filepath.Join(c.dir, indexName(10)), nil) },
		},
		{
			name:    "empty segment after a roll",
			before:  func(t *testing.T, w *Writer) { rollNow(t, w) },
			corrupt: func(*testing.T, crashed) {},
		},
		{
			name:   "empty segment after a roll, index header not on disk",
			before: func(t *testing.T, w *Writer) { rollNow(t, w) },
			corrupt: func(t *testing.T, c crashed) {
				testutil.NoError(t, os.Truncate(filepath.Join(c.dir, indexName(10)), 0))
			},
		},
		{
			name:    "empty segment after a roll, index not on disk",
			before:  func(t *testing.T, w *Writer) { rollNow(t, w) },
			corrupt: func(t *testing.T, c crashed) { testutil.NoError(t, os.Remove(filepath.Join(c.dir, indexName(10)))) },
		},
		{
			name:     "last record spoiled, sync none",
			settings: none,
			corrupt:  func(t *testing.T, c crashed) { c.spoil(t, 9, 0) },
			want:     recovery{rolledBack: 1, gone: []Sequence{9}, moved: []string{string(make([]byte, len(text(9)))) + "\n"}, next: 9},
		},
		{
			name:     "record spoiled before complete ones, sync none",
			settings: none,
			corrupt:  func(t *testing.T, c crashed) { c.spoil(t, 7, 0) },
			want: recovery{
				rolledBack: 3, gone: []Sequence{7, 8, 9}, next: 7,
				moved: []string{string(make([]byte, len(text(7)))) + "\n" + text(8) + "\n" + text(9) + "\n"},
			},
		},
		{
			name:     "file ends before its last entries, sync none",
			settings: none,
			corrupt: func(t *testing.T, c crashed) {
				from, _ := span(8)
				testutil.NoError(t, os.Truncate(c.text, int64(from+5)))
			},
			want: recovery{rolledBack: 2, gone: []Sequence{8, 9}, moved: []string{text(8)[:5]}, next: 8},
		},
		{
			name:     "last record spoiled into another value, sync none",
			settings: none,
			corrupt: func(t *testing.T, c crashed) {
				testutil.EditFile(t, c.text, func(b []byte) []byte { b[len(b)-4] = '7'; return b })
			},
			want: recovery{rolledBack: 1, gone: []Sequence{9}, moved: []string{text(9)[:len(text(9))-3] + "7]}\n"}, next: 9},
		},
		{
			name:    "bad line before a complete one, sync always",
			corrupt: func(t *testing.T, c crashed) { c.appendText(t, "{!}\n"+text(11)+"\n") },
			want: recovery{
				adopted: anyNumber, damage: []Sequence{10}, lost: []Sequence{10},
				extra: texts(11, 11), next: 12, sealed: true,
			},
		},
		{
			name:     "bad line before a complete one, sync none",
			settings: none,
			corrupt:  func(t *testing.T, c crashed) { c.appendText(t, "{!}\n"+text(11)+"\n") },
			want:     recovery{moved: []string{"{!}\n" + text(11) + "\n"}},
		},
		{
			name:     "bad line before a complete one, sync interval",
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
				testutil.NoError(t, os.Remove(c.index))
				c.spoil(t, 7, 'x')
			},
			want: recovery{adopted: anyNumber, damage: []Sequence{7}, lost: []Sequence{7}, sealed: true},
		},
		{
			name: "index missing and a record repaired",
			corrupt: func(t *testing.T, c crashed) {
				testutil.NoError(t, os.Remove(c.index))
				c.spoil(t, 7, ' ')
			},
			want: recovery{adopted: anyNumber, extra: map[Sequence]string{7: string(bytes.Repeat([]byte(" "), len(text(7))))}},
		},
		{
			name:     "index missing and a record repaired, sync interval",
			settings: interval,
			corrupt: func(t *testing.T, c crashed) {
				testutil.NoError(t, os.Remove(c.index))
				c.spoil(t, 7, ' ')
			},
			want: recovery{adopted: anyNumber, extra: map[Sequence]string{7: string(bytes.Repeat([]byte(" "), len(text(7))))}},
		},
		{
			name: "durable records gone",
			corrupt: func(t *testing.T, c crashed) {
				from, _ := span(8)
				testutil.NoError(t, os.Truncate(c.text, int64(from+5)))
			},
			want: recovery{damage: []Sequence{8}, lost: []Sequence{8, 9}, sealed: true},
		},
		{
			name: "durable records gone, between two",
			corrupt: func(t *testing.T, c crashed) {
				_, to := span(8)
				testutil.NoError(t, os.Truncate(c.text, int64(to)))
			},
			want: recovery{damage: []Sequence{9}, lost: []Sequence{9}, sealed: true},
		},
		{
			name:    "durable records gone, all of them",
			corrupt: func(t *testing.T, c crashed) { testutil.NoError(t, os.Truncate(c.text, 0)) },
			want:    recovery{damage: []Sequence{6}, lost: []Sequence{6, 7, 8, 9}, sealed: true},
		},
		{
			name: "durable records gone, garbage behind the index",
			corrupt: func(t *testing.T, c crashed) {
				_, to := span(8)
				testutil.NoError(t, os.Truncate(c.text, int64(to)))
				testutil.EditFile(t, c.index, func(b []byte) []byte { return append(b, make([]byte, 333)...) })
			},
			want: recovery{damage: []Sequence{9}, lost: []Sequence{9}, sealed: true},
		},
		{
			name: "quarantine copy already there",
			corrupt: func(t *testing.T, c crashed) {
				c.appendText(t, "[1,2")
				_, from := span(9)
				testutil.NoError(t, os.Mkdir(filepath.Join(c.dir, filename.Quarantine), 0o755))
				name := fmt.Sprintf("%020d-%d-4-%08x", crashFirst, from, crc32.Checksum([]byte("[1,2"), castagnoli))
				testutil.WriteFile(t, filepath.Join(c.dir, filename.Quarantine, name), []byte("[1,2"))
				testutil.WriteFile(t, filepath.Join(c.dir, filename.Quarantine, "."+name+".tmp"), []byte("[1"))
			},
			want: recovery{moved: []string{"[1,2"}},
		},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			for name, end := range map[string]func(w *Writer){"closed": func(w *Writer) { testutil.NoError(t, w.Close()) }, "killed": func(*Writer) {}} {
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
					again := crashed{dir: testutil.CopyTree(t, c.dir)}
					checkRecovery(t, c, row.want)
					checkAppending(t, again, row.want)
				})
			}
		})
	}
}
