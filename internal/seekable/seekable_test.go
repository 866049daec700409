package seekable

import (
	"bytes"
	stdgzip "compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/SaveTheRbtz/zstd-seekable-format-go/pkg"
	"github.com/klauspost/compress/zstd"

	"github.com/histlog/histlog/internal/testutil"
)

// compressing returns the codecs that compress.
func compressing() []Codec { return Codecs()[1:] }

// compress returns the file of some lines.
func compress(t testing.TB, codec Codec, lines []string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b, codec, int64(len(strings.Join(lines, ""))))
	defer w.Release()
	for _, line := range lines {
		testutil.NoError(t, w.Begin(int64(len(line))))
		_, err := io.WriteString(w, line)
		testutil.NoError(t, err)
	}
	testutil.NoError(t, w.Finish())
	if w.Size() != int64(b.Len()) {
		t.Errorf("the Writer counts %d bytes, the file has %d", w.Size(), b.Len())
	}
	return b.Bytes()
}

// Frames begin and end with a line, and are what any program of the codec reads:
// for zstd another reader of the seekable format too.
func TestFrames(t *testing.T) {
	for _, codec := range compressing() {
		t.Run(codec.String(), func(t *testing.T) {
			if codec == Zstd {
				testutil.Proof(t) // of 110 MB
			}
			unit := int(codec.FrameSize(0))
			var lines []string
			for n, size := range []int{unit / 2, unit / 3, unit/2 + 10, 5, unit + 1, 7} {
				lines = append(lines, fmt.Sprintf("%d %s\n", n, strings.Repeat("x", size)))
			}
			plain := strings.Join(lines, "")
			file := compress(t, codec, lines)
			table, err := ReadTable(bytes.NewReader(file), int64(len(file)), codec)
			testutil.NoError(t, err)
			if len(table.Frames) != 4 || table.Length() != int64(len(plain)) {
				t.Errorf("%+v, want 4 frames of %d bytes", table, len(plain))
			}
			for _, f := range table.Frames {
				if f.Start > 0 && plain[f.Start-1] != '\n' {
					t.Errorf("the frame at %d begins within a line", f.Start)
				}
			}
			if got := decompress(t, codec, file); got != plain {
				t.Errorf("another program reads %d bytes, want %d", len(got), len(plain))
			}
			for i, f := range table.Frames { // each by itself
				if got := decompress(t, codec, file[f.Offset:f.Offset+f.Size]); got != plain[f.Start:f.end()] {
					t.Errorf("frame %d holds %d bytes, want %d", i, len(got), f.Length)
				}
			}
			if codec == Zstd {
				readAsSeekable(t, file, plain)
			}
		})
	}
}

// decompress reads a file with another program's reader.
func decompress(t *testing.T, codec Codec, file []byte) string {
	t.Helper()
	var from io.Reader
	var err error
	switch codec {
	case Zstd:
		from, err = zstd.NewReader(bytes.NewReader(file), zstd.WithDecoderMaxWindow(MaxWindow))
	case Gzip:
		from, err = stdgzip.NewReader(bytes.NewReader(file))
	default:
		t.Fatalf("add a reader of %v", codec)
	}
	testutil.NoError(t, err)
	b, err := io.ReadAll(from)
	testutil.NoError(t, err)
	return string(b)
}

// readAsSeekable reads a file at several offsets with another reader of the zstd
// seekable format.
func readAsSeekable(t *testing.T, file []byte, plain string) {
	t.Helper()
	d, err := zstd.NewReader(nil)
	testutil.NoError(t, err)
	defer d.Close()
	r, err := seekable.NewReader(bytes.NewReader(file), d)
	testutil.NoError(t, err)
	defer r.Close()
	for at := len(plain) - 100; at > 0; at -= len(plain) / 5 {
		b := make([]byte, 100)
		_, err := r.ReadAt(b, int64(at))
		testutil.NoError(t, err)
		if string(b) != plain[at:at+100] {
			t.Errorf("at %d: %q", at, b)
		}
	}
}

// numbered returns numbered lines of a hundred bytes, as a text and one by one.
func numbered(n int) (plain string, lines []string) {
	for i := range n {
		lines = append(lines, fmt.Sprintf("%98d\n", i))
	}
	return strings.Join(lines, ""), lines
}

