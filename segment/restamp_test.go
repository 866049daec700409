package segment

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
)

// zoneless returns record n of a log whose times name no zone. Every fifth has no time.
func zoneless(n Sequence) string {
	if n%5 == 0 {
		return fmt.Sprintf(`{"n":%d}`, n)
	}
	return fmt.Sprintf(`{"timestamp":"2025-01-28T12:%02d:%02d","n":%d}`, n/60%60, n%60, n)
}

// zonelessTime returns the time of record n where clocks are so far ahead of UTC.
func zonelessTime(n Sequence, ahead time.Duration) time.Time {
	return time.Date(2025, 1, 28, 12, int(n/60%60), int(n%60), 0, time.UTC).Add(-ahead)
}

// zonelessLog makes a closed log of such records, whose zone is UTC.
func zonelessLog(t testing.TB, records Sequence, segmentSize string) string {
	t.Helper()
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": segmentSize})
	for n := Sequence(1); n <= records; n++ {
		_, err := w.Append(t.Context(), []byte(zoneless(n)))
		testutil.NoError(t, err)
	}
	testutil.NoError(t, w.Close())
	return dir
}

// entries returns the index entries of a log, by sequence, and fails if there is damage.
func entries(t testing.TB, dir string) map[Sequence]Entry {
	t.Helper()
	l := openLog(t, dir)
	f, err := l.VerifyAll(t.Context(), nil)
	testutil.NoError(t, err)
	if len(f.Damage) > 0 {
		t.Fatal(f.Damage[0])
	}
	all := map[Sequence]Entry{}
	for i, s := range l.Segments {
		r := openReader(t, l, i)
		for seq := s.Base; seq < r.Next(); seq++ {
			all[seq], err = r.indexEntry(seq)
			testutil.NoError(t, err)
		}
		testutil.NoError(t, r.Close())
	}
	return all
}

// wantRestamped holds the entries of a log of zoneless records against those that it had:
// the times are those of another zone, and nothing else differs.
func wantRestamped(t testing.TB, dir string, before map[Sequence]Entry, ahead time.Duration) {
	t.Helper()
	after := entries(t, dir)
	if len(after) != len(before) {
		t.Fatalf("%d records, want %d", len(after), len(before))
	}
	for seq, want := range before {
		if seq%5 != 0 {
			want.Time = zonelessTime(seq, ahead)
		}
		if got := after[seq]; !got.Time.Equal(want.Time) || got.Flags != want.Flags || got.CRC != want.CRC || got.End != want.End || !got.Arrived.Equal(want.Arrived) {
			t.Fatalf("record %d: %+v, want %+v", seq, got, want)
		}
	}
}

func restampTo(t testing.TB, dir, zone string) RestampResult {
	t.Helper()
	done, err := Restamp(t.Context(), dir, Settings{"time-zone": zone}, nil, options(nil))
	testutil.NoError(t, err)
	return done
}

const tokyo = 9 * time.Hour

