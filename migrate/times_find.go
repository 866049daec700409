package migrate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/recordtime"
	"github.com/histlog/histlog/segment"
)

// How the member with the records' times is found if the settings do not name it:
//
//   - It is a scalar that is a plausible time in each record of the sample that has it, and
//     its name is one of times_names.go. null and "" do not count as values.
//   - It is the default of the setting if that member has a time in any record of the sample.
//   - If there is no such member, one whose first value could be read with a format is taken, so
//     that the formats can be named.
//   - Of several members, one that at least half of the sample has is preferred to one that fewer
//     records have, then a member of the record to a member of an object in it, then the name
//     of the lower timeRank, then the earlier member.
//   - Of an array, such as a row of a table, it is the first element.
//   - Of a record that is wrapped in objects with its keys, the value inside them is the
//     record. A key is taken like a member with the name of an event's time: {"2025-05-01":{}}
//     has its time in the key, unless the value has a member time, for example.

// maxTimeNames is the maximum number of names that are read in one record, and
// maxTimeCandidates of the members that are considered: a record may be an object with
// thousands of dates for names.
const (
	maxTimeNames      = 4096
	maxTimeCandidates = 64
)

// longestTimeName is the maximum length of a name that is read, with its quotes and escapes:
// the pointer becomes a setting.
const longestTimeName = 256

// mongoNames are the names of the only member of an object that MongoDB's extended JSON writes
// for a time, {"$date": …} or {"$date": {"$numberLong": …}}. The name of the object is the
// time's name.
var mongoNames = []string{"$date", "$numberLong"}

// keyRank is the rank of a key: after the names of one word.
var keyRank = timeRank{compound: 1, word: -1}

// A timeCandidate is a member that may have the times of the records.
type timeCandidate struct {
	path    string // JSON pointer
	depth   int    // tokens of path below the record's keys
	rank    timeRank
	records int    // of the sample, those that have it
	times   int    // of these, those with a plausible time
	first   []byte // the value in the first of them
}

// A timeFinder compares the members of a sample.
type timeFinder struct {
	time  timeField // only its zone and its format matter
	above string    // pointer to the value inside the objects that the records are wrapped in
	names int       // number of names read in the current record
	all   []*timeCandidate
}

// findTimeField returns the pointer to the member with the times of the records, some
// compact values that are wrapped in as many objects as wrapped says; "" if none is found.
// The settings say how times are read, and which member is taken wherever it has one.
func findTimeField(records [][]byte, wrapped int, s segment.Settings) string {
	above := strings.Repeat("/*", wrapped)
	first := &timeCandidate{path: above + s.Get(timeFieldKey), depth: 1}
	f := timeFinder{time: newTimeField(s), above: above, all: []*timeCandidate{first}}
	for _, r := range records {
		if !isWrapped(r, wrapped) { // below a star that matches an array elsewhere
			continue
		}
		keys, value := unwrap(r, wrapped, nil)
		for i := len(keys); i > 0; i-- { // the innermost key first
			f.consider(strings.Repeat("/*", i)[1:], 1, keyRank, keys[i-1])
		}
		f.record(value)
	}
	if first.times > 0 {
		return first.path
	}
	rare := func(c *timeCandidate) int {
		if 2*c.records < len(records) {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(f.all, func(a, b *timeCandidate) int {
		return cmp.Or(cmp.Compare(rare(a), rare(b)), cmp.Compare(a.depth, b.depth), a.rank.compare(b.rank))
	})
	for _, c := range f.all {
		if c.times > 0 && c.times == c.records {
			return c.path
		}
	}
	for _, c := range f.all {
		if f.auto() && c.times == 0 && recordtime.Suggest(c.first) != nil {
			return c.path
		}
	}
	return ""
}

// record considers the members of a record.
func (f *timeFinder) record(record []byte) {
	f.names = 0
	if record[0] == '[' {
		for m := range jsonscan.Members(record) {
			f.consider(f.above+"/0", 1, timeRank{}, m.Value)
			return
		}
	}
	for m := range jsonscan.Members(record) {
		name, ok := f.name(m)
		if !ok {
			continue
		}
		path := f.above + jsonscan.PointerToken(name)
		rank, named := timeRankOf(name)
		if named {
			f.consider(path, 1, rank, m.Value)
		}
		if m.Value[0] == '{' {
			f.object(m.Value, path, 2, rank, named)
		}
	}
}

// object considers the members of an object in a record. A pointer to them has depth
// tokens. named says that the name of the object is that of a time, with the rank.
func (f *timeFinder) object(value []byte, path string, depth int, rank timeRank, named bool) {
	for m := range jsonscan.Members(value) {
		name, ok := f.name(m)
		if !ok {
			continue
		}
		path := path + jsonscan.PointerToken(name)
		own, ok := timeRankOf(name)
		if slices.Contains(mongoNames, name) {
			if own, ok = rank, named; m.Value[0] == '{' && depth == 2 {
				f.object(m.Value, path, depth+1, rank, named)
			}
		}
		if ok {
			f.consider(path, depth, own, m.Value)
		}
	}
}

// name returns the name of a member; ok is false if it can't be in a pointer to the time, or
// if the record has too many members.
func (f *timeFinder) name(m jsonscan.Member) (name string, ok bool) {
	if f.names++; f.names > maxTimeNames || len(m.Name) > longestTimeName {
		return "", false
	}
	name = jsonscan.Unquote(m.Name)
	return name, name != "*" // which would mean any member
}

// consider counts the value that a record has at path.
func (f *timeFinder) consider(path string, depth int, rank timeRank, value []byte) {
	if value[0] == '{' || value[0] == '[' || string(value) == "null" || string(value) == `""` {
		return
	}
	i := slices.IndexFunc(f.all, func(c *timeCandidate) bool { return c.path == path })
	if i < 0 {
		if len(f.all) == maxTimeCandidates {
			return
		}
		i, f.all = len(f.all), append(f.all, &timeCandidate{path: path, depth: depth, rank: rank})
	}
	c := f.all[i]
	if c.records++; c.records == 1 {
		c.first = value
	}
	if f.time.is(value) || f.isDate(value) {
		c.times++
	}
}

// isDate reports whether a value is a date in numbers that has an order of day and month.
// Which order the dates of the source have is decided later.
func (f *timeFinder) isDate(value []byte) bool {
	d, numeric := recordtime.DateOrders(value)
	return numeric && f.auto() && (d.Open || d.Only != recordtime.Undecided)
}

// auto reports whether times may have any form.
func (f *timeFinder) auto() bool { return f.time.times.Format == nil }
