package segment

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/testutil"
)

// gateFS holds each fdatasync of a segment until it is let through.
type gateFS struct {
	testutil.NoSync
	syncs  atomic.Int64
	begun  chan struct{} // one was asked for
	passed chan struct{} // closed: all go through
}

func newGate() *gateFS { return &gateFS{begun: make(chan struct{}, 1000), passed: make(chan struct{})} }

func (g *gateFS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := g.NoSync.OpenFile(name, flag, perm)
	if err != nil || !strings.HasSuffix(name, filename.TextSuffix) {
		return f, err
	}
	return gateFile{f, g}, nil
}

type gateFile struct {
	File
	gate *gateFS
}

func (f gateFile) Datasync() error {
	f.gate.syncs.Add(1)
	f.gate.begun <- struct{}{}
	<-f.gate.passed
	return nil
}

// waiting returns how many calls stand in the writer's queue.
func waiting(w *Writer) int {
	w.queue.mu.Lock()
	defer w.queue.mu.Unlock()
	return len(w.queue.waiting)
}

// TestGroupCommit checks that the calls which begin during a sync share the next one, and
// that the value of a call whose context ends during the sync is not appended.
func TestGroupCommit(t *testing.T) {
	dir, gate := newDir(t), newGate()
	o := options(nil)
	o.FS = gate
	w, err := Create(t.Context(), dir, o)
	testutil.NoError(t, err)
	const calls = 20
	acks := make(chan Ack, calls+1)
	var all sync.WaitGroup
	call := func(ctx context.Context, n Sequence, want error) {
		ack, err := w.Append(ctx, []byte(text(n)))
		if !errors.Is(err, want) {
			t.Errorf("Append: %v, want %v", err, want)
		} else if err == nil {
			acks <- ack
		}
	}
	first := make(chan struct{})
	all.Go(func() {
		call(t.Context(), 1, nil)
		close(first)
	})
	select {
	case <-gate.begun:
	case <-first:
		t.Fatal("acknowledged without a sync")
	}
	for n := range Sequence(calls) {
		all.Go(func() { call(t.Context(), n+2, nil) })
	}
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan struct{})
	go func() {
		call(ctx, 99, context.Canceled)
		close(gone)
	}()
	for waiting(w) < calls+1 {
	}
	cancel()
	<-gone
	close(gate.passed)
	all.Wait()
	close(acks)
	if n := gate.syncs.Load(); n != 2 {
		t.Errorf("%d syncs for %d calls, want 2", n, calls+1)
	}
	testutil.NoError(t, w.Close())
	seen := map[Sequence]bool{}
	for a := range acks {
		seen[a.Seq] = a.Durable
	}
	good, _ := contents(t, dir)
	if len(seen) != calls+1 || len(good) != calls+1 {
		t.Errorf("%d acknowledged, %d there, want %d", len(seen), len(good), calls+1)
	}
	for _, value := range good {
		if value == text(99) {
			t.Error("a value whose call was canceled is in the log")
		}
	}
}

func TestAppendBatch(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": "200"})
	appendTexts(t, w, 1, 1)
	var values [][]byte
	for n := Sequence(2); n <= 9; n++ {
		values = append(values, []byte(" "+text(n)+"\r\n"))
	}
	acks, err := w.AppendBatch(t.Context(), values)
	testutil.NoError(t, err)
	for i, a := range acks {
		if a.Seq != Sequence(i+2) || !a.Durable || a.Bytes != int64(len(text(a.Seq))) {
			t.Errorf("value %d: %+v", i, a)
		}
	}
	if len(acks) != len(values) {
		t.Errorf("%d acknowledged", len(acks))
	}
	_, err = w.AppendBatch(t.Context(), [][]byte{[]byte("1"), []byte("[")})
	var bad *BatchError
	if !errors.As(err, &bad) || bad.Value != 1 {
		t.Errorf("a bad value: %v", err)
	}
	acks, err = w.AppendBatch(t.Context(), nil)
	if acks != nil || err != nil {
		t.Errorf("no values: %v, %v", acks, err)
	}
	testutil.NoError(t, w.Close())
	wantTexts(t, dir, texts(1, 9))
}

// Under an interval calls wait for the commit that they share.
func TestAppendInterval(t *testing.T) {
	dir, gate := newDir(t), newGate()
	close(gate.passed)
	o := options(Settings{"sync": "interval=50ms"})
	o.FS = gate
	w, err := Create(t.Context(), dir, o)
	testutil.NoError(t, err)
	var all sync.WaitGroup
	for n := range Sequence(10) {
		all.Go(func() {
			if a, err := w.Append(t.Context(), []byte(text(n+1))); err != nil || !a.Durable {
				t.Errorf("%+v, %v", a, err)
			}
		})
	}
	all.Wait()
	if n := gate.syncs.Load(); n > 5 {
		t.Errorf("%d syncs for 10 calls", n)
	}
	testutil.NoError(t, w.Close())
	if good, _ := contents(t, dir); len(good) != 10 {
		t.Errorf("%d records", len(good))
	}
}

