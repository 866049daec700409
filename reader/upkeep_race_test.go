package reader

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/histlog/histlog/segment"
)

// TestReadersRaceUpkeep reads a log in several goroutines while others append to it,
// compress each sealed segment, with the two codecs in turn, and retire the oldest ones.
// Each reader must see each record once, complete and in order, or get segment.ErrRetired,
// which must name the oldest record left.
func TestReadersRaceUpkeep(t *testing.T) {
	for _, row := range []struct {
		name string
		keep uint64 // number of records that are not retired; 0 means all
	}{
		{"compressing", 0},
		{"compressing and retiring", 100},
		{"retiring what is read", 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := startRace(t, 400)
			r.begin("compress", r.compress)
			if row.keep > 0 {
				r.begin("retire", func() error { return r.retire(row.keep) })
			}
			r.begin("follow", r.follow)
			r.begin("follow slowly", r.followEach)
			r.begin("from the start", func() error { return r.again(Query{}) })
			r.begin("the last", func() error { return r.again(Query{Last: 30}) })
			r.begin("by time", func() error { return r.again(Query{Since: r.began.Add(time.Second), Last: 50}) })
			r.write(t)
			r.all.Wait()
			if row.keep > 0 && r.now(t).Marker.FirstSeq == 1 {
				t.Error("nothing was retired")
			}
		})
	}
}

// A race is a log and the goroutines that work on it.
type race struct {
	dir     string
	writer  *segment.Writer
	began   time.Time
	layout  string // of the times in the records
	records int
	done    chan struct{} // closed when all records are written
	all     sync.WaitGroup
	fail    func(format string, args ...any)
}

func startRace(t *testing.T, records int) *race {
	r := &race{dir: filepath.Join(t.TempDir(), "log"), records: records, done: make(chan struct{}), fail: t.Errorf, began: time.Date(2025, 5, 30, 7, 0, 0, 0, time.UTC), layout: time.RFC3339Nano}
	var err error
	if r.writer, err = segment.Create(t.Context(), r.dir, segment.Options{Settings: segment.Settings{"segment-size": "400", "sync": "none"}}); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *race) text(seq segment.Sequence) string {
	return fmt.Sprintf(`{"timestamp":%q,"n":%d}`, r.time(seq).Format(r.layout), seq)
}

func (r *race) time(seq segment.Sequence) time.Time {
	return r.began.Add(time.Duration(seq) * time.Millisecond)
}

// begin runs work in a goroutine.
func (r *race) begin(name string, work func() error) {
	r.all.Go(func() {
		if err := work(); err != nil {
			r.fail("%s: %v", name, err)
		}
	})
}

// over reports whether all records are written.
func (r *race) over() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

