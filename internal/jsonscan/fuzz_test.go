package jsonscan

import (
	"bytes"
	"encoding/json"
	"testing"
	"testing/iotest"
)

// FuzzOracles compares verdict and compact bytes with two other libraries.
func FuzzOracles(f *testing.F) {
	for _, text := range corpus {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) { checkAgainstOracles(t, text) })
}

// FuzzWindows compares a text read in one chunk with the same text read byte by byte: the
// ends of chunks must change neither bytes nor error nor captured value.
func FuzzWindows(f *testing.F) {
	for _, text := range corpus {
		f.Add([]byte(text), uint8(3), uint8(1))
	}
	var pointers []*Pointer
	for _, text := range []string{"/a/1", "/*/*", "*/*"} {
		p, _ := ParseCapture(text)
		pointers = append(pointers, p)
	}
	f.Fuzz(func(t *testing.T, text []byte, nonFinite, invalidUTF8 uint8) {
		p := pointers[int(nonFinite)/4%len(pointers)]
		o := Options{NonFinite: NonFinite(nonFinite % 4), InvalidUTF8: InvalidUTF8(invalidUTF8 % 2), Capture: p}
		whole := NewBytes(text, o)
		split := NewReader(iotest.OneByteReader(bytes.NewReader(text)), o)
		for {
			a, errA := whole.Value(nil)
			b, errB := split.Value(nil)
			if !bytes.Equal(a, b) {
				t.Fatalf("%q: %q in one, %q byte by byte", text, a, b)
			}
			if (errA == nil) != (errB == nil) || (errA != nil && errA.Error() != errB.Error()) {
				t.Fatalf("%q: %v in one, %v byte by byte", text, errA, errB)
			}
			if errA != nil {
				return
			}
			if x, y := whole.Captured(a), split.Captured(b); !bytes.Equal(x, y) {
				t.Fatalf("%q: captured %q in one, %q byte by byte", text, x, y)
			}
		}
	})
}

// FuzzSkip compares the end of a value, found eight bytes at a time, with the end that
// encoding/json finds, and in text that is not JSON with the end found byte by byte.
func FuzzSkip(f *testing.F) {
	for _, text := range corpus {
		f.Add([]byte(text))
	}
	f.Add([]byte(`{"a":"[{]}","b\"}":[{"c":"\\"},"éééé}",[[[]]]],"y_Y":[-1.5e3,true]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		n := nesting{depth: 1}
		if want, got := min(n.bytes(text, 0, len(text)), len(text)), SkipRest(text, 0); got != want {
			t.Errorf("%q: the rest ends at %d, byte by byte at %d", text, got, want)
		}
		var compact bytes.Buffer
		if json.Compact(&compact, text) != nil {
			return
		}
		end := compact.Len()
		compact.WriteString(`,{"after":"}]"}]}`)
		if got := SkipValue(compact.Bytes(), 0); got != end {
			t.Errorf("%q ends at %d, want %d", compact.Bytes(), got, end)
		}
	})
}
