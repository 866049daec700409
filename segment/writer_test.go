package segment

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
)

func TestAck(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": "100"})
	for _, row := range []struct {
		value string
		want  Ack
	}{
		{` { "timestamp" : "2025-01-02T03:04:05+01:00" } `, Ack{1, time.Date(2025, 1, 2, 2, 4, 5, 0, time.UTC), textName(1), 0, 41, true, false}},
		{`[1, 2]`, Ack{2, newClock().Now(), textName(1), 42, 5, true, false}},
		{`"` + strings.Repeat("x", 90) + `"`, Ack{3, newClock().Now(), textName(3), 0, 92, true, false}},
	} {
		got, err := w.Append(t.Context(), []byte(row.value))
		testutil.NoError(t, err)
		if !got.Time.Equal(row.want.Time) {
			t.Errorf("%s: time %v, want %v", row.value, got.Time, row.want.Time)
		}
		got.Time = row.want.Time
		if got != row.want {
			t.Errorf("%s: got %+v, want %+v", row.value, got, row.want)
		}
	}
	wantTexts(t, dir, map[Sequence]string{
		1: `{"timestamp":"2025-01-02T03:04:05+01:00"}`, 2: `[1,2]`, 3: `"` + strings.Repeat("x", 90) + `"`,
	})
}

// Settings given to OpenWriter hold while it is open, and leave HISTLOG alone.
func TestSettingsForARun(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": "64M", "time-zone": "UTC"})
	appendTexts(t, w, 1, 2)
	testutil.NoError(t, w.Close())
	before := testutil.ReadFile(t, filepath.Join(dir, filename.Marker))
	w, err := OpenWriter(t.Context(), dir, options(Settings{"sync": "none", "segment-size": "1"}))
	testutil.NoError(t, err)
	if p := w.Policy(); p.Sync.Mode != SyncNone || p.SegmentSize != 1 {
		t.Errorf("policy %+v", p)
	}
	ack, err := w.Append(t.Context(), []byte(text(3)))
	testutil.NoError(t, err)
	if ack.Durable || ack.Segment != textName(3) {
		t.Errorf("%+v", ack)
	}
	appendTexts(t, w, 4, 4)
	testutil.NoError(t, w.Close())
	if !bytes.Equal(before, testutil.ReadFile(t, filepath.Join(dir, filename.Marker))) {
		t.Error("HISTLOG was changed")
	}
	w = openWriter(t, dir)
	ack, err = w.Append(t.Context(), []byte(text(5)))
	testutil.NoError(t, err)
	if !ack.Durable || ack.Segment != textName(4) {
		t.Errorf("%+v", ack)
	}
	wantTexts(t, dir, texts(1, 5))
}

// A segment that a run under sync none wrote into is lazy from then on.
func TestLazyForARun(t *testing.T) {
	dir := newDir(t)
	testutil.NoError(t, create(t, dir, nil).Close())
	w, err := OpenWriter(t.Context(), dir, options(Settings{"sync": "none"}))
	testutil.NoError(t, err)
	defer w.Close()
	if b := testutil.ReadFile(t, filepath.Join(dir, indexName(1))); b[56] != 0 {
		t.Error("lazy before the first such record")
	}
	appendTexts(t, w, 1, 1)
	h, reason := parseHeader(testutil.ReadFile(t, filepath.Join(dir, indexName(1)))[:headerSize])
	if reason != "" || h.flags != headerLazy {
		t.Errorf("header %+v: %s", h, reason)
	}
}

func TestConfigureHoldsFromNextSegment(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": "200"})
	appendTexts(t, w, 1, 1)
	_, err := Configure(t.Context(), dir, Settings{"segment-size": "1"}, nil)
	testutil.NoError(t, err)
	appendTexts(t, w, 2, 6)
	if got, want := bases(t, dir), []Sequence{1, 3, 4, 5, 6}; !slices.Equal(got, want) {
		t.Errorf("segments %v, want %v", got, want)
	}
}
