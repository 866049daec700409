package migrate

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
)

// What origin/ keeps of the white space is bounded by the white space of the source, however
// irregular that is: a place costs its text, and two bytes that say where and how long it is;
// a record costs a few bytes that say which it is.
func TestSpaceSize(t *testing.T) {
	rnd := seeded(t)
	p := newPlace(t)
	largest := 0.0
	for _, stray := range []int{1, 2, 3, 30} {
		for range testutil.Rounds(2, 30) {
			c := newChance(rand.New(rand.NewPCG(rnd.Uint64(), 0)))
			c.stray = stray
			records := 0
			c.out.WriteString("[")
			for ; c.out.Len() < 30_000; records++ {
				c.element(0, records, 0)
				c.value(c.inside(0, 0), 4)
			}
			c.out.WriteString("]")
			text := c.out.String()
			p.migrated(text, Options{learn: 3_000})
			info, err := os.Stat(filepath.Join(p.dir, filename.Origin, spaceName))
			testutil.NoError(t, err)
			white := len(text) - len(compactOf(text))
			largest = max(largest, float64(info.Size())/float64(white))
			const place, record, frame = 3, 3, 100 // a place has a byte of white space at least
			if info.Size() > int64(place*white+record*records+frame) {
				t.Errorf("1 stray of %d: %d bytes for %d of white space, %d records", stray, info.Size(), white, records)
			}
		}
	}
	t.Logf("at most %.2f of the white space", largest)
}

// The same for records without white space behind one that sets a style with it.
func TestSpaceSizeOfCompactRecords(t *testing.T) {
	const records = 10_000
	text := history(numbered(1, 1))
	text = text[:strings.LastIndexByte(text, '}')] // the object around
	text = text[:strings.LastIndexByte(text, ']')]
	text += strings.Repeat(","+numbered(2, 2)[0], records) + "]}"
	p := newPlace(t)
	p.migrated(text, Options{})
	info, err := os.Stat(filepath.Join(p.dir, filename.Origin, spaceName))
	testutil.NoError(t, err)
	t.Logf("%d bytes for %d records", info.Size(), records)
	if info.Size() > 3*records {
		t.Errorf("%d bytes for %d records", info.Size(), records)
	}
}
