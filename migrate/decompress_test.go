package migrate

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// bzip2Numbers is what bzip2 makes of three records, {"n":1} to {"n":3}.
const bzip2Numbers = "BZh91AY&SY\x98h4X\x00\x00\x09Y\x80\x00\x10\x10\x008\x10\x00\x01\x00\x0a \x001\x06LA\x1e\xa0M\xea\x89\xc2&\xc1\xa3\xcf\xc5\xdc\x91N\x14$&\x1a\x0d\x16\x00"

// A flushWriter compresses. After Flush, what was written before can be decompressed, even
// if nothing follows.
type flushWriter interface {
	io.WriteCloser
	Flush() error
}

// packers has each format that is read, and another reader of the format where there is one.
var packers = []struct {
	name string
	pack func(io.Writer) flushWriter
	open func(io.Reader) (io.Reader, error)
}{
	{
		"gzip", func(w io.Writer) flushWriter { return gzip.NewWriter(w) },
		func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	},
	{
		"zstd", func(w io.Writer) flushWriter {
			z, _ := zstd.NewWriter(w)
			return z
		},
		func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r, zstd.WithDecoderConcurrency(1)) },
	},
	{
		"xz", func(w io.Writer) flushWriter { return testutil.NewXZ(w, testutil.Dict8MB) },
		func(r io.Reader) (io.Reader, error) { return &decompressor{in: r}, nil },
	},
	{"zip", newZipPacker, openFirstMember},
	{
		"bzip2", func(w io.Writer) flushWriter { return &bzip2Packer{out: w} },
		func(r io.Reader) (io.Reader, error) { return &decompressor{in: r}, nil },
	},
}

// A zipPacker makes an archive of one file.
type zipPacker struct {
	io.Writer
	archive *zip.Writer
	deflate *flate.Writer
}

const memberName = "source.json"

func newZipPacker(w io.Writer) flushWriter {
	z := &zipPacker{archive: zip.NewWriter(w)}
	z.archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (_ io.WriteCloser, err error) {
		z.deflate, err = flate.NewWriter(w, 6)
		return z.deflate, err
	})
	z.Writer, _ = z.archive.Create(memberName) // to memory
	return z
}

func (z *zipPacker) Flush() error { return z.deflate.Flush() }
func (z *zipPacker) Close() error { return z.archive.Close() }

// openFirstMember decompresses the first file of an archive without its directory.
func openFirstMember(r io.Reader) (io.Reader, error) {
	if _, err := io.CopyN(io.Discard, r, int64(30+len(memberName))); err != nil {
		return nil, err
	}
	return flate.NewReader(r), nil
}

func bzip2Installed() bool {
	_, err := exec.LookPath("bzip2")
	return err == nil
}

// A bzip2Packer makes a stream for each Flush.
type bzip2Packer struct {
	bytes.Buffer
	out io.Writer
}

func (b *bzip2Packer) Flush() error {
	c := exec.Command("bzip2", "-c")
	c.Stdin, c.Stdout = &b.Buffer, b.out
	return c.Run()
}

func (b *bzip2Packer) Close() error { return b.Flush() }

func TestBzip2(t *testing.T) {
	const numbers = "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n"
	for _, row := range []struct {
		name, text string
		records    int
		err        error
	}{
		{"one stream", bzip2Numbers, 3, nil},
		{"two streams", bzip2Numbers + bzip2Numbers, 6, nil},
		{"zero bytes behind it", bzip2Numbers + strings.Repeat("\x00", 500), 3, nil},
		{"text behind it", bzip2Numbers + "garbage", 0, errGarbage},
		{"text behind zero bytes", bzip2Numbers + "\x00\x00\x00x", 0, errGarbage},
		{"half a stream behind it", bzip2Numbers + bzip2Numbers[:20], 0, ErrCompressed},
		{"zero bytes in place of its end", bzip2Numbers[:len(bzip2Numbers)-9] + strings.Repeat("\x00", 500), 0, ErrCompressed},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPlace(t)
			r, err := p.run(row.text, Options{Verify: VerifyRoundtrip})
			testutil.ErrorIs(t, err, row.err)
			if row.err != nil {
				testutil.ErrorIs(t, err, ErrCompressed)
				return
			}
			if int(r.Records) != row.records {
				t.Errorf("%d records, want %d", r.Records, row.records)
			}
			wantText(t, "export", p.export(), strings.Repeat(numbers, row.records/3))
		})
	}
}

