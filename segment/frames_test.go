package segment

import (
	"bytes"
	stdgzip "compress/gzip"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/SaveTheRbtz/zstd-seekable-format-go/pkg"
	"github.com/klauspost/compress/zstd"

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
	unit := int(frameTarget(codec, 0))
	w := create(t, dir, Settings{"segment-size": fmt.Sprint(3 * unit)})
	for n, size := range []int{unit / 2, unit / 3, unit/2 + 10, 5, unit + 1, 7} {
		_, err := w.Append(t.Context(), fmt.Appendf(nil, `{"n":%d,"pad":"%s"}`, n+1, strings.Repeat("x", size)))
		check(t, err)
	}
	_, err := w.Append(t.Context(), bytes.Repeat([]byte("9"), 2*unit)) // which begins a segment
	check(t, err)
	check(t, w.Close())
	return dir, string(read(t, filepath.Join(dir, TextName(1))))
}

// Frames begin and end with a record, and are what any program of the codec reads:
// for zstd another reader of the seekable format too.
func TestFrames(t *testing.T) {
	for _, codec := range codecs {
		t.Run(codec.String(), func(t *testing.T) {
			dir, plain := largeLog(t, codec)
			compressAll(t, dir, codec)
			path := filepath.Join(dir, codec.TextName(1))
			file := read(t, path)
			table, err := tailFormats[codec].parse(bytes.NewReader(file), int64(len(file)))
			check(t, err)
			if len(table.frames) != 4 || table.size() != Offset(len(plain)) {
				t.Errorf("%+v, want 4 frames of %d bytes", table, len(plain))
			}
			for _, f := range table.frames {
				if f.start > 0 && plain[f.start-1] != '\n' {
					t.Errorf("the frame at %d begins within a record", f.start)
				}
			}
			if got := decompress(t, codec, file); got != plain {
				t.Errorf("another program reads %d bytes, want %d", len(got), len(plain))
			}
			for i, f := range table.frames { // each by itself
				if got := decompress(t, codec, file[f.at:f.at+f.size]); got != plain[f.start:f.start+f.plain] {
					t.Errorf("frame %d holds %d bytes, want %d", i, len(got), f.plain)
				}
			}
			if codec == Zstd {
				asSeekable(t, file, plain)
			}
		})
	}
}

func decompress(t *testing.T, codec Codec, file []byte) string {
	t.Helper()
	var from io.Reader
	var err error
	if codec == Zstd {
		from, err = zstd.NewReader(bytes.NewReader(file), zstd.WithDecoderMaxWindow(8<<20))
	} else {
		from, err = stdgzip.NewReader(bytes.NewReader(file))
	}
	check(t, err)
	b, err := io.ReadAll(from)
	check(t, err)
	return string(b)
}

// asSeekable reads a file at random places with another reader of the format.
func asSeekable(t *testing.T, file []byte, plain string) {
	t.Helper()
	d, err := zstd.NewReader(nil)
	check(t, err)
	defer d.Close()
	r, err := seekable.NewReader(bytes.NewReader(file), d)
	check(t, err)
	defer r.Close()
	for at := len(plain) - 100; at > 0; at -= len(plain) / 5 {
		b := make([]byte, 100)
		_, err := r.ReadAt(b, int64(at))
		check(t, err)
		if string(b) != plain[at:at+100] {
			t.Errorf("at %d: %q", at, b)
		}
	}
}