// TestRestamp corrects the zone of a log in every form that a segment and its index have.
// Each index keeps its form.
func TestRestamp(t *testing.T) {
	const records = 700
	for _, row := range []struct {
		name    string
		prepare func(t *testing.T, dir string)
	}{
		{"plain", func(*testing.T, string) {}},
		{"compressed, small index", func(t *testing.T, dir string) { shrinkAll(t, dir) }},
		{"gzip", func(t *testing.T, dir string) {
			_, err := Compress(t.Context(), dir, 1, Gzip, options(nil))
			testutil.NoError(t, err)
		}},
		{"both forms of an index", func(t *testing.T, dir string) {
			index := testutil.ReadFile(t, filepath.Join(dir, indexName(1)))
			shrinkAll(t, dir)
			testutil.WriteFile(t, filepath.Join(dir, indexName(1)), index)
		}},
		{"a torn plain index beside a small one", func(t *testing.T, dir string) {
			index := testutil.ReadFile(t, filepath.Join(dir, indexName(1)))
			shrinkAll(t, dir)
			testutil.WriteFile(t, filepath.Join(dir, indexName(1)), index[:1000])
		}},
		{"what a killed run has left", func(t *testing.T, dir string) {
			testutil.WriteFile(t, filepath.Join(dir, "."+indexName(1)+".tmp"), []byte("half"))
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := zonelessLog(t, records, "12000")
			row.prepare(t, dir)
			before := entries(t, dir)
			small := exists(t, filepath.Join(dir, smallIndexName(1)))
			plain := exists(t, filepath.Join(dir, indexName(1)))
			planned, err := openLog(t, dir).PlanRestamp(t.Context(), Settings{"time-zone": "Asia/Tokyo"}, nil)
			testutil.NoError(t, err)
			done := restampTo(t, dir, "Asia/Tokyo")
			wantRestamped(t, dir, before, tokyo)
			total := done.Total()
			if total.Changed != records*4/5 || total.Untimed != records/5 || total.Damage != nil || total.Before.Records != records || total.After.Records != records {
				t.Errorf("%+v", total)
			}
			if first := zonelessTime(1, tokyo); !total.After.First.Equal(first) || !total.Before.First.Equal(first.Add(tokyo)) {
				t.Errorf("the first is of %v, was of %v", total.After.First, total.Before.First)
			}
			if got := planned.Total(); got != total {
				t.Errorf("planned %+v, done %+v", got, total)
			}
			m := openLog(t, dir).Marker
			if m.Restamp != uuid.Nil || m.Settings["time-zone"] != "Asia/Tokyo" || !slices.Equal(m.TimeRules, []TimeRule{{1, "/timestamp", "Asia/Tokyo", ""}}) {
				t.Errorf("HISTLOG: %+v", m)
			}
			if row.name != "both forms of an index" && (exists(t, filepath.Join(dir, smallIndexName(1))) != small || exists(t, filepath.Join(dir, indexName(1))) != plain) {
				t.Error("the form of the index changed")
			}
			w := openWriter(t, dir)
			if r := w.Recovery(); !r.Empty() {
				t.Errorf("recovered %+v", r)
			}
			ack, err := w.Append(t.Context(), []byte(zoneless(records+1)))
			testutil.NoError(t, err)
			if !ack.Time.Equal(zonelessTime(records+1, tokyo)) {
				t.Errorf("appended as of %v", ack.Time)
			}
		})
	}
}

// A segment whose times do not change keeps its file; no segment is sealed in vain.
func TestRestampAgain(t *testing.T) {
	dir := zonelessLog(t, 20, "300")
	restampTo(t, dir, "Asia/Tokyo")
	before := snapshot(t, dir)
	info, err := os.Lstat(filepath.Join(dir, indexName(1)))
	testutil.NoError(t, err)
	done, err := Restamp(t.Context(), dir, nil, nil, options(nil))
	testutil.NoError(t, err)
	if got := done.Total(); got.Changed != 0 || got.Before.Records != 20 {
		t.Errorf("%+v", got)
	}
	wantSame(t, before, snapshot(t, dir), "a second restamp")
	if now, err := os.Lstat(filepath.Join(dir, indexName(1))); err != nil || !os.SameFile(info, now) {
		t.Errorf("the index was replaced, %v", err)
	}
}

// A time field that no record has gives all of them the time of their arrival. The right
// one gives them theirs again.
func TestRestampField(t *testing.T) {
	dir := zonelessLog(t, 9, "300")
	before := entries(t, dir)
	done, err := Restamp(t.Context(), dir, Settings{"time-field": "/at"}, nil, options(nil))
	testutil.NoError(t, err)
	if got := done.Total(); got.Untimed != 9 || got.Changed != 8 {
		t.Errorf("%+v", got)
	}
	for seq, e := range entries(t, dir) {
		if !e.Time.Equal(newClock().Now()) || e.Flags&ClockTime == 0 {
			t.Errorf("record %d is of %v, flags %b", seq, e.Time, e.Flags)
		}
	}
	_, err = Restamp(t.Context(), dir, Settings{"time-field": ""}, nil, options(nil)) // the default
	testutil.NoError(t, err)
	wantRestamped(t, dir, before, 0)
	for _, change := range []Settings{{"time-field": "at"}, {"time-zone": "Mars"}, {"colour": "red"}} {
		marker := testutil.ReadFile(t, filepath.Join(dir, filename.Marker))
		if _, err := Restamp(t.Context(), dir, change, nil, options(nil)); err == nil {
			t.Errorf("%v was accepted", change)
		}
		if string(testutil.ReadFile(t, filepath.Join(dir, filename.Marker))) != string(marker) {
			t.Errorf("%v changed HISTLOG", change)
		}
	}
}

