package jsondiff

import (
	"math/big"
	"strings"
	"testing"
)

func TestEqualNumbers(t *testing.T) {
	numbers := []string{
		"0", "-0", "0.0", "0e9", "1", "1.0", "10e-1", "0.1E+1", "-1", "100", "1e2", "1E2", "100.00", "1000e-1", "0.1", "0.10", "0.100000000000000005",
		"12345678901234567890", "12345678901234567891", "1.2345678901234567890e19", "1e400", "10e399", "-1e400", "1e-400", "0.01e-398", "9007199254740993", "9007199254740992",
	}
	for _, a := range numbers {
		for _, b := range numbers {
			x, _ := new(big.Rat).SetString(a)
			y, _ := new(big.Rat).SetString(b)
			if got, want := EqualNumbers([]byte(a), []byte(b)), x.Cmp(y) == 0; got != want {
				t.Errorf("%s and %s: %v", a, b, got)
			}
		}
	}
	const huge, before = "9223372036854775807", "9223372036854775806" // math.MaxInt64
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"1e" + huge, "10e" + before, true}, {"1e-" + huge, "0.1e-" + before, true}, {"1e" + huge, "1e" + before, false},
		{"1e" + huge + "0", "1.0E+" + huge + "0", true}, {"1e" + huge + "0", "-1e" + huge + "0", false}, {"1e" + huge, "1e-" + huge, false},
		{"0", "0e" + huge + "9", true}, {"0.0e" + huge, "-0e-" + huge, true}, {"0", "0e" + strings.Repeat("9", 2000), true}, {"0", "1e-" + huge, false},
	} {
		if EqualNumbers([]byte(c.a), []byte(c.b)) != c.want || EqualNumbers([]byte(c.b), []byte(c.a)) != c.want {
			t.Errorf("%.40s and %.40s: want %v", c.a, c.b, c.want)
		}
	}
	for _, other := range []string{`"1"`, "null", "NaN", "-Infinity", "Infinity", "true", "{}", "[1]", "1e" + strings.Repeat("9", 2000)} {
		if EqualNumbers([]byte(other), []byte(other)) || EqualNumbers([]byte(other), []byte("1")) {
			t.Errorf("%s is a number", other)
		}
	}
}
