package size

import "testing"

func TestText(t *testing.T) {
	for n, want := range map[uint64]string{0: "0B", 999: "999B", 1000: "1.00KB", 395_400: "395KB", 1_480_000_000: "1.48GB", 1<<64 - 1: "18.4EB"} {
		if got := Text(n); got != want {
			t.Errorf("Text(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1": 1, "67108864": 67108864, "64M": 67108864, "64MiB": 67108864, "64MB": 64000000,
		"1K": 1024, "1KiB": 1024, "1KB": 1000, "1G": 1 << 30, "1GiB": 1 << 30, "1GB": 1000000000, "2T": 2 << 40, " 64M ": 67108864,
	} {
		if got, err := Parse(text); err != nil || got != want {
			t.Errorf("Parse(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", " ", "M", "-1", "-64M", "64X", "M64", "64 apples", "0x40", "1e6", "NaN", "99999999999999999999", "99999999999G", "9223372036854775807M"} {
		if got, err := Parse(text); err == nil {
			t.Errorf("Parse(%q) = %d", text, got)
		}
	}
}
