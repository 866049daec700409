package migrate

import (
	"cmp"
	"slices"

	"github.com/histlog/histlog/internal/jsonscan"
)

// How the member with the records' times is found if the settings do not name it:
//
//   - It is a scalar that is a plausible time in each record of the sample that has it, and
//     its name is one of times_names.go. null and "" are no value.
//   - It is the default of the setting if that member has a time in any record of the sample.
//   - Otherwise a member that at least half of the sample has is preferred to one that fewer
//     records have, then a member of the record to a member of an object in it, then the name
//     of the lower timeRank, then the earlier member.
//   - Of an array, such as a row of a table, it is the first element.

// maxTimeNames is the maximum number of names that are read in one record, and
// maxTimeCandidates of the members that are considered: a record may be an object with
// thousands of dates for names.
const (
	maxTimeNames      = 4096
	maxTimeCandidates = 64
)

// mongoDate is the name of the only member of a time in MongoDB's extended JSON: the name of
// the object is the time's name.
const mongoDate = "$date"

// A timeCandidate is a member that may have the times of the records.
type timeCandidate struct {
	path    string // JSON pointer
	depth   int    // tokens of path
	rank    timeRank
	records int // of the sample, those that have it
	times   int // of these, those with a plausible time
}

// A timeFinder compares the members of a sample.
type timeFinder struct {
	time  timeField // only its zone matters
	names int       // number of names read in the current record
	all   []*timeCandidate
}

// findTimeField returns the pointer to the member with the times of the records, some
// compact values; "" if none is found. usual is the pointer to the member that is taken
// wherever it has a time.
func findTimeField(records [][]byte, usual string, time timeField) string {
	first := &timeCandidate{path: usual, depth: 1}
	f := timeFinder{time: time, all: []*timeCandidate{first}}
	for _, r := range records {
		f.record(r)
	}
	if first.times > 0 {
		return usual
	}
	timed := slices.DeleteFunc(f.all, func(c *timeCandidate) bool { return c.times == 0 || c.times < c.records })
	if len(timed) == 0 {
		return ""
	}
	rare := func(c *timeCandidate) int {
		if 2*c.records < len(records) {
			return 1
		}
		return 0
	}
	return slices.MinFunc(timed, func(a, b *timeCandidate) int { // the first of equal ones
		return cmp.Or(cmp.Compare(rare(a), rare(b)), cmp.Compare(a.depth, b.depth), a.rank.compare(b.rank))
	}).path
}

// record considers the members of a record.
func (f *timeFinder) record(record []byte) {
	f.names = 0
	if record[0] == '[' {
		for m := range jsonscan.Members(record) {
			f.consider("/0", 1, timeRank{}, m.Value)
			return
		}
	}
	for m := range jsonscan.Members(record) {
		name := jsonscan.Unquote(m.Name)
		path := jsonscan.PointerToken(name)
		rank, named := timeRankOf(name)
		if named {
			f.consider(path, 1, rank, m.Value)
		}
		if m.Value[0] == '{' {
			f.object(m.Value, path, rank, named)
		}
		if f.names++; f.names > maxTimeNames {
			return
		}
	}
}

// object considers the members of an object in a record. named says that its name is that of
// a time, with the rank.
func (f *timeFinder) object(value []byte, path string, rank timeRank, named bool) {
	for m := range jsonscan.Members(value) {
		name := jsonscan.Unquote(m.Name)
		own, ok := timeRankOf(name)
		if name == mongoDate {
			own, ok = rank, named
		}
		if ok {
			f.consider(path+jsonscan.PointerToken(name), 2, own, m.Value)
		}
		if f.names++; f.names > maxTimeNames {
			return
		}
	}
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
	f.all[i].records++
	if f.time.is(value) {
		f.all[i].times++
	}
}
