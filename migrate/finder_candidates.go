package migrate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/histlog/histlog/internal/jsonscan"
)

// historyPointer leads to the array that the pipeline keeps its records in.
const historyPointer = "/" + historyName

// A kind says what the values are that a candidate takes for records.
type kind uint8

const (
	objectsKind kind = iota // elements of arrays, objects for the most part
	rowsKind                // elements of arrays, each an array of scalars
	scalarsKind             // elements of the root array or of "history" that are neither objects nor rows
	emptyKind               // elements of arrays that have none
	keyedKind               // members of objects
)

// A candidate is a place in a source whose values may be the records.
type candidate struct {
	at      string // pattern for Options.Records
	count   uint64 // of the records
	bytes   int64  // of the arrays or objects that hold them
	rest    int64  // bytes of the values beside the place, at all levels above it
	largest int64  // bytes of the largest record
	kind    kind
	dates   bool // the keys of the members are dates
	timed   bool // the records carry a time of their own
	wrapped bool // it lies in an array of a single element
	mixed   bool // its pattern leads to other values, too
	listed  bool // it is never taken, only named beside other candidates
	folder  bool // its records look like mere folders of the records of another candidate
}

// depth returns how many tokens lead to the candidate.
func (c candidate) depth() int { return strings.Count(c.at, "/") }

// A collector finds the candidates among the places of a source. Only outermost ones count,
// as an array in a record is a part of it; see addRecords for the exception.
type collector struct {
	found   []candidate
	empty   []candidate // arrays without elements
	columns *columns    // the largest table by columns; nil means none
	wrapped bool        // what is collected now lies in an array of a single element
	mixed   bool        // there are other values beside what is collected now, which its pattern leads to
}

// candidates returns the candidates for the records in the source, the largest first, and
// the arrays that are empty.
func (s *survey) candidates() *collector {
	c := new(collector)
	c.add(s.root, "", 0)
	c.sort()
	return c
}

// sort puts the most probable candidate first: the largest, but folders last.
func (c *collector) sort() {
	slices.SortStableFunc(c.found, func(a, b candidate) int {
		switch {
		case a.folder == b.folder:
			return cmp.Compare(b.bytes, a.bytes)
		case a.folder:
			return 1
		}
		return -1
	})
}

// add collects the candidates at v and below it. rest is the length of the values beside v.
func (c *collector) add(v *node, at string, rest int64) {
	if v.arrays > 0 {
		c.addArrays(v, at, rest)
	}
	if v.objects > 0 && !v.plain && v.pure() {
		c.addObjects(v, at, rest)
	}
}

// addArrays collects the candidates in the arrays at v.
func (c *collector) addArrays(v *node, at string, rest int64) {
	e := v.elements
	switch {
	case e == nil && v.longest > 0: // there was no room for a node
	case e == nil:
		c.empty = append(c.empty, candidate{at: at, count: v.taken(at), bytes: v.bytes, kind: emptyKind})
	case v.holdsObjects():
		c.addRecords(candidate{at: at, count: v.taken(at), bytes: v.bytes, rest: rest, kind: objectsKind, timed: e.timed()}, v, e)
	case 2*e.arrays > e.values && e.holdsScalars():
		c.append(candidate{at: at, count: v.taken(at), bytes: v.bytes, rest: rest, largest: e.largest, kind: rowsKind, timed: e.timed()})
	case 2*e.arrays > e.values && v.pure():
		c.addElements(v, e, at, rest)
	case at == historyPointer || at == "":
		c.append(candidate{at: at, count: v.taken(at), bytes: v.bytes, rest: rest, largest: e.largest, kind: scalarsKind})
	}
}

// taken returns the number of records that a pattern takes from the values at v, to which it
// leads: the elements of arrays, and, after a star, all other values.
func (v *node) taken(at string) (n uint64) {
	if v.elements != nil {
		n = v.elements.values
	}
	if strings.HasSuffix(at, anyToken) {
		n += v.values - v.arrays
	}
	return n
}

// pure reports false if both arrays and objects are at v. A token of a pattern would lead
// into both.
func (v *node) pure() bool { return v.arrays == 0 || v.objects == 0 }

// addElements collects the candidates in e, the elements of the arrays at v. An index is
// used where there is just one element.
func (c *collector) addElements(v, e *node, at string, rest int64) {
	if v.arrays > 1 || e.values > 1 {
		c.add(e, at+anyToken, rest)
		return
	}
	before := c.wrapped
	c.wrapped = true
	c.add(e, at+"/0", rest)
	c.wrapped = before
}

func (c *collector) append(found candidate) {
	found.wrapped, found.mixed = c.wrapped, c.mixed
	c.found = append(c.found, found)
}

