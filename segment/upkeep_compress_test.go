package segment

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/histlog/histlog/internal/seekable"
	"github.com/histlog/histlog/internal/testutil"
)

// codecs are those that compress.
var codecs = seekable.Codecs()[Plain+1:]

// compressAll compresses the sealed segments of a log.
func compressAll(t testing.TB, dir string, codec Codec) {
	t.Helper()
	for _, s := range openLog(t, dir).Segments {
		if !s.Sealed {
			continue
		}
		c, err := Compress(t.Context(), dir, s.Base, codec, Options{})
		testutil.NoError(t, err)
		if c.Segment != fileName(s.Base, codec) || c.Records != uint64(s.Next-s.Base) || c.Before == 0 || c.After == 0 {
			t.Errorf("%+v of %+v", c, s)
		}
	}
}

// What was compressed reads as before, and the plain file is gone.
func TestCompress(t *testing.T) {
	for _, codec := range codecs {
		t.Run(codec.String(), func(t *testing.T) {
			dir := newLog(t, 12)
			compressAll(t, dir, codec)
			wantTexts(t, dir, texts(1, 12))
			l := openLog(t, dir)
			for _, s := range l.Segments {
				if s.Sealed != (s.Codec == codec) {
					t.Errorf("%+v", s)
				}
				if _, err := os.Lstat(filepath.Join(dir, textName(s.Base))); (err == nil) != !s.Sealed {
					t.Errorf("the plain file of %+v: %v", s, err)
				}
			}
			if damage := verifyAll(t, l); len(damage) > 0 {
				t.Error(damage)
			}
			appendTexts(t, openWriter(t, dir), 13, 14)
			wantTexts(t, dir, texts(1, 14))
		})
	}
}