// A snapshot shares its indexes with the log, and keeps its times.
func TestRestampLeavesSnapshots(t *testing.T) {
	dir, dest := zonelessLog(t, 20, "300"), newDir(t)
	_, err := Snapshot(t.Context(), dir, dest, nil, options(nil))
	testutil.NoError(t, err)
	before := snapshot(t, dest)
	restampTo(t, dir, "Asia/Tokyo")
	wantSame(t, before, snapshot(t, dest), "a restamp of the log")
}

// An index that is damaged is left as it is, a damaged record keeps its time, and HISTLOG
// says that the restamp is not complete until both are repaired.
func TestRestampDamaged(t *testing.T) {
	for _, row := range []struct {
		name  string
		spoil func(t *testing.T, dir string)
	}{
		{"a record", func(t *testing.T, dir string) { testutil.FlipByte(t, filepath.Join(dir, textName(1)), 5) }},
		{"an entry", func(t *testing.T, dir string) {
			testutil.FlipByte(t, filepath.Join(dir, indexName(1)), headerSize+entrySize+3)
		}},
		{"a header", func(t *testing.T, dir string) { testutil.FlipByte(t, filepath.Join(dir, indexName(1)), 3) }},
		{"no trailer", func(t *testing.T, dir string) {
			path := filepath.Join(dir, indexName(1))
			testutil.NoError(t, os.Truncate(path, int64(len(testutil.ReadFile(t, path))-1)))
		}},
		{"a trailer that sums up something else", func(t *testing.T, dir string) {
			r := openReader(t, openLog(t, dir), 0)
			sum := *r.trailer
			sum.Digest++
			path := filepath.Join(dir, indexName(1))
			testutil.EditFile(t, path, func(b []byte) []byte {
				return append(b[:len(b)-trailerSize], r.index.header.encodeTrailer(sum)...)
			})
		}},
		{"no index", func(t *testing.T, dir string) { testutil.NoError(t, os.Remove(filepath.Join(dir, indexName(1)))) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := zonelessLog(t, 20, "300")
			row.spoil(t, dir)
			index := filepath.Join(dir, indexName(1))
			was, _ := os.ReadFile(index)
			var last, total Offset
			progress := func(read, all Offset) {
				if read < last || read > all {
					t.Errorf("progress: %d of %d after %d", read, all, last)
				}
				last, total = read, all
			}
			_, err := openLog(t, dir).PlanRestamp(t.Context(), Settings{"time-zone": "Asia/Tokyo"}, progress)
			testutil.NoError(t, err)
			if last != total {
				t.Errorf("a plan ended at %d of %d bytes", last, total)
			}
			last = 0
			done, err := Restamp(t.Context(), dir, Settings{"time-zone": "Asia/Tokyo"}, progress, options(nil))
			testutil.NoError(t, err)
			if last != total {
				t.Errorf("the progress ended at %d of %d bytes", last, total)
			}
			if done.Total().Damage == nil || openLog(t, dir).Marker.Restamp == uuid.Nil {
				t.Errorf("damage %v, mark %v", done.Total().Damage, openLog(t, dir).Marker.Restamp)
			}
			if is, _ := os.ReadFile(index); row.name != "a record" && string(is) != string(was) {
				t.Error("the damaged index was replaced")
			}
			f, err := openLog(t, dir).VerifyAll(t.Context(), nil)
			testutil.NoError(t, err)
			if len(f.Damage) == 0 {
				t.Error("the damage is gone")
			}
			_, err = Repair(t.Context(), dir, options(nil))
			testutil.NoError(t, err)
			done, err = Restamp(t.Context(), dir, nil, nil, options(nil))
			testutil.NoError(t, err)
			if done.Total().Damage != nil || openLog(t, dir).Marker.Restamp != uuid.Nil {
				t.Errorf("after the repair: damage %v, mark %v", done.Total().Damage, openLog(t, dir).Marker.Restamp)
			}
			for seq, e := range entries(t, dir) {
				if e.Flags&(ClockTime|Lost) == 0 && !e.Time.Equal(zonelessTime(seq, tokyo)) {
					t.Errorf("record %d is of %v", seq, e.Time)
				}
			}
		})
	}
}

