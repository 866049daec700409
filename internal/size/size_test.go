package size

import "testing"

func TestText(t *testing.T) {
	for n, want := range map[uint64]string{0: "0B", 999: "999B", 1000: "1.00KB", 395_400: "395KB", 1_480_000_000: "1.48GB", 1<<64 - 1: "18.4EB"} {
		if got := Text(n); got != want {
			t.Errorf("Text(%d) = %s, want %s", n, got, want)
		}
	}
}
