package reader

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/histlog/histlog/segment"
)

// TestReadersRaceRestamp reads a log while writers append to it in turns, its segments are
// compressed with their indexes, and its zone is corrected again and again. Each reader must
// see each record once, complete and in order; all times of a sealed segment must be read in
// one zone.
func TestReadersRaceRestamp(t *testing.T) {
	r := startRace(t, 900)
	r.layout = "2006-01-02T15:04:05.999"
	if err := r.writer.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := segment.Configure(t.Context(), r.dir, segment.Settings{"segment-size": "9K"}, nil); err != nil {
		t.Fatal(err)
	}
	r.writeInTurns(t, 1, 600, 200) // so many in a segment that its index gets the small form
	r.begin("compress", r.compress)
	r.begin("restamp", r.restamp)
	r.begin("follow", r.follow)
	r.begin("from the start", func() error { return r.again(Query{}) })
	r.begin("by time", func() error { return r.again(Query{Since: r.began.Add(-24 * time.Hour), Last: 50}) })
	r.begin("times", r.checkTimes)
	r.writeInTurns(t, 601, r.records, 20)
	close(r.done)
	r.all.Wait()
	small, err := filepath.Glob(filepath.Join(r.dir, "*.index.zst"))
	if l := r.now(t); l.Marker.Restamping() || len(small) == 0 || err != nil {
		t.Errorf("mark %v, small indexes %v, %v", l.Marker.Restamp, small, err)
	}
}

// writeInTurns writes the records from..to, so many each time that the log is opened.
func (r *race) writeInTurns(t *testing.T, from, to, each int) {
	for seq := from; seq <= to; {
		w, err := segment.OpenWriter(context.Background(), r.dir, segment.Options{LockWait: time.Minute, Settings: segment.Settings{"sync": "none"}})
		if err != nil {
			t.Fatal(err)
		}
		for range each {
			if _, err := w.Append(context.Background(), []byte(r.text(segment.Sequence(seq)))); err != nil {
				t.Error(err)
			}
			seq++
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// restamp corrects the zone until all records are written.
func (r *race) restamp() error {
	zones := []string{"Asia/Tokyo", "UTC"}
	for n := 0; n < 2 || !r.over(); n++ {
		_, err := segment.Restamp(context.Background(), r.dir, segment.Settings{"time-zone": zones[n%2]}, nil, segment.Options{LockWait: time.Minute})
		if err != nil {
			return err
		}
	}
	return nil
}

// checkTimes checks the times of each sealed segment until all records are written.
func (r *race) checkTimes() error {
	return r.sealed(func(l *segment.Log, s segment.Segment) (err error) {
		sr, err := l.OpenReader(s)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, sr.Close()) }()
		earliest, latest, _ := sr.Span()
		shift := earliest.Sub(r.time(s.Base))
		if last := latest.Sub(r.time(s.Next - 1)); shift != 0 && shift != -9*time.Hour || last != shift {
			return fmt.Errorf("%s: its times are shifted by %v to %v", s.Path, shift, last)
		}
		for seq := s.Base; seq < s.Next; seq++ {
			e, err := sr.Entry(seq)
			if err != nil {
				return err
			}
			if got := e.Time.Sub(r.time(seq)); got != shift {
				return fmt.Errorf("record %d is shifted by %v, %d by %v", s.Base, shift, seq, got)
			}
		}
		return nil
	})
}