func (r *race) write(t *testing.T) {
	defer close(r.done)
	for seq := range segment.Sequence(r.records) {
		if _, err := r.writer.Append(context.Background(), []byte(r.text(seq+1))); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.writer.Close(); err != nil {
		t.Fatal(err)
	}
}

func (r *race) now(t *testing.T) *segment.Log {
	l, err := segment.Open(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// sealed calls do for each sealed segment, again and again, until all records are written.
func (r *race) sealed(do func(l *segment.Log, s segment.Segment) error) error {
	for last := false; !last; {
		last = r.over()
		l, err := segment.Open(r.dir)
		if err != nil {
			return err
		}
		for _, s := range l.Segments[:len(l.Segments)-1] {
			if err := do(l, s); err != nil && !errors.Is(err, segment.ErrRetired) {
				return err
			}
		}
	}
	return nil
}

func (r *race) compress() error {
	next := map[segment.Codec]segment.Codec{segment.Zstd: segment.Gzip, segment.Gzip: segment.Zstd}
	codec := segment.Zstd
	return r.sealed(func(_ *segment.Log, s segment.Segment) error {
		if s.Codec != segment.Plain {
			return nil
		}
		codec = next[codec]
		_, err := segment.Compress(context.Background(), r.dir, s.Base, codec, segment.Options{})
		return err
	})
}

func (r *race) retire(keep uint64) error {
	return r.sealed(func(l *segment.Log, s segment.Segment) error {
		last := l.Segments[len(l.Segments)-1].Base
		if uint64(s.Next)+keep > uint64(last) {
			return nil
		}
		_, err := segment.Retire(context.Background(), r.dir, s.Next, segment.Options{})
		return err
	})
}

// follow reads the log to its last record while it is written, as `cat -f` does.
func (r *race) follow() error { return r.followWith(func(f *Reader) bool { return f.Next() }) }

// followEach is follow with a Refresh before each record, so that retention overtakes it.
func (r *race) followEach() error {
	var failed error
	err := r.followWith(func(f *Reader) bool {
		failed = errors.Join(failed, f.Refresh())
		return f.Next()
	})
	return errors.Join(failed, err)
}

func (r *race) followWith(next func(*Reader) bool) error {
	var from segment.Sequence // to follow from; 0 means the oldest record
	for {
		end, err := r.followFrom(from, next)
		if err != nil || end > segment.Sequence(r.records) {
			return err
		}
		from = end // the next record was retired: continue with the oldest one left
	}
}

// followFrom reads until it has read all records or the next one was retired, and returns
// the sequence to continue with.
func (r *race) followFrom(from segment.Sequence, next func(*Reader) bool) (_ segment.Sequence, err error) {
	f, seq, err := r.open(Query{From: from})
	if f == nil || err != nil {
		return seq, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for {
		last := r.over()
		if err := f.Refresh(); err != nil {
			return 0, err
		}
		for next(f) {
			if err := r.checkRecord(f.Record(), seq); err != nil {
				return 0, err
			}
			seq++
		}
		if f.Err() != nil {
			return r.oldest(f.Err(), seq)
		}
		if seq > segment.Sequence(r.records) {
			return seq, nil
		}
		if last {
			return 0, fmt.Errorf("the log has %d records, and reading ends before %d", r.records, seq)
		}
	}
}

// open opens a Reader. If the record q.From was retired, f is nil and seq is the oldest
// record left.
func (r *race) open(q Query) (f *Reader, seq segment.Sequence, err error) {
	l, err := segment.Open(r.dir)
	if err != nil {
		return nil, 0, err
	}
	f, err = New(l, q)
	if err != nil {
		seq, err = r.oldest(err, q.From)
		return nil, seq, err
	}
	return f, f.Seq(), nil
}

// again reads a range again and again until all records are written.
func (r *race) again(q Query) error {
	for last := false; !last; {
		last = r.over()
		if err := r.once(q); err != nil {
			return err
		}
	}
	return nil
}

// once reads a range, which must have no gap.
func (r *race) once(q Query) (err error) {
	f, seq, err := r.open(q)
	if f == nil || err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	first := true
	for f.Next() {
		rec := f.Record()
		if first && q != (Query{}) {
			seq = rec.Seq // which depends on how many records are written
		}
		if err := r.checkRecord(rec, seq); err != nil {
			return err
		}
		first = false
		seq++
	}
	if f.Err() != nil {
		_, err = r.oldest(f.Err(), f.Seq())
	}
	return err
}

// checkRecord returns an error unless rec is the record seq, complete.
func (r *race) checkRecord(rec Record, seq segment.Sequence) error {
	if rec.Damage != nil || rec.Seq != seq || string(rec.Text) != r.text(seq) {
		return fmt.Errorf("record %d is %d, %q, %v", seq, rec.Seq, rec.Text, rec.Damage)
	}
	return nil
}

// oldest returns the oldest record left, which err, an ErrRetired of a reader of seq, names.
// It returns any other err.
func (r *race) oldest(err error, seq segment.Sequence) (named segment.Sequence, _ error) {
	if !errors.Is(err, segment.ErrRetired) || errors.Is(err, segment.ErrCorrupt) {
		return 0, fmt.Errorf("looking for %d: %w", seq, err)
	}
	_, tail, _ := strings.Cut(err.Error(), "the oldest one left is ")
	if _, e := fmt.Sscan(tail, &named); e != nil || named <= seq {
		return 0, fmt.Errorf("looking for %d: %w", seq, err)
	}
	return named, nil
}
