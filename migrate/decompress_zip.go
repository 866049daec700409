package migrate

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
)

// The first bytes of a zip archive: those of a member, or of the end of an empty directory.
const (
	zipMember = "PK\x03\x04"
	zipEmpty  = "PK\x05\x06"
)

// zipEncrypted is the bit of a member's flags that says that its bytes are encrypted.
const zipEncrypted = 1

// directoryBytes is the maximum size of a zip archive's directory, with its end, in
// memory: thousands of members. listedMembers is how many of them an error lists.
const (
	directoryBytes = 1 << 20
	listedMembers  = 8
)

func beginsZip(head []byte) bool {
	return bytes.HasPrefix(head, []byte(zipMember)) || bytes.HasPrefix(head, []byte(zipEmpty))
}

// openZip opens the only file of a zip archive. It reads the directory at the archive's end.
func openZip(d *decompressor, in *bufio.Reader) (io.ReadCloser, error) {
	f, size := regularFile(d.in)
	if f == nil {
		return nil, fmt.Errorf("%w: the directory of a zip archive is at its end", ErrOnce)
	}
	raw := &zipFile{d: d, file: f, limit: directoryBytes}
	archive, err := zip.NewReader(raw, size)
	switch {
	case errors.Is(err, errDirectory):
		return nil, &ArchiveError{"holds thousands of files, not one"}
	case errors.Is(err, zip.ErrFormat): // a truncated archive has no directory
		return openCutZip(in)
	case err != nil:
		return nil, err
	}
	raw.limit = math.MaxInt64
	d.raw.Store(0)
	archive.RegisterDecompressor(zip.Deflate, flate.NewReader)
	archive.RegisterDecompressor(zstd.ZipMethodWinZip, zstd.ZipDecompressor(zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(d.maxWindow())))
	return openMember(archive.File)
}

// regularFile returns the regular file behind in and its size; nil if there is none.
func regularFile(in io.Reader) (io.ReaderAt, int64) {
	f, ok := in.(interface {
		io.ReaderAt
		Stat() (os.FileInfo, error)
	})
	if !ok {
		return nil, 0
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, 0
	}
	return f, info.Size()
}

// openMember opens the only file among the members of an archive.
func openMember(members []*zip.File) (io.ReadCloser, error) {
	var files []string
	var only *zip.File
	for _, m := range members {
		// macOS adds a file with the attributes of each.
		if m.FileInfo().IsDir() || strings.HasPrefix(m.Name, "__MACOSX/") {
			continue
		}
		only = m
		files = append(files, m.Name)
	}
	switch {
	case len(files) == 0:
		return nil, &ArchiveError{"holds no file"}
	case len(files) > listedMembers:
		return nil, &ArchiveError{fmt.Sprintf("holds %d files, not one: %s, …", len(files), strings.Join(files[:listedMembers], ", "))}
	case len(files) > 1:
		return nil, &ArchiveError{fmt.Sprintf("holds %d files, not one: %s", len(files), strings.Join(files, ", "))}
	case only.Flags&zipEncrypted != 0:
		return nil, encryptedZip.refuse()
	}
	text, err := only.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		err = packing{format: fmt.Sprintf("zip's method %d", only.Method), command: "7z x -so"}.refuse()
	}
	return text, err
}

var encryptedZip = packing{format: "zip and encrypted", command: "unzip -p"}

// errDirectory is returned for the directory of an archive with too many members.
var errDirectory = errors.New("the directory is too large")

// A zipFile reads an archive for package zip, and counts the bytes for Progress.
type zipFile struct {
	d     *decompressor
	file  io.ReaderAt
	limit int64 // maximum of read: package zip holds the whole directory in memory
	read  int64
}

func (z *zipFile) ReadAt(p []byte, off int64) (int, error) {
	if z.read > z.limit {
		return 0, errDirectory
	}
	n, err := z.file.ReadAt(p, off)
	z.read += int64(n)
	z.d.raw.Add(int64(n))
	z.d.fail(err)
	return n, err
}

// openCutZip opens the first file of an archive without a directory, so that its beginning
// can be salvaged. Reading it never ends with io.EOF.
func openCutZip(in *bufio.Reader) (io.ReadCloser, error) {
	var head struct { // of a member, after its four bytes of magic
		Version, Flags, Method, Time, Date uint16
		CRC, Packed, Size                  uint32
		Name, Extra                        uint16
	}
	for {
		if magic, _ := in.Peek(len(zipMember)); string(magic) != zipMember {
			return nil, zip.ErrFormat
		}
		_, _ = in.Discard(len(zipMember))
		if err := binary.Read(in, binary.LittleEndian, &head); err != nil {
			return nil, unexpectedEOF(err)
		}
		name := make([]byte, head.Name)
		if _, err := io.ReadFull(in, name); err != nil {
			return nil, unexpectedEOF(err)
		}
		if _, err := in.Discard(int(head.Extra)); err != nil {
			return nil, unexpectedEOF(err)
		}
		if !bytes.HasSuffix(name, []byte("/")) {
			break
		}
	}
	switch {
	case head.Flags&zipEncrypted != 0:
		return nil, encryptedZip.refuse()
	case head.Method == zip.Deflate:
		return io.NopCloser(&cutReader{flate.NewReader(in)}), nil
	case head.Method == zip.Store:
		return io.NopCloser(&cutReader{io.LimitReader(in, int64(head.Packed))}), nil
	}
	return nil, zip.ErrFormat
}

// A cutReader reads a text that is known to be truncated.
type cutReader struct{ io.Reader }

func (r *cutReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	return n, unexpectedEOF(err)
}
