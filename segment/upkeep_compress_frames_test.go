package segment

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/seekable"
	"github.com/histlog/histlog/internal/testutil"
)

// largeLog makes a log whose first segment fills several frames of a codec, and
// returns what it holds. A large record has a frame of its own.
func largeLog(t *testing.T, codec Codec) (dir, plain string) {
	t.Helper()
	if codec == Zstd {
		testutil.Proof(t) // of 140 MB
	}
	dir = newDir(t)
	unit := int(codec.FrameSize(0))
	w := create(t, dir, Settings{"segment-size": fmt.Sprint(3 * unit)})
	for n, size := range []int{unit / 2, unit / 3, unit/2 + 10, 5, unit + 1, 7} {
		_, err := w.Append(t.Context(), fmt.Appendf(nil, `{"n":%d,"pad":"%s"}`, n+1, strings.Repeat("x", size)))
		testutil.NoError(t, err)
	}
	_, err := w.Append(t.Context(), bytes.Repeat([]byte("9"), 2*unit)) // which begins a segment
	testutil.NoError(t, err)
	testutil.NoError(t, w.Close())
	return dir, string(testutil.ReadFile(t, filepath.Join(dir, textName(1))))
}

// TestDamageCostsOneFrame damages one frame of a compressed segment: at most the records
// of this frame behind the damage may be lost.
func TestDamageCostsOneFrame(t *testing.T) {
	for _, codec := range codecs {
		t.Run(codec.String(), func(t *testing.T) {
			dir, _ := largeLog(t, codec)
			compressAll(t, dir, codec)
			path := filepath.Join(dir, fileName(1, codec))
			testutil.EditFile(t, path, func(b []byte) []byte {
				table, err := seekable.ReadTable(bytes.NewReader(b), int64(len(b)), codec)
				testutil.NoError(t, err)
				f := table.Frames[1] // records 3 and 4
				clear(b[f.Offset+f.Size/4 : f.Offset+f.Size/2])
				return b
			})
			good, bad := contents(t, dir)
			for _, seq := range []Sequence{1, 2, 5, 6, 7} {
				if good[seq] == "" {
					t.Errorf("record %d is gone too: %v", seq, bad[seq])
				}
			}
			if wantCorrupt(t, bad[3]).Seq != 3 {
				t.Error(bad[3])
			}
		})
	}
}

// A file that tells of more than the index, or holds more, gives no more than
// the index tells of, and that is said.
func TestBombs(t *testing.T) {
	for _, codec := range codecs {
		bomb := frameOf(t, codec, strings.Repeat(text(1)+"\n", 10_000))
		for name, change := range map[string]func(b []byte, table seekable.Table) ([]byte, seekable.Table){
			"a frame holds more": func(_ []byte, table seekable.Table) ([]byte, seekable.Table) {
				return bomb, seekable.Table{Frames: []seekable.Frame{{Size: int64(len(bomb)), Length: table.Length()}}}
			},
			"the table tells of more": func(b []byte, table seekable.Table) ([]byte, seekable.Table) {
				table.Frames[0].Length += 1 << 30
				return b, table
			},
			"the table tells of less": func(b []byte, table seekable.Table) ([]byte, seekable.Table) {
				table.Frames[0].Length--
				return b, table
			},
			"a frame more": func(b []byte, table seekable.Table) ([]byte, seekable.Table) {
				table.Add(int64(len(bomb)), 1<<20)
				return append(b, bomb...), table
			},
		} {
			t.Run(codec.String()+" "+name, func(t *testing.T) {
				dir := newLog(t, 8)
				compressAll(t, dir, codec)
				path := filepath.Join(dir, fileName(1, codec))
				testutil.EditFile(t, path, func(b []byte) []byte {
					table, err := seekable.ReadTable(bytes.NewReader(b), int64(len(b)), codec)
					testutil.NoError(t, err)
					last := table.Frames[len(table.Frames)-1]
					b, table = change(bytes.Clone(b[:last.Offset+last.Size]), table)
					b, err = table.AppendTail(b, codec)
					testutil.NoError(t, err)
					return b
				})
				l := openLog(t, dir)
				r := openReader(t, l, 0)
				if r.size != r.trailer.Plain {
					t.Errorf("%d bytes of text, the index tells of %d", r.size, r.trailer.Plain)
				}
				f, err := l.Verify(t.Context(), l.Segments[0], nil)
				testutil.NoError(t, err)
				if len(f.Damage) == 0 {
					t.Error("nobody noticed")
				}
			})
		}
	}
}

// frameOf compresses a text as one frame, as another program would.
func frameOf(t *testing.T, codec Codec, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := seekable.NewWriter(&b, codec, int64(len(text)))
	defer w.Release()
	testutil.NoError(t, w.Begin(int64(len(text))))
	_, err := io.WriteString(w, text)
	testutil.NoError(t, errors.Join(err, w.Finish()))
	table, err := seekable.ReadTable(bytes.NewReader(b.Bytes()), int64(b.Len()), codec)
	testutil.NoError(t, err)
	return b.Bytes()[:table.Frames[0].Size] // without the tail
}

// What another program compressed is read too, though verify says what it lacks.
func TestCompressedByOthers(t *testing.T) {
	for _, codec := range codecs {
		t.Run(codec.String(), func(t *testing.T) {
			dir := newLog(t, 12)
			plain := filepath.Join(dir, textName(1))
			testutil.WriteFile(t, filepath.Join(dir, fileName(1, codec)), frameOf(t, codec, string(testutil.ReadFile(t, plain))))
			wantTexts(t, dir, texts(1, 12)) // the plain one counts beside it
			testutil.NoError(t, os.Remove(plain))
			wantTexts(t, dir, texts(1, 12))
			if damage := verifyAll(t, openLog(t, dir)); len(damage) != 1 || !strings.Contains(damage[0].Error(), "table of frames") {
				t.Errorf("%v", damage)
			}
		})
	}
}

// TestCopyOfTheActive checks that a compressed copy of the active segment, which histlog
// never makes, is ignored.
func TestCopyOfTheActive(t *testing.T) {
	dir := newLog(t, 3)
	l := openLog(t, dir)
	active := l.Segments[len(l.Segments)-1]
	testutil.WriteFile(t, filepath.Join(dir, fileName(active.Base, Zstd)), frameOf(t, Zstd, string(testutil.ReadFile(t, active.Path))))
	appendTexts(t, openWriter(t, dir), 4, 12)
	wantTexts(t, dir, texts(1, 12))
	compressAll(t, dir, Zstd)
	wantTexts(t, dir, texts(1, 12))
}