// An entry that is made from the text is no replacement for a damaged one: its arrival is lost.
// Not even where it fits the totals in the trailer.
func TestRestampHidesNoDamage(t *testing.T) {
	dir := zonelessLog(t, 20, "300")
	testutil.FlipByte(t, filepath.Join(dir, indexName(1)), headerSize+entrySize+3)
	before := snapshot(t, dir)
	done, err := Restamp(t.Context(), dir, nil, nil, options(nil))
	testutil.NoError(t, err)
	if done.Total().Damage == nil {
		t.Error("the damage was not reported")
	}
	if snapshot(t, dir)["/"+indexName(1)] != before["/"+indexName(1)] {
		t.Error("the damaged index was replaced")
	}
}

// If a second restamp begins, the first one ends, and leaves the mark to the second.
func TestRestampOvertaken(t *testing.T) {
	dir := zonelessLog(t, 20, "300")
	before := entries(t, dir)
	begun := false
	_, err := Restamp(t.Context(), dir, Settings{"time-zone": "America/New_York"}, func(read, total Offset) {
		if begun || read < total/2 {
			return
		}
		begun = true
		// As another process whose run ends after it has changed HISTLOG.
		r := &restamper{dir: dir, id: uuid.New(), options: options(nil).withDefaults()}
		l := openLog(t, dir)
		m, err := l.Marker.restamped(Settings{"time-zone": "Asia/Tokyo"})
		testutil.NoError(t, err)
		m.Restamp = r.id
		testutil.NoError(t, l.replaceMarker(m))
	}, options(nil))
	testutil.ErrorIs(t, err, ErrRestamped)
	if !begun || openLog(t, dir).Marker.Restamp == uuid.Nil {
		t.Errorf("the second one begun: %v, and the mark is gone", begun)
	}
	_, err = Restamp(t.Context(), dir, nil, nil, options(nil))
	testutil.NoError(t, err)
	wantRestamped(t, dir, before, tokyo)
}