func TestXZ(t *testing.T) {
	text := ndjson(numbered(1, 3))
	one := string(testutil.XZ(text, testutil.Dict8MB))
	large := string(testutil.XZ(text, testutil.Dict1500M))
	damaged := strings.Replace(one, "12:00", "13:00", 1)
	for _, row := range []struct {
		name, text string
		memory     int64
		want       string
		err        error
	}{
		{"one stream", one, 0, text, nil},
		{"two streams", one + one, 0, text + text, nil},
		{"streams with padding", one + "\x00\x00\x00\x00" + one + strings.Repeat("\x00", 512), 0, text + text, nil},
		{"text behind it", one + "and now for more of it", 0, "", errGarbage},
		{"half a stream behind it", one + one[:20], 0, "", ErrCompressed},
		{"damaged", damaged, 0, "", ErrCompressed},
		{"a dictionary larger than the memory", large, 1 << 30, "", ErrDictionary},
		{"a large dictionary", large, 2 << 30, text, nil},
		{"a larger one in the second stream", one + large, 1 << 30, "", ErrDictionary},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPlace(t)
			_, err := p.run(row.text, Options{Accept: Accept{Memory: row.memory}, Verify: VerifyRoundtrip})
			testutil.ErrorIs(t, err, row.err)
			if row.err == nil {
				wantText(t, "export", p.export(), row.want)
			}
			if row.err == ErrDictionary {
				_, err = p.run(row.text, Options{Accept: Accept{Memory: row.memory}, Salvage: true})
				testutil.ErrorIs(t, err, row.err)
			}
		})
	}
}

// writeZip makes an archive of members, whose names end with a slash for directories.
func writeZip(t *testing.T, path string, members ...string) {
	t.Helper()
	f, err := os.Create(path)
	testutil.NoError(t, err)
	defer f.Close()
	w := zip.NewWriter(f)
	for _, name := range members {
		m, err := w.Create(name)
		testutil.NoError(t, err)
		if !strings.HasSuffix(name, "/") {
			_, err = io.WriteString(m, ndjson(numbered(1, 3)))
			testutil.NoError(t, err)
		}
	}
	testutil.NoError(t, w.Close())
}

func TestZipMembers(t *testing.T) {
	many := make([]string, 20_000)
	for i := range many {
		many[i] = fmt.Sprintf("history-%05d.json", i)
	}
	for _, row := range []struct {
		name    string
		members []string
		err     string // "" means that it is migrated
	}{
		{"one file", []string{"a.json"}, ""},
		{"a file in directories", []string{"Takeout/", "Takeout/Location/", "Takeout/Location/Records.json"}, ""},
		{"a file of macOS", []string{"a.json", "__MACOSX/", "__MACOSX/._a.json"}, ""},
		{"no file", []string{"a/"}, "the zip archive holds no file"},
		{"nothing", nil, "the zip archive holds no file"},
		{"two files", []string{"a.json", "b/c.json"}, "the zip archive holds 2 files, not one: a.json, b/c.json"},
		{"thirty", many[:30], "the zip archive holds 30 files, not one: " + strings.Join(many[:listedMembers], ", ") + ", …"},
		{"more than are listed", many, "the zip archive holds thousands of files, not one"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPlace(t)
			writeZip(t, p.source, row.members...)
			_, err := Run(t.Context(), p.options(Options{Verify: VerifyRoundtrip}))
			if row.err == "" {
				testutil.NoError(t, err)
				wantText(t, "export", p.export(), ndjson(numbered(1, 3)))
				return
			}
			var archive *ArchiveError
			if !errors.As(err, &archive) || errors.Is(err, ErrCompressed) || err.Error() != row.err {
				t.Errorf("%v, want %s", err, row.err)
			}
			_, err = Run(t.Context(), p.options(Options{Salvage: true}))
			if !errors.As(err, &archive) {
				t.Errorf("salvage: %v", err)
			}
			p.nothing()
		})
	}
}

func TestZipKinds(t *testing.T) {
	text := ndjson(numbered(1, 3))
	for _, row := range []struct {
		name   string
		header zip.FileHeader
		format string // of a PackedError; "" means that it is migrated
	}{
		{"stored", zip.FileHeader{Method: zip.Store}, ""},
		{"zstd", zip.FileHeader{Method: zstd.ZipMethodWinZip}, ""},
		{"encrypted", zip.FileHeader{Method: zip.Deflate, Flags: zipEncrypted}, "zip and encrypted"},
		{"another method", zip.FileHeader{Method: 14}, "zip's method 14"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPlace(t)
			f, err := os.Create(p.source)
			testutil.NoError(t, err)
			w := zip.NewWriter(f)
			w.RegisterCompressor(zstd.ZipMethodWinZip, zstd.ZipCompressor())
			w.RegisterCompressor(14, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, 6) })
			row.header.Name = memberName
			m, err := w.CreateHeader(&row.header)
			testutil.NoError(t, err)
			_, err = io.WriteString(m, text)
			testutil.NoError(t, err)
			testutil.NoError(t, errors.Join(w.Close(), f.Close()))
			_, err = Run(t.Context(), p.options(Options{}))
			if row.format == "" {
				testutil.NoError(t, err)
				wantText(t, "export", p.export(), text)
				return
			}
			var packed *PackedError
			if !errors.As(err, &packed) || packed.Format != row.format {
				t.Errorf("%v, want a PackedError about %s", err, row.format)
			}
		})
	}
}

