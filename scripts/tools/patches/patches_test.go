// Package patches tests the patches of package jsondiff with another implementation of RFC 6902.
package patches

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/histlog/histlog/internal/genhistory"
	"github.com/histlog/histlog/internal/jsondiff"
	"github.com/histlog/histlog/internal/jsonscan"
)

// TestBatches applies the patches between the batches of a history.
func TestBatches(t *testing.T) {
	batches := batchesOf(t)
	for i := range len(batches) - 1 {
		check(t, batches[i], batches[i+1])
		check(t, batches[i+1], batches[i])
	}
	check(t, batches[0], batches[len(batches)-1])
}

// TestArrays applies the patches between batches whose matches are the elements of an array, by their keys
// and by their places, in the same order and shuffled.
func TestArrays(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	batches := batchesOf(t)
	for i := range len(batches) - 1 {
		a, b := withArray(t, batches[i]), withArray(t, batches[i+1])
		for range 3 {
			for _, keys := range [][]string{jsondiff.DefaultKeys, nil} {
				check(t, text(t, a), text(t, b), keys...)
			}
			r.Shuffle(len(b.Matches), reflect.Swapper(b.Matches))
		}
	}
}

// A batch is a batch whose matches are an array.
type batch struct {
	Timestamp json.RawMessage   `json:"timestamp"`
	Matches   []json.RawMessage `json:"matches"`
}

func withArray(t *testing.T, record []byte) (b batch) {
	t.Helper()
	for m := range jsonscan.Members(record) {
		switch jsonscan.Unquote(m.Name) {
		case "timestamp":
			b.Timestamp = m.Value
		case "matches":
			for match := range jsonscan.Members(m.Value) {
				b.Matches = append(b.Matches, match.Value)
			}
		}
	}
	if len(b.Matches) == 0 {
		t.Fatalf("no matches in %.200s", record)
	}
	return b
}

func text(t *testing.T, b batch) []byte {
	t.Helper()
	text, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// batchesOf returns a history of polls in compact form.
func batchesOf(t *testing.T) (batches [][]byte) {
	t.Helper()
	var history bytes.Buffer
	if err := genhistory.Write(&history, genhistory.Options{Records: 60, BatchBytes: 30_000, Shape: genhistory.ShapeNDJSON}); err != nil {
		t.Fatal(err)
	}
	for s := jsonscan.NewReader(&history, jsonscan.Options{}); ; {
		batch, err := s.Value(nil)
		if err == io.EOF {
			return batches
		}
		if err != nil {
			t.Fatal(err)
		}
		batches = append(batches, batch)
	}
}

// check applies the patch from a to b to a.
func check(t *testing.T, a, b []byte, keys ...string) {
	t.Helper()
	var operations []string
	err := jsondiff.Compare(context.Background(), a, b, keys, func(c *jsondiff.Change) error {
		var text strings.Builder
		err := c.WriteOperation(&text)
		operations = append(operations, text.String())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	patch, err := jsonpatch.DecodePatch([]byte("[" + strings.Join(operations, ",") + "]"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := patch.Apply(slices.Clone(a))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(decoded(t, got), decoded(t, b)) {
		t.Fatalf("%.500s\nbecame\n%.500s\nand not\n%.500s", a, got, b)
	}
}

// decoded returns a value whose numbers are tokens.
func decoded(t *testing.T, text []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}
