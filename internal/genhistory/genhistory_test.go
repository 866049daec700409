package genhistory

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// generate returns what Write writes.
func generate(t *testing.T, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, o); err != nil {
		t.Fatalf("Write(%+v): %v", o, err)
	}
	return b.Bytes()
}

// testBatch is the part of a batch that the tests look at.
type testBatch struct {
	Timestamp    string                     `json:"timestamp"`
	TotalMatches int                        `json:"total_matches"`
	Matches      map[string]json.RawMessage `json:"matches"`
}

// testHistory is ShapeHistory.
type testHistory struct {
	History          []testBatch `json:"history"`
	LastUpdated      string      `json:"last_updated"`
	TotalEntries     int         `json:"total_entries"`
	LatestMatchCount int         `json:"latest_match_count"`
	NYTimestamp      string      `json:"ny_timestamp"`
}

// decode reads one JSON value without unknown members.
func decode[T any](t *testing.T, text []byte) T {
	t.Helper()
	var v T
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("decode: %v", err)
	}
	return v
}

func TestSameOptionsGiveSameBytes(t *testing.T) {
	o := Options{Records: 40, BatchBytes: 60_000, Seed: 7}
	first := generate(t, o)
	if !bytes.Equal(first, generate(t, o)) {
		t.Error("two runs with one seed differ")
	}
	o.Seed = 8
	if bytes.Equal(first, generate(t, o)) {
		t.Error("another seed gave the same bytes")
	}
}

func TestHistoryHoldsWhatItSays(t *testing.T) {
	h := decode[testHistory](t, generate(t, Options{Records: 50, BatchBytes: 100_000, Seed: 1}))
	if len(h.History) != 50 || h.TotalEntries != 50 {
		t.Fatalf("%d batches, total_entries %d, want 50", len(h.History), h.TotalEntries)
	}
	last := h.History[49]
	if h.LastUpdated != last.Timestamp || h.LatestMatchCount != len(last.Matches) {
		t.Errorf("last_updated %s and latest_match_count %d do not fit the last batch", h.LastUpdated, h.LatestMatchCount)
	}
	if !strings.HasPrefix(h.History[0].Timestamp, "2025-05-28T16:14:22.") || !strings.HasSuffix(h.History[0].Timestamp, "-04:00") {
		t.Errorf("first timestamp is %s", h.History[0].Timestamp)
	}
	if !strings.HasPrefix(h.History[1].Timestamp, "2025-05-28T16:17:20.") {
		t.Errorf("second timestamp is %s, want 178 s later", h.History[1].Timestamp)
	}
	if h.NYTimestamp != "05/28/2025 06:39:44 PM EDT" {
		t.Errorf("ny_timestamp is %s", h.NYTimestamp)
	}
	for i, b := range h.History {
		if b.TotalMatches != len(b.Matches) {
			t.Errorf("batch %d: total_matches %d, but %d matches", i, b.TotalMatches, len(b.Matches))
		}
	}
}

func TestNoRecords(t *testing.T) {
	for shape, want := range map[Shape]string{ShapeArray: "[]", ShapeNDJSON: ""} {
		if got := generate(t, Options{Shape: shape}); string(got) != want {
			t.Errorf("%s: %q, want %q", shape, got, want)
		}
	}
	if got := generate(t, Options{}); !bytes.HasPrefix(got, []byte("{\n  \"history\": [],\n  \"last_updated\": \"")) {
		t.Errorf("history: %q", got)
	}
}

// TestShapesHoldTheSameBatches compares every shape, brought to compact form.
func TestShapesHoldTheSameBatches(t *testing.T) {
	o := Options{Records: 30, BatchBytes: 8_000, Seed: 3}
	with := func(s Shape, i Indent, records int) []byte {
		o := o
		o.Shape, o.Indent, o.Records = s, i, records
		return generate(t, o)
	}
	lines := bytes.SplitAfter(with(ShapeNDJSON, IndentDefault, 31), []byte("\n"))
	if len(lines) != 32 || len(lines[31]) != 0 {
		t.Fatalf("%d lines, want 31 with a line feed each", len(lines)-1)
	}
	compactArray := with(ShapeArray, IndentCompact, 30)
	joined := "[" + strings.ReplaceAll(strings.TrimSuffix(string(bytes.Join(lines[:30], nil)), "\n"), "\n", ",") + "]"
	if string(compactArray) != joined {
		t.Error("array and ndjson hold different batches")
	}
	if !bytes.HasPrefix(with(ShapeHistory, IndentCompact, 30), append([]byte(`{"history":`), compactArray...)) {
		t.Error("history and array hold different batches")
	}
	if next := with(ShapeBatch, IndentCompact, 30); string(next)+"\n" != string(lines[30]) {
		t.Error("batch is not what follows 30 ticks")
	}
	for _, i := range []Indent{IndentDefault, IndentNone, IndentZero, 1, 4} {
		var compact bytes.Buffer
		if err := json.Compact(&compact, with(ShapeArray, i, 30)); err != nil {
			t.Fatalf("indent %d: %v", i, err)
		}
		if !bytes.Equal(compact.Bytes(), compactArray) {
			t.Errorf("indent %d holds other batches", i)
		}
	}
}