// addRecords collects outer, a candidate with the values e in the containers at v, or what
// is meant in its place. An array in a record is a part of the record, unless the outer
// values look like mere folders of records: they have no time of their own, half of their
// bytes lie in one candidate inside them, and it has
//
//   - four times as many values, with times: these are the records;
//   - ten times as many values, without times: either may be meant;
//   - any number of values, in an outer array with a single one: the user must choose.
func (c *collector) addRecords(outer candidate, v, e *node) {
	outer.largest = e.largest
	if outer.timed || outer.dates || e.plain || !v.pure() {
		c.append(outer)
		return
	}
	inner := collector{wrapped: c.wrapped, mixed: c.mixed}
	if outer.kind == keyedKind {
		inner.add(e, outer.at, outer.rest)
	} else {
		inner.addElements(v, e, outer.at, outer.rest)
	}
	inner.sort()
	if len(inner.found) == 0 || inner.found[0].bytes < e.bytes/2 {
		c.append(outer)
		return
	}
	best := inner.found[0]
	switch {
	case e.values == 1 || best.timed && best.count >= 4*e.values:
		outer.listed, outer.folder = true, true
	case best.timed || best.count < 10*e.values:
		c.append(outer)
		return
	}
	c.append(outer)
	c.found = append(c.found, best)
}

// addObjects collects the candidates in the objects at v: their members, or what is below
// one of them.
func (c *collector) addObjects(v *node, at string, rest int64) {
	if t := columnsAt(v, at); t != nil {
		if c.columns == nil || t.bytes > c.columns.bytes {
			c.columns = t
		}
		return
	}
	if c.addKeyed(v, at, rest) {
		return
	}
	for _, m := range v.members {
		c.add(m, at+m.token(), rest+v.inside-m.bytes)
	}
	if v.folded == nil || v.dropped {
		return
	}
	if all := v.merged(); all.pure() { // the pattern leads to all members
		before := c.mixed
		c.mixed = c.mixed || len(v.members) > 0
		c.add(all, at+anyToken, rest)
		c.mixed = before
	}
}

// addKeyed collects the members of the objects at v as candidates if their names are keys.
// It reports whether nothing else in these objects is a candidate.
func (c *collector) addKeyed(v *node, at string, rest int64) bool {
	if !v.keyed() {
		return false
	}
	all := v.merged()
	found := candidate{at: at + anyToken, count: all.taken(at + anyToken), bytes: v.bytes, rest: rest, kind: keyedKind, dates: v.keys.dates(), timed: all.timed()}
	switch {
	case all.arrays == all.values && all.elements != nil:
		found.largest, found.timed = all.elements.largest, all.elements.timed()
		// Two arrays of an object are two arrays, unless dates make one history of them.
		found.listed = !found.dates
		c.append(found)
		return found.dates
	case !found.dates && all.objects == all.values && all.keyed():
		return c.addKeyed(all, found.at, rest)
	}
	c.addRecords(found, v, all)
	return true
}

// keyed reports whether the names of the members of the objects at v are keys of records,
// not what a record calls its parts: there are two or more, and they are dates; or each
// member is an object, or an array of objects, and they are alike. Of several objects, the
// names must also differ from one to the other, or be numbers.
func (v *node) keyed() bool {
	names := v.names()
	if names < 2 || v.dropped {
		return false
	}
	if v.keys.dates() {
		return true
	}
	all := v.merged()
	switch {
	case all.values == 0, all.objects != all.values && !(all.arrays == all.values && all.holdsObjects()):
		return false
	case v.values > 1 && v.folded == nil && !v.keys.numbers() && 2*all.values > names*v.values:
		return false
	}
	return v.alike()
}

// alike reports whether the members of the objects at v have most of their own names in
// common. A name counts once for each member that has it, itself or in its elements.
func (v *node) alike() bool {
	if v.folded != nil { // so many are not parts of a record
		return true
	}
	members := make(map[string]int) // by name, the number of members that have it
	for _, m := range v.members {
		if m.elements != nil {
			m = m.elements
		}
		for _, part := range m.members {
			members[part.name]++
		}
		if m.folded != nil {
			members[anyToken]++
		}
	}
	shared, all := 0, 0
	for _, n := range members {
		if all += n; n > 1 {
			shared += n
		}
	}
	return shared > 0 && 2*shared >= all
}

// pointer returns the candidate's place for a pass. A name "*" is not a star of a pattern.
func (c candidate) pointer() *jsonscan.Pointer {
	parse := jsonscan.ParsePointer
	if c.kind == keyedKind || strings.Contains(c.at, anyToken) {
		parse = jsonscan.ParsePattern
	}
	at, _ := parse(c.at) // built by PointerToken, so it parses
	return at
}
