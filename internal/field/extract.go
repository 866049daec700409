package field

import (
	"strconv"
	"time"

	"github.com/histlog/histlog/internal/jsonscan"
)

// A Record is what values are taken from.
type Record struct {
	Text    []byte // compact JSON, as a log stores it
	Seq     uint64
	Time    time.Time // by the rules of the log; zero means absent
	Arrived time.Time // when it was appended; zero means absent
}

// An Extractor takes the values of fields from records. It reads a text once, with a star
// the object or array of the star twice, and allocates nothing for it, except for names with
// escapes. An Extractor is used by one goroutine.
type Extractor struct {
	fields []Field
	facts  []int // fields that are facts about the record
	tree   *node // of the pointers, those with a star only up to it
	match  *node // of what comes after the star; nil without a star
	keys   []int // fields that are the name or index of a match

	text   []byte
	left   int      // places of the tree that text[i:] may still fill; 0 ends the search
	search uint64   // number of the search, which marks the nodes that it has found
	values [][]byte // of fields; after them, with a star, the object or array whose matches are rows
	digits [][]byte // by field: the memory of values that are not in text
}

// NewExtractor returns an Extractor of fields, which Parse must have returned.
func NewExtractor(fields []Field) *Extractor {
	x := &Extractor{fields: fields, tree: newNode(""), values: make([][]byte, len(fields), len(fields)+1), digits: make([][]byte, len(fields))}
	for i, f := range fields {
		tree, path := x.tree, f.path
		switch {
		case f.kind == matched:
			x.keys = append(x.keys, i)
			continue
		case f.kind > matched:
			x.facts = append(x.facts, i)
			continue
		case f.star >= 0:
			tree, path = x.below(f.path[:f.star]), f.path[f.star+1:]
		}
		n := tree.at(path, i)
		if f.kind == counted {
			n.counts = append(n.counts, i)
		} else {
			n.values = append(n.values, i)
		}
	}
	x.tree.measure()
	if x.match != nil {
		x.match.measure()
	}
	return x
}

// below returns the tree of what comes after the star. path leads to the star.
func (x *Extractor) below(path []step) *node {
	if x.match == nil {
		x.match = newNode("")
		place := len(x.values)
		x.values = append(x.values, nil)
		n := x.tree.at(path, place)
		n.values = append(n.values, place)
	}
	return x.match
}

// Rows calls row for each row of a record, with the values of the fields in their order; nil
// means that there is none. The values are parts of rec.Text or memory of the Extractor,
// valid until row returns. An error of row ends Rows, which returns it.
//
// A text that is not compact JSON gives some values or none.
func (x *Extractor) Rows(rec Record, row func(values [][]byte) error) error {
	x.text = rec.Text
	clear(x.values)
	x.takeFacts(rec)
	x.find(x.tree, 0, x.tree.size)
	if x.match == nil {
		return row(x.values)
	}
	return x.eachMatch(row)
}

// takeFacts sets the values that are facts about the record.
func (x *Extractor) takeFacts(rec Record) {
	for _, i := range x.facts {
		to := x.digits[i][:0]
		switch x.fields[i].kind {
		case sequence:
			to = strconv.AppendUint(to, rec.Seq, 10)
		case ownTime:
			to = appendTime(to, rec.Time)
		case arrival:
			to = appendTime(to, rec.Arrived)
		case textSize:
			to = strconv.AppendInt(to, int64(len(rec.Text)), 10)
		}
		x.set(i, to)
	}
}

// appendTime appends a time as a JSON string, RFC 3339 in UTC; nothing if t is zero.
func appendTime(to []byte, t time.Time) []byte {
	if t.IsZero() {
		return to
	}
	return append(t.UTC().AppendFormat(append(to, '"'), time.RFC3339Nano), '"')
}

// set makes text, whose memory is digits[i], a value. An empty text is no value.
func (x *Extractor) set(i int, text []byte) {
	x.digits[i] = text
	if len(text) > 0 {
		x.values[i] = text
	}
}

// setNumber makes a number the value of fields.
func (x *Extractor) setNumber(fields []int, n int) {
	for _, i := range fields {
		x.set(i, strconv.AppendInt(x.digits[i][:0], int64(n), 10))
	}
}

// find searches the value at text[i] for the places of n and of the nodes below it, until it
// has found left of them, and returns where the search ended.
func (x *Extractor) find(n *node, i, left int) (end int) {
	x.search++
	if x.left = left; left == 0 { // no field needs the text
		return i
	}
	return x.value(n, i)
}

// value reads the value at text[i], to which the pointers of n lead, and returns its end. If
// nothing is left to be found, it returns the end of the text.
func (x *Extractor) value(n *node, i int) (end int) {
	left := x.left - n.size // also if the value has not all places below n
	switch inside := len(n.children) > 0 || len(n.counts) > 0; {
	case inside && i < len(x.text) && x.text[i] == '{':
		end = x.object(n, i+1)
	case inside && i < len(x.text) && x.text[i] == '[':
		end = x.array(n, i+1)
	default:
		end = jsonscan.SkipValue(x.text, i)
	}
	for _, v := range n.values {
		x.values[v] = x.text[i:end]
	}
	x.left = left
	return end
}

// object reads the members from text[i] to the end of their object, which it returns.
func (x *Extractor) object(n *node, i int) (end int) {
	count := 0
	for i < len(x.text) && x.text[i] != '}' {
		quoted, from := x.name(i)
		// Of members with the same name the first one counts.
		if c := n.member(quoted); c != nil && c.found != x.search {
			c.found = x.search
			if i = x.value(c, from); x.left == 0 {
				return len(x.text)
			}
		} else {
			i = jsonscan.SkipValue(x.text, from)
		}
		count++
		if i >= len(x.text) || x.text[i] != ',' {
			break
		}
		i++
	}
	x.setNumber(n.counts, count)
	return min(i+1, len(x.text))
}

// noName is the name of a member in a text that is not JSON.
var noName = []byte(`""`)

// name returns the name of the member at text[i], with its quotes, and where the value begins.
func (x *Extractor) name(i int) (quoted []byte, value int) {
	end := jsonscan.SkipValue(x.text, i)
	if quoted = x.text[i:end]; len(quoted) < len(noName) {
		quoted = noName
	}
	return quoted, min(end+1, len(x.text))
}

// array reads the elements from text[i] to the end of their array, which it returns.
func (x *Extractor) array(n *node, i int) (end int) {
	count := 0
	for i < len(x.text) && x.text[i] != ']' {
		// The elements after the last one that is asked for need not be told apart.
		if count > n.last && len(n.counts) == 0 {
			return jsonscan.SkipRest(x.text, i)
		}
		if c := n.element(count); c != nil {
			if i = x.value(c, i); x.left == 0 {
				return len(x.text)
			}
		} else {
			i = jsonscan.SkipValue(x.text, i)
		}
		count++
		if i >= len(x.text) || x.text[i] != ',' {
			break
		}
		i++
	}
	x.setNumber(n.counts, count)
	return min(i+1, len(x.text))
}
