package jsondiff

import (
	"iter"
	"slices"

	"github.com/histlog/histlog/internal/jsonscan"
)

// A skipper finds the ends of values. A comparison reads a container once for each one that encloses it. So
// that this does not take long in a deeply nested value, the ends of large containers are found once.
type skipper struct {
	text         []byte // the root: all values must be parts of it
	starts, ends []int  // of the containers in text of at least minSkipped bytes, in the order of starts
}

const minSkipped = 256

func newSkipper(text []byte) *skipper {
	s := &skipper{text: text}
	var open []int // the indexes in starts of the containers that enclose text[i]
	for i := 0; i < len(text); {
		switch text[i] {
		case '"':
			i = jsonscan.SkipValue(text, i)
			continue
		case '{', '[':
			open = append(open, len(s.starts))
			s.starts, s.ends = append(s.starts, i), append(s.ends, 0)
		case '}', ']':
			n := open[len(open)-1]
			open = open[:len(open)-1]
			if s.ends[n] = i + 1; i+1-s.starts[n] < minSkipped {
				s.starts, s.ends = s.starts[:n], s.ends[:n] // those inside were as small
			}
		}
		i++
	}
	return s
}

// end returns the end of the value that begins at in[i].
func (s *skipper) end(in []byte, i int) int {
	if in[i] == '{' || in[i] == '[' {
		before := cap(s.text) - cap(in) // bytes of text before in, which is a part of it
		if n, found := slices.BinarySearch(s.starts, before+i); found {
			return s.ends[n] - before
		}
	}
	return jsonscan.SkipValue(in, i)
}

// members yields the members of an object.
func (s *skipper) members(object []byte) iter.Seq[jsonscan.Member] {
	return func(yield func(jsonscan.Member) bool) {
		for i := 1; i < len(object)-1; i++ { // i++ steps over a comma
			colon := jsonscan.SkipValue(object, i)
			end := s.end(object, colon+1)
			if !yield(jsonscan.Member{Name: object[i:colon], Value: object[colon+1 : end]}) {
				return
			}
			i = end
		}
	}
}
