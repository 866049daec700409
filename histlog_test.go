package histlog_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/histlog/histlog"
	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// temporary is the directory of the directories that examples make.
var temporary string

func TestMain(m *testing.M) {
	var err error
	if temporary, err = os.MkdirTemp("", "histlog"); err != nil {
		log.Fatal(err)
	}
	code := m.Run()
	if err := os.RemoveAll(temporary); err != nil {
		log.Fatal(err)
	}
	os.Exit(code)
}

// The records of the tests take 60 bytes, so that a segment holds five of them.
const fiveRecords = "300"

func text(n int) string {
	return fmt.Sprintf(`{"timestamp":"2025-05-28T12:00:%02dZ","n":%d,"pad":"12345678"}`, n, n)
}

// history makes a log of the records 1 to n, five in a segment.
func history(t *testing.T, n int) (dir string, l *histlog.Log) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "log")
	w, err := histlog.Create(t.Context(), dir, histlog.Options{Settings: map[string]string{"segment-size": fiveRecords}})
	testutil.NoError(t, err)
	appendTexts(t, w, 1, n)
	testutil.NoError(t, w.Close())
	l, err = histlog.Open(dir)
	testutil.NoError(t, err)
	return dir, l
}

func appendTexts(t *testing.T, w *histlog.Writer, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		ack, err := w.Append(t.Context(), []byte(text(n)))
		testutil.NoError(t, err)
		if ack.Seq != histlog.Sequence(n) || !ack.Durable {
			t.Fatalf("record %d was acknowledged as %+v", n, ack)
		}
	}
}

// wantRange compares the records of a range with from..to.
func wantRange(t *testing.T, l *histlog.Log, q histlog.Range, from, to int) {
	t.Helper()
	n := from
	for r, err := range l.Records(t.Context(), q) {
		testutil.NoError(t, err)
		if r.Seq != histlog.Sequence(n) || string(r.Text) != text(n) {
			t.Errorf("%+v: got record %d %s, want %d", q, r.Seq, r.Text, n)
		}
		n++
	}
	if n != to+1 {
		t.Errorf("%+v: ended before record %d, want %d", q, n, to+1)
	}
}

func TestRecords(t *testing.T) {
	_, l := history(t, 12)
	at := func(second int) time.Time { return time.Date(2025, 5, 28, 12, 0, second, 0, time.UTC) }
	wantRange(t, l, histlog.Range{}, 1, 12)
	wantRange(t, l, histlog.Range{From: 4, To: 7}, 4, 7)
	wantRange(t, l, histlog.Range{Last: 3}, 10, 12)
	wantRange(t, l, histlog.Range{Since: at(3), Until: at(8)}, 3, 8)
	wantRange(t, l, histlog.Range{Since: at(3), Until: at(8), Last: 2}, 7, 8)
	wantRange(t, l, histlog.Range{From: 13}, 13, 12)

	r, err := l.Record(t.Context(), 7)
	testutil.NoError(t, err)
	if !r.Time.Equal(at(7)) || time.Since(r.Arrived) > time.Hour {
		t.Errorf("got the times %v and %v", r.Time, r.Arrived)
	}
	_, err = l.Record(t.Context(), 13)
	testutil.ErrorIs(t, err, histlog.ErrNoRecord)
	ended, stop := context.WithCancel(t.Context())
	stop()
	_, err = l.Record(ended, 7)
	testutil.ErrorIs(t, err, context.Canceled)
}

// What a caller got stays what it is when it reads on.
func TestRecordIsTheCallers(t *testing.T) {
	_, l := history(t, 12)
	var kept []histlog.Record
	for r, err := range l.Records(t.Context(), histlog.Range{}) {
		testutil.NoError(t, err)
		kept = append(kept, r)
	}
	for i, r := range kept {
		if string(r.Text) != text(i+1) {
			t.Errorf("record %d became %s", r.Seq, r.Text)
		}
	}
}

func TestNoLog(t *testing.T) {
	dir := t.TempDir()
	_, err := histlog.Open(filepath.Join(dir, "none"))
	testutil.ErrorIs(t, err, histlog.ErrNoLog)
	_, err = histlog.OpenWriter(t.Context(), dir, histlog.Options{})
	testutil.ErrorIs(t, err, histlog.ErrNoLog)

	w, err := histlog.Create(t.Context(), dir, histlog.Options{}) // which is empty
	testutil.NoError(t, err)
	l, err := histlog.Open(dir)
	testutil.NoError(t, err)
	_, err = l.Last(t.Context())
	testutil.ErrorIs(t, err, histlog.ErrNoRecord)
	testutil.NoError(t, w.Close())
	_, err = w.Append(t.Context(), []byte("1"))
	testutil.ErrorIs(t, err, histlog.ErrClosed)
	_, err = histlog.Create(t.Context(), dir, histlog.Options{})
	testutil.ErrorIs(t, err, histlog.ErrExists)
}