// A Writer that is closed tells calls so, and Close commits what waits.
func TestAppendAfterClose(t *testing.T) {
	w := create(t, newDir(t), nil)
	testutil.NoError(t, w.Close())
	_, err := w.Append(t.Context(), []byte("1"))
	testutil.ErrorIs(t, err, ErrClosed)
}

func TestRefusedValues(t *testing.T) {
	for _, row := range []struct {
		value string
		cause error // of a *jsonscan.SyntaxError
	}{
		{``, nil},
		{` `, nil},
		{`{"a":}`, jsonscan.ErrInvalid},
		{`{"a":1`, jsonscan.ErrCut},
		{`1 2`, jsonscan.ErrInvalid},
		{`{}` + "\n" + `{}`, jsonscan.ErrInvalid},
		{`[] ]`, jsonscan.ErrInvalid},
		{`NaN`, jsonscan.ErrNonFinite},
		{"\"\xff\"", jsonscan.ErrUTF8},
		{"\x00", jsonscan.ErrInvalid},
		{"\xef\xbb\xbf{}", jsonscan.ErrInvalid},
		{strings.Repeat("[", jsonscan.MaxDepth+1) + strings.Repeat("]", jsonscan.MaxDepth+1), jsonscan.ErrDepth},
	} {
		t.Run(fmt.Sprintf("%.12q", row.value), func(t *testing.T) {
			dir := newDir(t)
			w := create(t, dir, nil)
			appendTexts(t, w, 1, 1)
			before := snapshot(t, dir)
			_, err := w.Append(t.Context(), []byte(row.value))
			var syntax *jsonscan.SyntaxError
			if row.cause != nil && (!errors.As(err, &syntax) || !errors.Is(err, row.cause)) {
				t.Errorf("got %v, want a *jsonscan.SyntaxError of %v", err, row.cause)
			}
			if err == nil {
				t.Error("accepted")
			}
			wantSame(t, before, snapshot(t, dir), "the refused record")
			appendTexts(t, w, 2, 2)
		})
	}
}

// An empty value is no JSON value, and the error says so like any other.
func TestRefusedEmptyIsSyntaxError(t *testing.T) {
	w := create(t, newDir(t), nil)
	_, err := w.Append(t.Context(), nil)
	if syntax := (*jsonscan.SyntaxError)(nil); !errors.As(err, &syntax) {
		t.Errorf("got %v, want a *jsonscan.SyntaxError", err)
	}
}

func TestTooLarge(t *testing.T) {
	value := []byte(`"` + strings.Repeat("x", 98) + `"`)
	for _, row := range []struct {
		max  string
		fits bool
	}{{"100", true}, {"99", false}, {"1", false}} {
		for name, add := range map[string]func(w *Writer, b []byte) error{
			"Append": func(w *Writer, b []byte) error { _, err := w.Append(t.Context(), b); return err },
			"Write":  func(w *Writer, b []byte) error { _, err := w.Write(b, nil); return err },
		} {
			t.Run(name+" "+row.max, func(t *testing.T) {
				dir := newDir(t)
				w := create(t, dir, Settings{"max-record": row.max})
				before := snapshot(t, dir)
				err := add(w, value)
				if row.fits {
					testutil.NoError(t, err)
					return
				}
				testutil.ErrorIs(t, err, ErrTooLarge)
				testutil.NoError(t, w.Commit())
				wantSame(t, before, snapshot(t, dir), "the refused record")
				if w.NextSeq() != 1 {
					t.Errorf("next sequence %d", w.NextSeq())
				}
			})
		}
	}
}

func TestConcurrentAppends(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": "2000"})
	const workers, each = 8, 25
	var mu sync.Mutex
	want := map[Sequence]string{}
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			for j := range each {
				value := fmt.Sprintf(`{"worker":%d,"n":%d}`, i, j)
				ack, err := w.Append(t.Context(), []byte(value))
				if err != nil {
					t.Error(err)
					return
				}
				_ = w.NextSeq()
				mu.Lock()
				if _, ok := want[ack.Seq]; ok {
					t.Errorf("sequence %d was given twice", ack.Seq)
				}
				want[ack.Seq] = value
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	testutil.NoError(t, w.Close())
	if len(want) != workers*each {
		t.Errorf("%d sequences, want %d", len(want), workers*each)
	}
	wantTexts(t, dir, want)
}