// An archive whose only file is damaged, or that changes while it is read.
func TestZipDamaged(t *testing.T) {
	p := newPlace(t)
	writeZip(t, p.source, "a.json")
	b, err := os.ReadFile(p.source)
	testutil.NoError(t, err)
	b[45] ^= 1
	_, err = p.run(string(b), Options{})
	testutil.ErrorIs(t, err, ErrCompressed)
	_, err = p.run("", Options{Source: "-", Stdin: bytes.NewReader(b)})
	testutil.ErrorIs(t, err, ErrOnce)

	b[45] ^= 1
	p.write(string(b))
	changed := p.options(Options{Progress: func(int64, int64) {
		testutil.NoError(t, os.Truncate(p.source, int64(len(b)-1)))
	}})
	_, err = Run(t.Context(), changed)
	testutil.ErrorIs(t, err, ErrChanged)
}

// A badSector is a file that cannot be read at an offset.
type badSector struct {
	*os.File
	at, off int64
	struck  bool
}

func (f *badSector) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.off)
	if f.off += int64(n); n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

func (f *badSector) ReadAt(p []byte, off int64) (int, error) {
	if off > f.at || off+int64(len(p)) <= f.at {
		return f.File.ReadAt(p, off)
	}
	f.struck = true
	n, _ := f.File.ReadAt(p[:f.at-off], off)
	return n, &os.PathError{Op: "read", Path: f.Name(), Err: syscall.EIO}
}

// An error of the device is not damage of the source, wherever a decompressor meets it: a
// salvage would give up the rest of an intact source.
func TestDeviceFails(t *testing.T) {
	text := ndjson(numbered(1, 300))
	for _, c := range packers {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "bzip2" && !bzip2Installed() {
				t.Skip("skipped: bzip2 is missing")
			}
			var b bytes.Buffer
			w := c.pack(&b)
			_, err := io.WriteString(w, text)
			testutil.NoError(t, errors.Join(err, w.Close()))
			p := newPlace(t)
			for _, packed := range []string{b.String(), b.String()[:b.Len()*9/10]} { // also if the source is damaged
				p.write(packed)
				runs, met, step := 0, 0, 1+len(packed)/testutil.Rounds(100, 1000)
				for at := 0; at <= len(packed); at += step {
					runs++
					f, err := os.Open(p.source)
					testutil.NoError(t, err)
					in := &badSector{File: f, at: int64(at)}
					d := &decompressor{in: in, chunk: 512}
					got, err := io.ReadAll(d)
					d.close()
					_ = f.Close()
					if in.struck && !errors.Is(err, syscall.EIO) && (err != nil || string(got) != text) || errors.Is(err, syscall.EIO) && errors.Is(err, ErrCompressed) {
						t.Fatalf("of %d bytes, the one at %d: %d bytes of text, %v", len(packed), at, len(got), err)
					}
					if errors.Is(err, syscall.EIO) {
						met++
					}
				}
				if met < runs/2 {
					t.Errorf("%d of %d runs met an error of the device", met, runs)
				}
			}
		})
	}
}

// Each format takes its records again, with what was added since.
func TestContinuePacked(t *testing.T) {
	all := numbered(1, 50)
	for _, c := range packers {
		if c.name == "bzip2" && !bzip2Installed() {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			pack := func(records []string) string {
				var b bytes.Buffer
				w := c.pack(&b)
				_, err := io.WriteString(w, history(records))
				testutil.NoError(t, err)
				testutil.NoError(t, w.Close())
				return b.String()
			}
			p := newPlace(t)
			p.migrated(pack(all[:30]), Options{})
			p.write(pack(all))
			done, err := Continue(t.Context(), p.options(Options{}), 0)
			testutil.NoError(t, err)
			if done.Here != 30 || done.Appended != 20 {
				t.Errorf("%+v", done)
			}
			wantTexts(t, p.texts(), all)
			plan, err := DryRun(t.Context(), Options{Source: p.source, Dir: filepath.Join(t.TempDir(), "new")})
			if err != nil || plan.Records != 50 {
				t.Errorf("%+v, %v", plan, err)
			}
		})
	}
}