// A Reader gives the text from any offset, forward and backward.
func TestReadAt(t *testing.T) {
	plain, lines := numbered(30_000) // three frames of gzip
	for _, codec := range compressing() {
		t.Run(codec.String(), func(t *testing.T) {
			file := compress(t, codec, lines)
			r, err := NewReader(t.Context(), bytes.NewReader(file), int64(len(file)), codec)
			testutil.NoError(t, err)
			defer r.Release()
			if n := r.Length(int64(len(plain))); n != int64(len(plain)) || r.Mismatch() != "" {
				t.Errorf("%d bytes (%s), want %d", n, r.Mismatch(), len(plain))
			}
			for _, at := range []int{0, 50, 2_900_000, 1_000_000, 1_048_500, 1_000_001, len(plain) - 90} {
				b := make([]byte, 200)
				n, err := r.ReadAt(b, int64(at))
				if want := plain[at:min(at+200, len(plain))]; string(b[:n]) != want || (n < 200) != (err == io.EOF) {
					t.Errorf("at %d: %q, %v, want %q", at, b[:n], err, want)
				}
			}
			reason, err := r.Check()
			testutil.NoError(t, err)
			if reason != "" {
				t.Error(reason)
			}
		})
	}
}

// A flipped bit anywhere in a file is noticed, by a read or by Check, and costs no
// line before the frame that holds it.
func TestFlips(t *testing.T) {
	plain, lines := numbered(12_000) // two frames of gzip
	for _, codec := range compressing() {
		t.Run(codec.String(), func(t *testing.T) {
			intact := compress(t, codec, lines)
			table, err := ReadTable(bytes.NewReader(intact), int64(len(intact)), codec)
			testutil.NoError(t, err)
			for at := 0; at < len(intact); at += 1 + len(intact)/50 {
				file := bytes.Clone(intact)
				file[at] ^= 4
				r, err := NewReader(t.Context(), bytes.NewReader(file), int64(len(file)), codec)
				testutil.NoError(t, err)
				r.Length(int64(len(plain)))
				b := make([]byte, len(plain))
				n, err := r.ReadAt(b, 0)
				if f := (*FrameError)(nil); err != nil && !errors.As(err, &f) {
					t.Errorf("flip at %d: %v, want a *FrameError", at, err)
				}
				reason, err2 := r.Check()
				testutil.NoError(t, err2)
				if err == nil && reason == "" && string(b) == plain {
					t.Errorf("flip at %d: nothing was noticed", at)
				}
				for _, f := range table.Frames {
					if intactFrame := f.Offset+f.Size <= int64(at); intactFrame && (int64(n) < f.end() || string(b[f.Start:f.end()]) != plain[f.Start:f.end()]) {
						t.Errorf("flip at %d: the frame at %d is lost too", at, f.Offset)
					}
				}
				r.Release()
			}
		})
	}
}

// A codec is found by its name and by its extension.
func TestCodecs(t *testing.T) {
	for _, c := range compressing() {
		if got, err := ParseCodec(c.String()); got != c || err != nil {
			t.Errorf("%v: the name gives %v, %v", c, got, err)
		}
		if got, ok := CodecOf(c.Extension()); got != c || !ok {
			t.Errorf("%v: the extension gives %v, %v", c, got, ok)
		}
	}
	for _, name := range []string{"", "plain", "lzma"} {
		if _, err := ParseCodec(name); err == nil || !strings.Contains(err.Error(), Names()) {
			t.Errorf("%q: %v, want an error that names %s", name, err, Names())
		}
	}
	if c, ok := CodecOf(""); c != Plain || !ok {
		t.Errorf("no extension gives %v, %v", c, ok)
	}
	if _, ok := CodecOf(".lzma"); ok {
		t.Error(".lzma is the extension of a codec")
	}
}

// Check reads all of a file, which may be long: it ends with its context.
func TestCheckEnds(t *testing.T) {
	_, lines := numbered(10)
	for _, codec := range compressing() {
		file := compress(t, codec, lines)
		ctx, cancel := context.WithCancel(t.Context())
		r, err := NewReader(ctx, bytes.NewReader(file), int64(len(file)), codec)
		testutil.NoError(t, err)
		cancel()
		if _, err := r.Check(); !errors.Is(err, context.Canceled) {
			t.Errorf("%v: %v", codec, err)
		}
		r.Release()
	}
}
