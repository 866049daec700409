package compactor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// newLog makes a log of records that are a minute apart, three in a segment.
func newLog(t *testing.T, records int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "log")
	at := now
	w, err := segment.Create(t.Context(), dir, segment.Options{
		Settings: segment.Settings{"segment-size": "150"},
		Now:      func() time.Time { return at },
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := range records {
		at = at.Add(time.Minute)
		if _, err := w.Append(context.Background(), fmt.Appendf(nil, `{"timestamp":"%s","n":%d}`, at.Format(time.RFC3339), n+1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func lookAt(t *testing.T, dir string) []Segment {
	t.Helper()
	l, err := segment.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	segments, err := Segments(l)
	if err != nil {
		t.Fatal(err)
	}
	return segments
}

func TestSegments(t *testing.T) {
	segments := lookAt(t, newLog(t, 8))
	if len(segments) != 3 || segments[0].Records != 3 || segments[0].Bytes == 0 || !segments[0].Newest.Equal(now.Add(3*time.Minute)) || segments[2].Sealed {
		t.Errorf("%+v", segments)
	}
}

// The age of a segment with a record of the far future is counted from its arrival.
func TestFuture(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	w, err := segment.Create(t.Context(), dir, segment.Options{Settings: segment.Settings{"segment-size": "10"}, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := w.Append(context.Background(), []byte(`{"timestamp":"2199-01-01T00:00:00Z"}`)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for after, want := range map[time.Duration]int{day: 0, 2 * day: 1} {
		if p := PlanRetention(segment.Upkeep{MaxAge: day}, lookAt(t, dir), now.Add(after), Guard{}); len(p) != want {
			t.Errorf("after %v: %s", after, p.show())
		}
	}
	if p := PlanCompression(segment.Upkeep{CompressAfter: day}, lookAt(t, dir), now.Add(day)); len(p) != 1 {
		t.Errorf("compress: %s", p.show())
	}
}

// A damaged segment is reported and left in place; the others are processed.
func TestRunPastDamage(t *testing.T) {
	dir := newLog(t, 14)
	segments := lookAt(t, dir)
	path := segments[1].Path
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[20] ^= 1
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	plan := append(PlanCompression(segment.Upkeep{}, segments, now.Add(time.Hour)), PlanRetention(segment.Upkeep{MaxRecords: 1}, segments, now, Guard{})...)
	done := 0
	changes, err := Run(t.Context(), dir, plan, Options{Policy: segment.Upkeep{Codec: segment.Gzip}, Progress: func(n, of int) { done = n }})
	var damage *segment.CorruptError
	if !errors.As(err, &damage) || damage.Path != path {
		t.Errorf("%v", err)
	}
	if len(changes) != len(segments)-2 || done != len(segments)-1 {
		t.Errorf("%d changes, told of %d: %+v", len(changes), done, changes)
	}
	for _, s := range lookAt(t, dir) {
		if want := s.Sealed && s.Path != path; (s.Codec == segment.Gzip) != want {
			t.Errorf("%+v", s)
		}
	}
	again, err := Run(t.Context(), dir, plan, Options{Policy: segment.Upkeep{Codec: segment.Gzip}})
	if len(again) > 0 || !errors.As(err, &damage) {
		t.Errorf("once more: %+v, %v", again, err)
	}
}

// Once compresses one segment: the next one if the first turns out to be damaged.
func TestRunOnce(t *testing.T) {
	dir := newLog(t, 14)
	segments := lookAt(t, dir)
	b, err := os.ReadFile(segments[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	b[20] ^= 1
	if err := os.WriteFile(segments[0].Path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, s := range segments[1:3] {
		policy := segment.Upkeep{Codec: segment.Gzip}
		changes, err := Run(t.Context(), dir, PlanDue(policy, lookAt(t, dir), now.Add(time.Hour), Guard{}), Options{Policy: policy, Once: true})
		if !errors.Is(err, segment.ErrCorrupt) || len(changes) != 1 || changes[0].Segment != filename.Segment(uint64(s.Base), segment.Gzip) {
			t.Errorf("%+v, %v", changes, err)
		}
	}
}

// A damaged segment ends the merge of its group, and the others are compressed.
func TestRunMergeOfDamaged(t *testing.T) {
	dir := newLog(t, 14)
	segments := lookAt(t, dir)
	testutil.FlipByte(t, segments[1].Path, 20)
	// Three segments are a group, because a fourth one would be too much.
	policy := segment.Upkeep{Codec: segment.Zstd, MergeSize: segments[0].Text + segments[1].Text + segments[2].Text}
	plan := PlanCompact(policy, segments, now.Add(48*time.Hour))
	if len(plan) == 0 || plan[len(plan)-1].Kind != Merge {
		t.Fatalf("%v", plan)
	}
	_, err := Run(t.Context(), dir, plan, Options{Policy: policy})
	if !errors.Is(err, segment.ErrCorrupt) {
		t.Errorf("%v", err)
	}
	for i, s := range lookAt(t, dir) {
		if s.End != 0 || s.Sealed && (s.Codec == segment.Zstd) != (i != 1) {
			t.Errorf("%d: %+v", i, s)
		}
	}
}

// What a killed merge has left is removed although no merges are wanted any more, and its size
// counts until then.
func TestRunRemovesSuperseded(t *testing.T) {
	for _, policy := range []segment.Upkeep{{CompressAfter: segment.Never, MergeSize: 1 << 20, Codec: segment.Zstd}, {Codec: segment.Zstd}} {
		dir := newLog(t, 14)
		before := lookAt(t, dir)
		text := testutil.ReadFile(t, before[0].Path)
		if _, err := segment.Merge(t.Context(), dir, 1, before[2].Base, segment.Zstd, segment.Options{}); err != nil {
			t.Fatal(err)
		}
		merged := lookAt(t, dir)[0]
		testutil.WriteFile(t, before[0].Path, text)
		segments := lookAt(t, dir)
		if segments[0].Bytes != merged.Bytes+int64(len(text)) {
			t.Errorf("%d bytes, without the text %d", segments[0].Bytes, merged.Bytes)
		}
		changes, err := Run(t.Context(), dir, PlanCompact(policy, segments, now.Add(time.Hour)), Options{Policy: policy})
		if err != nil || len(changes) == 0 || changes[len(changes)-1].Kind != Merge || changes[len(changes)-1].Before != segments[0].Bytes || changes[len(changes)-1].After != merged.Bytes {
			t.Errorf("%+v, %v", changes, err)
		}
		if _, err := os.Lstat(before[0].Path); err == nil {
			t.Error("it is still there")
		}
	}
}

// No merge is planned while the times of some segments may be those of an earlier rule.
func TestNoMergeDuringRestamp(t *testing.T) {
	l, err := segment.Open(newLog(t, 14))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, restamping := range []bool{false, true} {
		if restamping {
			l.Marker.Restamp = uuid.New()
		}
		segments, err := Segments(l)
		if err != nil {
			t.Fatal(err)
		}
		policy := segment.Upkeep{MergeSize: segments[0].Text + segments[1].Text}
		if plan := PlanMerge(policy, segments, now.Add(48*time.Hour)); (len(plan) > 0) != !restamping {
			t.Errorf("%v: %v", restamping, plan)
		}
	}
}

// A plan does not run on another log in the place of its own.
func TestRunReplaced(t *testing.T) {
	dir, other := newLog(t, 14), newLog(t, 14)
	l, err := segment.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	plan := PlanRetention(segment.Upkeep{MaxRecords: 1}, lookAt(t, dir), now, Guard{})
	changes, err := Run(t.Context(), other, plan, Options{Options: segment.Options{ID: l.Marker.ID}})
	if !errors.Is(err, segment.ErrReplaced) || len(changes) > 0 {
		t.Errorf("%+v, %v", changes, err)
	}
	if n := len(lookAt(t, other)); n != len(lookAt(t, dir)) {
		t.Errorf("%d segments are left", n)
	}
}

// A plan that another process has overtaken does no harm, and a cancelled one leaves what it
// has not begun.
func TestRunOvertaken(t *testing.T) {
	dir := newLog(t, 14)
	plan := PlanCompression(segment.Upkeep{}, lookAt(t, dir), now.Add(time.Hour))
	if _, err := segment.Retire(t.Context(), dir, plan[1].Segment.Base, segment.Options{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	changes, err := Run(ctx, dir, plan, Options{Policy: segment.Upkeep{Codec: segment.Gzip}, Progress: func(n, _ int) {
		if n == 2 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || len(changes) != 1 || changes[0].Segment != filename.Segment(uint64(plan[1].Segment.Base), segment.Gzip) {
		t.Errorf("%+v, %v", changes, err)
	}
}
