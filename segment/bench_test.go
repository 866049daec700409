package segment

import (
	"bytes"
	"path/filepath"
	"testing"
)

// BenchmarkAppend appends small records, which the kernel gets one by one.
func BenchmarkAppend(b *testing.B) {
	w, err := Create(b.Context(), filepath.Join(b.TempDir(), "log"), Options{Settings: Settings{"sync": "none"}})
	if err != nil {
		b.Fatal(err)
	}
	record := []byte(`"` + string(bytes.Repeat([]byte("x"), 198)) + `"`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Append(b.Context(), record); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}
