package reader

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/histlog/histlog/segment"
)

// TestReadersRaceRolls reads a log in three goroutines while a writer fills many small
// segments: each must see every record once and in order.
func TestReadersRaceRolls(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	w, err := segment.Create(t.Context(), dir, segment.Options{Settings: segment.Settings{"segment-size": "150", "sync": "none"}})
	if err != nil {
		t.Fatal(err)
	}
	const records = 1500
	done := make(chan struct{})
	var readers sync.WaitGroup
	for n := range 3 {
		readers.Go(func() {
			if err := readEach(dir, records, done); err != nil {
				t.Errorf("reader %d: %v", n, err)
			}
		})
	}
	for n := range records {
		if _, err := w.Append(context.Background(), fmt.Appendf(nil, `{"n":%d}`, n+1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	close(done)
	readers.Wait()
}

// readEach follows the log until it has read the given number of records. When done is
// closed, the writer has written all of them.
func readEach(dir string, records int, done <-chan struct{}) (err error) {
	l, err := segment.Open(dir)
	if err != nil {
		return err
	}
	r, err := New(l, Query{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for seen := 0; seen < records; {
		ended := false
		select {
		case <-done:
			ended = true
		default:
		}
		if err := r.Refresh(); err != nil {
			return err
		}
		for r.Next() {
			rec := r.Record()
			seen++
			if want := fmt.Sprintf(`{"n":%d}`, seen); rec.Damage != nil || rec.Seq != segment.Sequence(seen) || string(rec.Text) != want {
				return fmt.Errorf("record %d is %d, %q, %v, want %s", seen, rec.Seq, rec.Text, rec.Damage, want)
			}
		}
		if r.Err() != nil {
			return r.Err()
		}
		if ended && seen < records {
			return fmt.Errorf("%d records, want %d", seen, records)
		}
	}
	return nil
}
