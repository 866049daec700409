package seekable

import (
	"bytes"
	"errors"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
)

// FuzzTail gives the tails of files to their parsers, which must not believe in
// frames that are not there.
func FuzzTail(f *testing.F) {
	codecs := compressing()
	for _, codec := range codecs {
		var table Table
		table.Add(3, 5)
		table.Add(2, 9)
		file, err := table.AppendTail([]byte("12345"), codec)
		testutil.NoError(f, err)
		f.Add(file, uint8(codec))
		f.Add(file[5:], uint8(codec))
		f.Add(file[6:], uint8(codec))
	}
	f.Fuzz(func(t *testing.T, b []byte, codec uint8) {
		c := codecs[int(codec)%len(codecs)]
		table, err := ReadTable(bytes.NewReader(b), int64(len(b)), c)
		if err != nil {
			if !errors.Is(err, ErrNoTable) {
				t.Fatal(err)
			}
			return
		}
		end := int64(0)
		for _, x := range table.Frames {
			if x.Offset != end || x.Size < 0 || x.Length < 0 {
				t.Fatalf("%+v", table)
			}
			end += x.Size
		}
		if end > table.sumAt || table.sumAt+4 > int64(len(b)) {
			t.Fatalf("%d bytes of frames, checksum at %d of %d", end, table.sumAt, len(b))
		}
	})
}
