package jsonscan

import (
	"bytes"
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
