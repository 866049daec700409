package reader

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/segment"
)

// TestStale compresses, merges or retires segments after a Reader has listed or opened them. Every
// record must still be read, unless it was retired: then the error must be ErrRetired.
func TestStale(t *testing.T) {
	begun := time.Date(2025, 5, 30, 7, 0, 0, 0, time.UTC)
	for name, q := range map[string]Query{
		"all": {}, "from 1": {From: 1}, "from 2": {From: 2}, "last": {Last: 1}, "last 4": {Last: 4}, "last to 2": {To: 2, Last: 1},
		"since": {Since: begun}, "last since": {Since: begun, Last: 2},
	} {
		for upkeep, do := range map[string]func(*staleLog){
			"rolled":                 func(*staleLog) {},
			"compressed by zstd":     func(l *staleLog) { l.compress(segment.Zstd) },
			"compressed by gzip":     func(l *staleLog) { l.compress(segment.Gzip) },
			"merged":                 (*staleLog).merge,
			"merged and retired":     func(l *staleLog) { l.merge(); l.retire() },
			"retired":                (*staleLog).retire,
			"compressed and retired": func(l *staleLog) { l.compress(segment.Zstd); l.retire() },
		} {
			for moment, when := range []string{"listed", "made", "read from"} {
				t.Run(name+", "+upkeep+" when "+when, func(t *testing.T) {
					l := newStaleLog(t)
					l.read(q, moment, func() { l.roll(); do(l) })
				})
			}
		}
	}
}

// read reads the records that q selects and calls upkeep at the given moment: 0 after the
// log was listed, 1 after New, 2 after the first record.
func (l *staleLog) read(q Query, moment int, upkeep func()) {
	at := func(m int) {
		if m == moment {
			upkeep()
		}
	}
	listed := l.open()
	at(0)
	r, err := New(listed, q)
	if err != nil {
		if l.retiredOnly(err); q.From == 0 {
			l.t.Errorf("the query names no retired record: %v", err)
		}
		return
	}
	at(1)
	last := segment.Sequence(0)
	for r.Next() {
		rec := r.Record()
		if rec.Damage != nil || string(rec.Text) != l.text(rec.Seq) || last != 0 && rec.Seq != last+1 {
			l.t.Errorf("after %d: %d, %q, %v", last, rec.Seq, rec.Text, rec.Damage)
		}
		if last == 0 {
			at(2)
		}
		last = rec.Seq
	}
	if r.Err() != nil {
		l.retiredOnly(r.Err())
	} else if q.To == 0 && last < 4 || q.To != 0 && last > q.To {
		l.t.Errorf("it ends with %d", last)
	}
	l.check(r.Close())
}

// TestStaleVerify checks that Verify finds no damage in segments that were compressed or
// retired after the log was listed.
func TestStaleVerify(t *testing.T) {
	l := newStaleLog(t)
	listed := l.open()
	verify := func(s segment.Segment, want error) {
		f, err := listed.Verify(context.Background(), s, nil)
		if !errors.Is(err, want) || len(f.Damage) > 0 {
			t.Errorf("%s: %v, %v", s.Path, err, f.Damage)
		}
	}
	l.roll()
	l.compress(segment.Zstd)
	for _, s := range listed.Segments {
		verify(s, nil)
	}
	l.retire()
	for _, s := range listed.Segments {
		verify(s, segment.ErrRetired)
	}
}

// late is a file system that calls do before the file with the given name is opened.
type late struct {
	segment.OS
	name string
	do   func()
}

func (f *late) OpenFile(name string, flag int, perm fs.FileMode) (segment.File, error) {
	if filepath.Base(name) == f.name {
		f.do()
	}
	return f.OS.OpenFile(name, flag, perm)
}

// TestHalfRetired retires a segment when its text file is open and its index is not yet.
func TestHalfRetired(t *testing.T) {
	l := newStaleLog(t)
	l.roll()
	listed, err := segment.OpenContext(t.Context(), l.dir, &late{name: filename.Index(1), do: l.retire})
	l.check(err)
	r, err := New(listed, Query{From: 1})
	l.check(err)
	if r.Next() {
		t.Errorf("%d, %v", r.Record().Seq, r.Record().Damage)
	}
	l.retiredOnly(r.Err())
	l.check(r.Close())
}

// A staleLog is a log with one record in each segment, four of them at first.
type staleLog struct {
	t   *testing.T
	dir string
}

func newStaleLog(t *testing.T) *staleLog {
	l := &staleLog{t, filepath.Join(t.TempDir(), "log")}
	w, err := segment.Create(t.Context(), l.dir, segment.Options{Settings: segment.Settings{"segment-size": "1", "sync": "none"}})
	l.check(err)
	l.append(w, 4)
	return l
}

func (l *staleLog) check(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *staleLog) open() *segment.Log {
	o, err := segment.Open(l.dir)
	l.check(err)
	return o
}

func (l *staleLog) text(seq segment.Sequence) string {
	return fmt.Sprintf(`{"timestamp":"2025-05-30T07:00:%02dZ","n":%d}`, seq, seq)
}

func (l *staleLog) append(w *segment.Writer, n int) {
	for range n {
		_, err := w.Append(context.Background(), []byte(l.text(w.NextSeq())))
		l.check(err)
	}
	l.check(w.Close())
}

// roll appends two records.
func (l *staleLog) roll() {
	w, err := segment.OpenWriter(context.Background(), l.dir, segment.Options{})
	l.check(err)
	l.append(w, 2)
}

// compress compresses the first four segments.
func (l *staleLog) compress(c segment.Codec) {
	for _, s := range l.open().Segments[:4] {
		_, err := segment.Compress(context.Background(), l.dir, s.Base, c, segment.Options{})
		l.check(err)
	}
}

// merge merges the first four segments.
func (l *staleLog) merge() {
	c, err := segment.Merge(context.Background(), l.dir, 1, 5, segment.Zstd, segment.Options{})
	l.check(err)
	if c.Records != 4 {
		l.t.Fatalf("%+v", c)
	}
}

// retire retires the first four segments.
func (l *staleLog) retire() {
	_, err := segment.Retire(context.Background(), l.dir, 5, segment.Options{})
	l.check(err)
}

// retiredOnly checks that err is ErrRetired, and that records were retired.
func (l *staleLog) retiredOnly(err error) {
	l.t.Helper()
	if first := l.open().Marker.FirstSeq; first == 1 || !errors.Is(err, segment.ErrRetired) || errors.Is(err, segment.ErrCorrupt) {
		l.t.Errorf("%v, and the oldest left is %d", err, first)
	}
}
