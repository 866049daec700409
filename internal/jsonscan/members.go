package jsonscan

import "iter"

// A Member is a member of a compact object or an element of a compact array.
type Member struct {
	Name  []byte // with its quotes; nil in an array
	Value []byte
}

// Members yields the members of an object or the elements of an array in their order,
// and nothing for a scalar. value must be the compact value that a Scanner returned; the
// members are parts of it.
func Members(value []byte) iter.Seq[Member] {
	return func(yield func(Member) bool) {
		if len(value) < 2 || (value[0] != '{' && value[0] != '[') {
			return
		}
		// value[i] begins a member; i++ steps over the comma after it.
		for i := 1; i < len(value)-1; i++ {
			var m Member
			if value[0] == '{' {
				end := skipString(value, i)
				m.Name = value[i:end]
				i = end + 1
			}
			end := SkipValue(value, i)
			m.Value = value[i:end]
			if !yield(m) {
				return
			}
			i = end
		}
	}
}

// SkipValue returns the end of the compact value that begins at b[i]; len(b) if it does
// not end.
func SkipValue(b []byte, i int) int {
	switch {
	case i >= len(b):
		return i
	case b[i] == '"':
		return skipString(b, i)
	case b[i] != '{' && b[i] != '[':
		for i < len(b) && b[i] != ',' && b[i] != '}' && b[i] != ']' && b[i] > ' ' {
			i++
		}
		return i
	}
	return skipNested(b, i+1, 1)
}

// skipString returns the end of the string whose opening quote is b[i], or
// len(b) if it does not end.
func skipString(b []byte, i int) int {
	// skipPlain also stops at characters beyond ASCII: i++ steps over them.
	for i++; i < len(b); i++ {
		i = skipPlain(b, i)
		switch {
		case i >= len(b):
			return len(b)
		case b[i] == '"':
			return i + 1
		case b[i] == '\\': // and the byte it escapes
			i++
		}
	}
	return len(b)
}
