package jsondiff

import (
	"bytes"
	"strconv"
)

// EqualNumbers reports whether two tokens are numbers of the same value: 1.0 equals 1, 1e2 equals
// 100, and -0 equals 0. A number whose exponent does not fit 32 bits equals none.
func EqualNumbers(a, b []byte) bool {
	x, ok := decimalOf(a)
	y, both := decimalOf(b)
	return ok && both && x.negative == y.negative && x.exponent == y.exponent && bytes.Equal(x.digits, y.digits)
}

// A decimal is digits × 10^exponent. The digits neither begin nor end with a zero; 0 has none, and
// neither sign nor exponent.
type decimal struct {
	negative bool
	digits   []byte
	exponent int64
}

// decimalOf returns the value of a token; ok is false if that is no number of JSON.
func decimalOf(token []byte) (d decimal, ok bool) {
	mantissa, exponent := token, int64(0)
	if at := bytes.IndexAny(token, "eE"); at >= 0 {
		n, err := strconv.ParseInt(string(token[at+1:]), 10, 32)
		if err != nil {
			return d, false
		}
		mantissa, exponent = token[:at], n
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
	return decimal{negative, significant, exponent - int64(len(fraction)) + int64(len(digits)-len(significant))}, true
}