func TestOneWriter(t *testing.T) {
	dir, _ := history(t, 1)
	w, err := histlog.OpenWriter(t.Context(), dir, histlog.Options{})
	testutil.NoError(t, err)
	_, err = histlog.OpenWriter(t.Context(), dir, histlog.Options{})
	testutil.ErrorIs(t, err, histlog.ErrLocked)
	var locked *histlog.LockedError
	if !errors.As(err, &locked) || locked.PID != os.Getpid() {
		t.Errorf("got %+v, want the pid of this process", locked)
	}

	var waiting sync.WaitGroup
	waiting.Go(func() {
		w, err := histlog.OpenWriter(t.Context(), dir, histlog.Options{Wait: time.Minute})
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Error(err)
		}
	})
	testutil.NoError(t, w.Close())
	waiting.Wait()
}

func TestRefusedValues(t *testing.T) {
	dir, l := history(t, 1)
	w, err := histlog.OpenWriter(t.Context(), dir, histlog.Options{Settings: map[string]string{"max-record": "100"}})
	testutil.NoError(t, err)
	_, err = w.Append(t.Context(), []byte(`{"n": `))
	var syntax *histlog.SyntaxError
	if !errors.As(err, &syntax) || syntax.Offset != 6 {
		t.Errorf("got %v, want a *SyntaxError at offset 6", err)
	}
	_, err = w.Append(t.Context(), fmt.Appendf(nil, `"%0100d"`, 0))
	testutil.ErrorIs(t, err, histlog.ErrTooLarge)
	acks, err := w.AppendBatch(t.Context(), [][]byte{[]byte(text(2)), []byte(text(3))})
	testutil.NoError(t, err)
	if len(acks) != 2 || acks[1].Seq != 3 {
		t.Errorf("got %+v", acks)
	}
	testutil.NoError(t, w.Close())
	wantRange(t, l, histlog.Range{}, 1, 3)
}

// A record that is damaged hides none behind it, and a lost one keeps its place.
func TestDamage(t *testing.T) {
	dir, l := history(t, 12)
	path := filepath.Join(dir, filename.Text(6))
	b, err := os.ReadFile(path)
	testutil.NoError(t, err)
	b[len(text(6))+10] ^= 1 // in record 7
	testutil.NoError(t, os.WriteFile(path, b, 0o600))

	wantUnreadable := func(target error) {
		t.Helper()
		seen := 0
		for r, err := range l.Records(t.Context(), histlog.Range{}) {
			seen++
			if r.Seq != histlog.Sequence(seen) {
				t.Errorf("got record %d, want %d", r.Seq, seen)
			}
			if r.Seq == 7 {
				testutil.ErrorIs(t, err, target)
			} else if err != nil {
				t.Error(err)
			}
		}
		if seen != 12 {
			t.Errorf("got %d records, want 12", seen)
		}
		_, err := l.Record(t.Context(), 7)
		testutil.ErrorIs(t, err, target)
	}
	wantUnreadable(histlog.ErrCorrupt)
	report, err := l.Verify(t.Context())
	testutil.NoError(t, err)
	if report.Records != 11 || report.Lost != 0 || len(report.Damage) != 1 || report.Damage[0].Seq != 7 {
		t.Errorf("verify found %+v, want damage of record 7", report)
	}
	_, err = segment.Repair(t.Context(), dir, segment.Options{})
	testutil.NoError(t, err)
	wantUnreadable(histlog.ErrLost)
	report, err = l.Verify(t.Context())
	testutil.NoError(t, err)
	if report.Records != 11 || report.Lost != 1 || report.Damage != nil {
		t.Errorf("verify found %+v, want one lost record", report)
	}
}

func TestRetired(t *testing.T) {
	dir, l := history(t, 12)
	_, err := segment.Retire(t.Context(), dir, 6, segment.Options{})
	testutil.NoError(t, err)
	wantRange(t, l, histlog.Range{}, 6, 12)
	_, err = l.Record(t.Context(), 5)
	testutil.ErrorIs(t, err, histlog.ErrRetired)
}

// Follow reads on while segments roll and are retired, and ends with its context.
func TestFollow(t *testing.T) {
	dir, l := history(t, 2)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var writing sync.WaitGroup
	defer writing.Wait()
	n := 0
	for r, err := range l.Follow(ctx, 0) {
		if r.Seq == 0 {
			testutil.ErrorIs(t, err, context.Canceled)
			break
		}
		testutil.NoError(t, err)
		n++
		if r.Seq != histlog.Sequence(n) || string(r.Text) != text(n) {
			t.Fatalf("got record %d %s, want %d", r.Seq, r.Text, n)
		}
		switch n {
		case 2:
			writing.Go(func() {
				w, err := histlog.OpenWriter(ctx, dir, histlog.Options{})
				if err != nil {
					t.Error(err)
					return
				}
				appendTexts(t, w, 3, 12)
				if err := w.Close(); err != nil {
					t.Error(err)
				}
			})
		case 8:
			_, err := segment.Retire(ctx, dir, 6, segment.Options{})
			testutil.NoError(t, err)
		case 12:
			stop()
		}
	}
	if n != 12 {
		t.Errorf("followed to record %d, want 12", n)
	}
}

func TestReplaced(t *testing.T) {
	dir, l := history(t, 2)
	testutil.NoError(t, os.RemoveAll(dir))
	other, _ := history(t, 3)
	testutil.NoError(t, os.Rename(other, dir))
	_, err := l.Last(t.Context())
	testutil.ErrorIs(t, err, histlog.ErrReplaced)
}
