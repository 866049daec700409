package jsondiff

import (
	"math/big"
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
	for _, other := range []string{`"1"`, "null", "NaN", "-Infinity", "Infinity", "true", "{}", "[1]", "1e99999999999"} {
		if EqualNumbers([]byte(other), []byte(other)) || EqualNumbers([]byte(other), []byte("1")) {
			t.Errorf("%s is a number", other)
		}
	}
}
