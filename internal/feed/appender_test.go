package feed

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/histlog/histlog/segment"
)

// A run is what an Appender called while it ran.
type run struct {
	acks     []segment.Ack
	zoneless int
	warnings []string
}

func (r *run) options() Options {
	return Options{
		Create:      true,
		NewSettings: func(s segment.Settings) segment.Settings { return s },
		Acknowledge: func(a segment.Ack) error { r.acks = append(r.acks, a); return nil },
		OnZoneless:  func() { r.zoneless++ },
		Warn:        func(message string) { r.warnings = append(r.warnings, message) },
	}
}

func (r *run) sequences() (all []segment.Sequence) {
	for _, a := range r.acks {
		all = append(all, a.Seq)
	}
	return all
}

// feed appends text to the log at dir.
func feed(t *testing.T, dir, text string, o Options) (*Appender, error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "input.json")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := New(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return a, a.Run(t.Context(), []string{name})
}

func TestAppender(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	var first, second run
	a, err := feed(t, dir, `{"timestamp":"2025-05-30T07:00:00"} {"timestamp":"2025-05-30T07:01:00"} 3`, first.options())
	if err != nil || a.Count() != 3 || !slices.Equal(first.sequences(), []segment.Sequence{1, 2, 3}) || !first.acks[2].Durable {
		t.Errorf("%+v, %v", first.acks, err)
	}
	if first.zoneless != 1 {
		t.Errorf("a time without a zone was reported %d times", first.zoneless)
	}
	if _, err = feed(t, dir, `{"timestamp":"2025-05-30T07:02:00"} [`, second.options()); err == nil {
		t.Error("half a value was accepted")
	}
	if !slices.Equal(second.sequences(), []segment.Sequence{4}) || second.zoneless != 0 || len(second.warnings) != 0 {
		t.Errorf("the values before it: %+v", second)
	}
}

// TestNoLog creates a log only if that was asked for.
func TestNoLog(t *testing.T) {
	var r run
	o := r.options()
	o.Create = false
	if _, err := New(filepath.Join(t.TempDir(), "log"), o); !errors.Is(err, segment.ErrNoLog) {
		t.Errorf("%v", err)
	}
	a, err := feed(t, filepath.Join(t.TempDir(), "log"), "", r.options())
	if err != nil || a.Count() != 0 {
		t.Errorf("%d, %v", a.Count(), err)
	}
	if created, err := a.CreateEmpty(t.Context()); err != nil || !created {
		t.Errorf("created: %v, %v", created, err)
	}
}

// TestAckError ends the run at the first record that cannot be acknowledged; it stays.
func TestAckError(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	var r run
	o := r.options()
	broken := errors.New("broken pipe")
	o.Acknowledge = func(segment.Ack) error { return broken }
	_, err := feed(t, dir, "1", o)
	var failed *AckError
	if !errors.As(err, &failed) || failed.Seq != 1 || !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if _, err := feed(t, dir, "2", r.options()); err != nil || !slices.Equal(r.sequences(), []segment.Sequence{2}) {
		t.Errorf("%+v, %v", r.acks, err)
	}
}

// TestRetry appends a retried value only if it was not appended before.
func TestRetry(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	var r run
	if _, err := feed(t, dir, "1 2", r.options()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text      string
		after     segment.Sequence
		seq       segment.Sequence
		duplicate bool
	}{{"2", 1, 2, true}, {"3", 2, 3, false}, {"3", 2, 3, true}} {
		var r run
		o := r.options()
		o.RetryAfter = &c.after
		_, err := feed(t, dir, c.text, o)
		if err != nil || len(r.acks) != 1 || r.acks[0].Seq != c.seq || r.acks[0].Duplicate != c.duplicate {
			t.Errorf("%s after %d: %+v, %v", c.text, c.after, r.acks, err)
		}
	}
	later := segment.Sequence(99)
	o := r.options()
	o.RetryAfter = &later
	_, err := feed(t, dir, "4", o)
	var failed *RetryError
	if !errors.As(err, &failed) || !errors.Is(err, segment.ErrNoRecord) {
		t.Errorf("after a record that is not there: %v", err)
	}
}
