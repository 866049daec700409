package jsonscan

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// BenchmarkValue reports the rate on inputs of 4 MB that stress one thing each.
func BenchmarkValue(b *testing.B) {
	compact := `[` + strings.Repeat(`{"id":"n8y","odds":[1748453034,"10",0.73,-0.25,null,true],"name":"Águilas"},`, 50_000) + `{}]`
	var indented bytes.Buffer
	if err := json.Indent(&indented, []byte(compact), "        ", "  "); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct{ name, text string }{
		{"indented", indented.String()},
		{"compact", compact},
		{"strings", `[` + strings.Repeat(`"The quick brown fox jumps over the lazy dog, and again.",`, 70_000) + `""]`},
		{"numbers", `[` + strings.Repeat(`1748453034,0.73,-12.5,4,`, 170_000) + `0]`},
		{"nested", strings.Repeat(strings.Repeat("[", 1000)+strings.Repeat("]", 1000)+"\n", 2000)},
	} {
		b.Run(c.name, func(b *testing.B) {
			out, text := make([]byte, 0, 8<<20), []byte(c.text)
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				s := NewBytes(text, Options{})
				for {
					if _, err := s.Value(out[:0]); err != nil {
						break
					}
				}
			}
		})
	}
}
