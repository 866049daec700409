package plot

import (
	"encoding/json"
	"math"
	"strconv"
)

// A kind says what a value is.
type kind string

// The kinds. The number of a kind is drawn; all others are gaps.
const (
	number    kind = "numbers"
	absent    kind = "absent"
	null      kind = "null"
	text      kind = "string"
	object    kind = "object"
	array     kind = "array"
	notFinite kind = "not finite"
	tooLarge  kind = "too large to draw"
)

// parse returns the number that a compact JSON value is drawn as. A boolean is 0 or 1, and
// a string is a number if all of it is one, because many programs write decimals as
// strings. If kind is not number, v is NaN. nil means that there is no value.
func parse(value []byte) (v float64, k kind) {
	nan := math.NaN()
	if len(value) == 0 {
		return nan, absent
	}
	switch c := value[0]; {
	case c == '{':
		return nan, object
	case c == '[':
		return nan, array
	case c == 'n':
		return nan, null
	case c == 't':
		return 1, number
	case c == 'f':
		return 0, number
	case c == '"':
		if value = value[1 : len(value)-1]; !isNumber(value) {
			return nan, text
		}
	case !isNumber(value): // NaN, Infinity or -Infinity
		return nan, notFinite
	}
	v, err := strconv.ParseFloat(string(value), 64)
	if err != nil {
		return nan, tooLarge
	}
	return v, number
}

// isNumber reports whether text is a number of JSON.
func isNumber(text []byte) bool {
	return len(text) > 0 && (text[0] == '-' || '0' <= text[0] && text[0] <= '9') && text[len(text)-1] > ' ' && json.Valid(text)
}