// Damage costs the records of one frame at most, from where it stands on.
func TestDamageCostsOneFrame(t *testing.T) {
	for _, codec := range codecs {
		t.Run(codec.String(), func(t *testing.T) {
			dir, _ := largeLog(t, codec)
			compressAll(t, dir, codec)
			path := filepath.Join(dir, codec.TextName(1))
			edit(t, path, func(b []byte) []byte {
				table, err := tailFormats[codec].parse(bytes.NewReader(b), int64(len(b)))
				check(t, err)
				f := table.frames[1] // records 3 and 4
				clear(b[f.at+f.size/4 : f.at+f.size/2])
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
		for name, change := range map[string]func(b []byte, table frameTable) ([]byte, frameTable){
			"a frame holds more": func(_ []byte, table frameTable) ([]byte, frameTable) {
				return bomb, frameTable{frames: []frame{{size: int64(len(bomb)), plain: table.size()}}}
			},
			"the table tells of more": func(b []byte, table frameTable) ([]byte, frameTable) {
				table.frames[0].plain += 1 << 30
				return b, table
			},
			"the table tells of less": func(b []byte, table frameTable) ([]byte, frameTable) {
				table.frames[0].plain--
				return b, table
			},
			"a frame more": func(b []byte, table frameTable) ([]byte, frameTable) {
				table.add(int64(len(bomb)), 1<<20)
				return append(b, bomb...), table
			},
		} {
			t.Run(codec.String()+" "+name, func(t *testing.T) {
				dir := newLog(t, 8)
				compressAll(t, dir, codec)
				path := filepath.Join(dir, codec.TextName(1))
				edit(t, path, func(b []byte) []byte {
					table, err := tailFormats[codec].parse(bytes.NewReader(b), int64(len(b)))
					check(t, err)
					last := table.frames[len(table.frames)-1]
					b, table = change(bytes.Clone(b[:last.at+last.size]), table)
					tail, err := tailFormats[codec].encode(table, crc32.Checksum(b, castagnoli))
					check(t, err)
					return append(b, tail...)
				})
				l := openLog(t, dir)
				r := openReader(t, l, 0)
				if r.size != r.trailer.Plain {
					t.Errorf("%d bytes of text, the index tells of %d", r.size, r.trailer.Plain)
				}
				f, err := l.Verify(t.Context(), l.Segments[0], nil)
				check(t, err)
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
	e := encoders[codec].New().(encoder)
	var b bytes.Buffer
	e.Reset(&b)
	_, err := io.WriteString(e, text)
	check(t, errors.Join(err, e.Close()))
	return b.Bytes()
}

// What another program compressed is read too, though verify says what it lacks.
func TestCompressedByOthers(t *testing.T) {
	for _, codec := range codecs {
		t.Run(codec.String(), func(t *testing.T) {
			dir := newLog(t, 12)
			plain := filepath.Join(dir, TextName(1))
			write(t, filepath.Join(dir, codec.TextName(1)), frameOf(t, codec, string(read(t, plain))))
			wantTexts(t, dir, texts(1, 12)) // the plain one counts beside it
			check(t, os.Remove(plain))
			wantTexts(t, dir, texts(1, 12))
			if damage := verifyAll(t, openLog(t, dir)); len(damage) != 1 || !strings.Contains(damage[0].Error(), "table of frames") {
				t.Errorf("%v", damage)
			}
		})
	}
}

// A copy of the active segment that someone compressed is nobody's business.
func TestCopyOfTheActive(t *testing.T) {
	dir := newLog(t, 3)
	l := openLog(t, dir)
	active := l.Segments[len(l.Segments)-1]
	write(t, filepath.Join(dir, Zstd.TextName(active.Base)), frameOf(t, Zstd, string(read(t, active.Path))))
	appendTexts(t, openWriter(t, dir), 4, 12)
	wantTexts(t, dir, texts(1, 12))
	compressAll(t, dir, Zstd)
	wantTexts(t, dir, texts(1, 12))
}

// FuzzTail gives the tails of compressed files to their parsers, which must not
// believe in frames that are not there.
func FuzzTail(f *testing.F) {
	for _, codec := range codecs {
		table := frameTable{}
		table.add(3, 5)
		table.add(2, 9)
		tail, err := tailFormats[codec].encode(table, 1)
		check(f, err)
		f.Add(append([]byte("12345"), tail...), uint8(codec))
		f.Add(tail, uint8(codec))
		f.Add(tail[1:], uint8(codec))
	}
	f.Fuzz(func(t *testing.T, b []byte, codec uint8) {
		c := codecs[int(codec)%len(codecs)]
		table, err := tailFormats[c].parse(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if !errors.Is(err, errNoTable) {
				t.Fatal(err)
			}
			return
		}
		at := int64(0)
		for _, x := range table.frames {
			if x.at != at || x.size < 0 || x.plain < 0 {
				t.Fatalf("%+v", table)
			}
			at += x.size
		}
		if at > table.sumAt || table.sumAt+4 > int64(len(b)) {
			t.Fatalf("%d bytes of frames, checksum at %d of %d", at, table.sumAt, len(b))
		}
	})
}
