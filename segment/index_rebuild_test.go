package segment

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/testutil"
)

// numbered is what rebuiltEntries does, of all entries at once.
func numbered(made []Entry, from, to Offset, wanted uint64) []Entry {
	if uint64(to-from)/uint64(len(blankPlace)) < wanted {
		return made
	}
	lost := func(like Entry, end Offset) Entry {
		return Entry{End: end, Time: like.Arrived, Arrived: like.Arrived, Flags: ClockTime | Rebuilt | Lost}
	}
	places := int(wanted)
	if n := len(made); n < places && n > 0 && made[n-1].End < to {
		made = append(made, lost(made[n-1], to))
	}
	if len(made) == places {
		return made
	}
	bad := func(e Entry) bool { return e.Flags&Lost != 0 }
	first := slices.IndexFunc(made, bad)
	if first < 0 {
		return made[:min(len(made), places)]
	}
	last := len(made) - 1
	for !bad(made[last]) {
		last--
	}
	behind := made[last+1:]
	start, end, between := from, made[last].End, places-first-len(behind)
	if between < 1 {
		behind = behind[max(0, len(behind)-places):]
		return append(made[:places-len(behind):places-len(behind)], behind...)
	}
	if first > 0 {
		start = made[first-1].End
	}
	var shared []Entry
	for i := range between - 1 {
		shared = append(shared, lost(made[first], min(end, start+Offset((i+1)*len(blankPlace)))))
	}
	shared = append(shared, lost(made[first], end))
	return slices.Replace(made, first, last+1, shared...)
}

// TestMadeEntries compares entries that are made when they are asked for with those
// of the whole text, wherever line ends were destroyed or made.
func TestMadeEntries(t *testing.T) {
	marker := newMarker(Settings{}, time.Unix(0, 0))
	rows := 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(7, seed))
		var b []byte
		records := 1 + r.IntN(40)
		if seed%20 == 0 {
			records = 3000 // more than one mark
		}
		for n := range records {
			b = append(b, fmt.Sprintf("{\"n\":%d}\n", n)...)
		}
		for range r.IntN(4) {
			if at := r.IntN(len(b)); b[at] == '\n' || r.IntN(2) == 0 {
				b[at] = 'x'
			} else {
				b[at] = '\n'
			}
		}
		from := Offset(0)
		if i := bytes.IndexByte(b, '\n'); r.IntN(3) == 0 && i >= 0 {
			from = Offset(i + 1)
		}
		wanted := uint64(max(0, records+r.IntN(5)-2))
		size := Offset(len(b))
		arrived := time.Unix(1000, 0)
		var all []Entry
		x := indexer{marker: &marker}
		_, err := eachLine(bytes.NewReader(b), from, size, 0, func(l line) error {
			e, _, err := x.entry(1+Sequence(len(all)), l, arrived)
			all = append(all, e)
			return err
		})
		testutil.NoError(t, err)
		want := numbered(all, from, size, wanted)
		reader := &Reader{marker: marker, text: memoryText{bytes.NewReader(b)}, size: size}
		m := &rebuiltEntries{first: 1, from: from, to: size, arrived: arrived}
		testutil.NoError(t, m.scan(reader))
		m.number(wanted)
		if m.count() != uint64(len(want)) {
			t.Fatalf("seed %d: %d entries, want %d", seed, m.count(), len(want))
		}
		for range min(2*len(want), 100) {
			k := uint64(r.IntN(len(want)))
			e, err := m.entry(reader, k)
			testutil.NoError(t, err)
			if e != want[k] {
				t.Fatalf("seed %d: entry %d is %+v, want %+v", seed, k, e, want[k])
			}
			rows++
		}
		if lost := slices.ContainsFunc(want, func(e Entry) bool { return e.Flags&Lost != 0 }); m.lost() != lost {
			t.Fatalf("seed %d: lost %v, want %v", seed, m.lost(), lost)
		}
	}
	t.Logf("%d entries", rows)
}

// memoryText is a text in memory.
type memoryText struct{ *bytes.Reader }

func (m memoryText) size(Offset) (Offset, error)   { return Offset(m.Size()), nil }
func (memoryText) mismatch() string                { return "" }
func (memoryText) checkContainer() (string, error) { return "", nil }
func (memoryText) Close() error                    { return nil }