// A cancelled restamp leaves no temporary file, and says in HISTLOG that it is not complete.
func TestRestampCancelled(t *testing.T) {
	dir := zonelessLog(t, 40, "300")
	before := entries(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Restamp(ctx, dir, Settings{"time-zone": "Asia/Tokyo"}, func(read, total Offset) {
		if read > total/2 {
			cancel()
		}
	}, options(nil))
	testutil.ErrorIs(t, err, context.Canceled)
	if openLog(t, dir).Marker.Restamp == uuid.Nil {
		t.Error("HISTLOG does not say it")
	}
	if temporary, _, err := openLog(t, dir).leftovers(); err != nil || len(temporary) > 0 {
		t.Errorf("%v is left, %v", temporary, err)
	}
	_, err = Restamp(t.Context(), dir, nil, nil, options(nil))
	testutil.NoError(t, err)
	wantRestamped(t, dir, before, tokyo)
}

// lockProbe reports which locks of a log another process could take when a file of it is
// replaced.
type lockProbe struct {
	testutil.NoSync
	renamed func(name string)
}

func (p lockProbe) Rename(from, to string) error {
	p.renamed(to)
	return p.NoSync.Rename(from, to)
}

// No writer is open while the rule changes, but writers may write while indexes are
// replaced; maintenance may do nothing then.
func TestRestampLocks(t *testing.T) {
	dir := zonelessLog(t, 20, "300")
	free := func(name string) bool {
		unlock, ok, err := (OS{}).TryLock(name)
		testutil.NoError(t, err)
		if ok {
			testutil.NoError(t, unlock())
		}
		return ok
	}
	markers, indexes := 0, 0
	o := options(nil)
	o.FS = lockProbe{renamed: func(name string) {
		if free(filepath.Join(dir, filename.Upkeep)) {
			t.Errorf("the maintenance lock is free when %s is replaced", name)
		}
		writable := free(dir)
		switch filepath.Base(name) {
		case filename.Marker:
			if markers++; markers == 1 && writable {
				t.Error("a writer may be open while the rule changes")
			}
		default:
			if indexes++; !writable {
				t.Errorf("no writer can write while %s is replaced", name)
			}
		}
	}}
	_, err := Restamp(t.Context(), dir, Settings{"time-zone": "Asia/Tokyo"}, nil, o)
	testutil.NoError(t, err)
	if markers != 2 || indexes == 0 {
		t.Errorf("HISTLOG was replaced %d times, %d indexes", markers, indexes)
	}
}

// An archive can be restamped by itself. It then keeps its rule for its own records when
// the log, which has another one, moves more segments to it.
func TestRestampArchive(t *testing.T) {
	dir, to := zonelessLog(t, 20, "300"), filepath.Join(t.TempDir(), "archive")
	before := entries(t, dir)
	l := openLog(t, dir)
	middle := l.Segments[1].Base
	_, err := Archive(t.Context(), dir, to, middle, options(nil))
	testutil.NoError(t, err)
	restampTo(t, to, "Asia/Tokyo")
	archived := map[Sequence]Entry{}
	for seq := Sequence(1); seq < middle; seq++ {
		archived[seq] = before[seq]
	}
	wantRestamped(t, to, archived, tokyo)
	_, err = Archive(t.Context(), dir, to, l.Segments[2].Base, options(nil))
	testutil.NoError(t, err)
	if got, want := openLog(t, to).Marker.TimeRules, []TimeRule{{1, "/timestamp", "Asia/Tokyo", ""}, {middle, "/timestamp", "UTC", ""}}; !slices.Equal(got, want) {
		t.Errorf("the rules of the archive are %v, want %v", got, want)
	}
	done, err := Restamp(t.Context(), to, Settings{"time-zone": "UTC"}, nil, options(nil))
	testutil.NoError(t, err)
	if got, want := openLog(t, to).Marker.TimeRules, []TimeRule{{1, "/timestamp", "UTC", ""}}; !slices.Equal(got, want) || done.Total().After.Records == 0 {
		t.Errorf("the rules of the archive are %v, want %v", got, want)
	}
}

// Archive was killed after it had copied a segment. Since then the log was restamped, and
// its index was stored in the other form: the copy has the same records, and is replaced.
func TestRestampBetweenArchives(t *testing.T) {
	const records = 700
	dir, to := zonelessLog(t, records, "12000"), filepath.Join(t.TempDir(), "archive")
	second := openLog(t, dir).Segments[1].Base
	killed := testutil.CopyTree(t, dir)
	_, err := Archive(t.Context(), killed, to, second, options(nil))
	testutil.NoError(t, err)
	restampTo(t, dir, "Asia/Tokyo")
	shrinkAll(t, dir)
	_, err = Archive(t.Context(), dir, to, second, options(nil))
	testutil.NoError(t, err)
	for seq, e := range entries(t, to) {
		if seq%5 != 0 && !e.Time.Equal(zonelessTime(seq, tokyo)) {
			t.Fatalf("record %d is of %v", seq, e.Time)
		}
	}
	if exists(t, filepath.Join(to, indexName(1))) {
		t.Error("the index of other times is still there")
	}
}

func TestSpliceRules(t *testing.T) {
	a, b, c := TimeRule{1, "/a", "UTC", ""}, TimeRule{10, "/b", "UTC", ""}, TimeRule{20, "/c", "UTC", ""}
	for _, row := range []struct {
		name          string
		before, after []TimeRule
		from          Sequence
		want          []TimeRule
	}{
		{"all", []TimeRule{a, b}, []TimeRule{{1, "/x", "UTC", ""}}, 1, []TimeRule{{1, "/x", "UTC", ""}}},
		{"from a rule on", []TimeRule{a, b, c}, []TimeRule{{1, "/x", "UTC", ""}}, 10, []TimeRule{a, {10, "/x", "UTC", ""}}},
		{"from within a rule", []TimeRule{a, b, c}, []TimeRule{{1, "/x", "UTC", ""}}, 15, []TimeRule{a, b, {15, "/x", "UTC", ""}}},
		{"the same rule goes on", []TimeRule{a, b}, []TimeRule{a, b, c}, 15, []TimeRule{a, b, c}},
		{"later rules", []TimeRule{a}, []TimeRule{{1, "/x", "UTC", ""}, c}, 15, []TimeRule{a, {15, "/x", "UTC", ""}, c}},
		{"nothing changes", []TimeRule{a, b}, []TimeRule{a, b}, 10, []TimeRule{a, b}},
	} {
		if got := spliceRules(row.before, row.after, row.from); !slices.Equal(got, row.want) {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}
