package jsondiff

import (
	"bytes"
	"math/big"
)

// EqualNumbers reports whether two tokens are numbers of the same value: 1.0 equals 1, 1e2 equals
// 100, and -0 equals 0. A number whose exponent has more than 1000 digits equals no other,
// unless both are 0.
func EqualNumbers(a, b []byte) bool {
	x, ok := decimalOf(a)
	y, both := decimalOf(b)
	if !ok || !both {
		return false
	}
	if len(x.digits)+len(y.digits) == 0 {
		return true
	}
	return len(x.digits) > 0 && len(y.digits) > 0 && x.negative == y.negative && x.exponent.Cmp(y.exponent) == 0 && bytes.Equal(x.digits, y.digits)
}

// A decimal is digits × 10^exponent. The digits neither begin nor end with a zero; 0 has none, and
// then the rest is undefined.
type decimal struct {
	negative bool
	digits   []byte
	exponent *big.Int
}

// decimalOf returns the value of a token; ok is false if that is no number of JSON.
func decimalOf(token []byte) (d decimal, ok bool) {
	mantissa, exponent := token, "0"
	if at := bytes.IndexAny(token, "eE"); at >= 0 {
		mantissa, exponent = token[:at], string(token[at+1:])
	}
	mantissa, negative := bytes.CutPrefix(mantissa, []byte("-"))
	whole, fraction, _ := bytes.Cut(mantissa, []byte("."))
	digits := bytes.TrimLeft(append(bytes.Clone(whole), fraction...), "0")
	if len(mantissa) == 0 || len(bytes.Trim(digits, "0123456789")) > 0 {
		return d, false
	}
	significant := bytes.TrimRight(digits, "0")
	if len(significant) == 0 {
		return d, true
	}
	const maxDigits = 1000 // the time to parse more could grow with their square
	power, isNumber := new(big.Int).SetString(exponent[:min(len(exponent), maxDigits+1)], 10)
	if !isNumber || len(exponent) > maxDigits {
		return d, false
	}
	shift := len(digits) - len(significant) - len(fraction)
	return decimal{negative, significant, power.Add(power, big.NewInt(int64(shift)))}, true
}