func TestBatchBytes(t *testing.T) {
	for _, size := range []int{2_000, 5_000, 39_999, 40_000, 100_000, 1_800_000, 4_000_000} {
		for seed := range uint64(2) {
			p := newPipeline(seed, size)
			const ticks = 45 // longer than a match lives
			sizes := make([]int, ticks)
			total := 0
			for i := range sizes {
				p.tick()
				sizes[i] = p.measure(batchDepth, p.writeBatch)
				total += sizes[i]
			}
			if mean := total / ticks; mean < size*85/100 || mean > size*115/100 {
				t.Errorf("size %d, seed %d: mean is %d", size, seed, mean)
			}
			if size >= 40_000 && (sizes[0] < size*85/100 || sizes[0] > size*115/100) {
				t.Errorf("size %d, seed %d: first batch is %d", size, seed, sizes[0])
			}
		}
	}
}

// TestNeighboursRepeat measures the share of matches, by id, that the batch
// before holds too.
func TestNeighboursRepeat(t *testing.T) {
	for _, size := range []int{20_000, 200_000, 600_000} {
		h := decode[testHistory](t, generate(t, Options{Records: 40, BatchBytes: size, Seed: 5}))
		stayed, all, distinct := 0, 0, map[string]bool{}
		for i, b := range h.History {
			for id := range b.Matches {
				distinct[id] = true
				if i > 0 {
					all++
					if _, ok := h.History[i-1].Matches[id]; ok {
						stayed++
					}
				}
			}
		}
		if stayed*100 < all*90 {
			t.Errorf("size %d: %d of %d matches stay from one batch to the next, want 90 %%", size, stayed, all)
		}
		if first := len(h.History[0].Matches); len(distinct) < first*3/2 {
			t.Errorf("size %d: only %d matches in 40 batches of %d: none enter", size, len(distinct), first)
		}
	}
}

// TestRowsGrow looks at a match that stays: its rows of one batch are the
// tail of its rows in the next.
func TestRowsGrow(t *testing.T) {
	h := decode[testHistory](t, generate(t, Options{Records: 20, BatchBytes: 300_000, Seed: 2}))
	type odds struct {
		Odds struct {
			Raw map[string][]json.RawMessage `json:"raw"`
		} `json:"odds"`
	}
	grown := 0
	for i, b := range h.History[1:] {
		for id, text := range b.Matches {
			before, ok := h.History[i].Matches[id]
			if !ok {
				continue
			}
			var now, then odds
			if err := errors.Join(json.Unmarshal(text, &now), json.Unmarshal(before, &then)); err != nil {
				t.Fatal(err)
			}
			for name, old := range then.Odds.Raw {
				rows := now.Odds.Raw[name]
				if len(rows) < len(old) || fmt.Sprintf("%s", rows[len(rows)-len(old):]) != fmt.Sprintf("%s", old) {
					t.Fatalf("batch %d, match %s, %s: rows changed", i+1, id, name)
				}
				grown += len(rows) - len(old)
			}
		}
	}
	if grown == 0 {
		t.Error("no rows were added")
	}
}

func TestContentIsVaried(t *testing.T) {
	text := string(generate(t, Options{Records: 1, Seed: 1}))
	for _, part := range []string{`Á`, `\"`, `\\`, `null`, `true`, `false`, `{}`, `[]`, `: 3.0`, `-0.`} {
		if !strings.Contains(text, part) {
			t.Errorf("no %s in a batch", part)
		}
	}
}

// recorder notes the largest write.
type recorder struct{ largest int }

func (r *recorder) Write(b []byte) (int, error) {
	r.largest = max(r.largest, len(b))
	return len(b), nil
}

func TestWritesBatchByBatch(t *testing.T) {
	const size = 500_000
	var r recorder
	if err := Write(&r, Options{Records: 50, BatchBytes: size}); err != nil {
		t.Fatal(err)
	}
	if r.largest > size*5/4 {
		t.Errorf("held %d bytes back, want about one batch of %d", r.largest, size)
	}
}

var errFull = errors.New("device full")

// fullWriter takes no byte.
type fullWriter struct{}

func (fullWriter) Write([]byte) (int, error) { return 0, errFull }

func TestErrors(t *testing.T) {
	for _, o := range []Options{{Records: -1}, {BatchBytes: 1_999}, {Shape: "tree"}, {Indent: -4}, {Indent: 65}} {
		if err := Write(&bytes.Buffer{}, o); err == nil || o.Validate() == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
	for _, s := range []Shape{ShapeHistory, ShapeArray, ShapeNDJSON, ShapeBatch} {
		if err := Write(fullWriter{}, Options{Records: 2, Shape: s}); !errors.Is(err, errFull) {
			t.Errorf("%s: error is %v, want it to wrap the writer's", s, err)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	o := Options{Records: 50}
	for b.Loop() {
		var r counter
		if err := Write(&r, o); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(r))
	}
}

// counter counts bytes.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
