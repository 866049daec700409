package segment

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/vfs"
)

// originFile writes one file of origin/.
type originFile struct {
	*bufio.Writer
	file File
	sum  hash.Hash
	done func(sum string) // called once the file is durable
}

// PrefixOrigin begins the names of the files that CreateOrigin makes from now on with
// prefix: a log of several sources has files for each.
func (d *Draft) PrefixOrigin(prefix string) { d.source = prefix }

// CreateOrigin begins a file in origin/, where migrate keeps parts of its source. The
// file is durable once Close has returned nil and the draft was flushed.
func (d *Draft) CreateOrigin(name string) (io.WriteCloser, error) {
	name = d.source + name
	f, path, err := d.create(filename.Origin, name)
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	out := bufio.NewWriter(io.MultiWriter(io.NewOffsetWriter(f, 0), sum))
	return draftWriter{&originFile{out, f, sum, func(sum string) {
		if d.sums == nil {
			d.sums = map[string]string{}
		}
		d.sums[name] = sum
	}}, path}, nil
}

// create begins a file in a folder of the draft, which it creates first if necessary.
func (d *Draft) create(folder, name string) (f File, path string, err error) {
	path = filepath.Join(d.w.dir, folder, name)
	if err = ensureDir(d.w.fs, filepath.Dir(path)); err == nil {
		f, err = d.w.fs.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, d.w.mode)
	}
	return f, path, asDiskError(OpCreate, path, err)
}

// A draftWriter writes a file of a draft. An error of the disk is a *DiskError.
type draftWriter struct {
	io.WriteCloser
	path string
}

func (w draftWriter) Write(b []byte) (int, error) {
	n, err := w.WriteCloser.Write(b)
	return n, asDiskError(OpCreate, w.path, err)
}

func (w draftWriter) Close() error {
	return asDiskError(OpCreate, w.path, w.WriteCloser.Close())
}

func (o *originFile) Close() error {
	// Without the sync a crash could leave an empty file beside a complete log.
	//mutant:make-files-of-origin-are-not-synced
	if err := errors.Join(o.Flush(), o.file.Sync(), o.file.Close()); err != nil {
		return err
	}
	// Only a file that is durable gets a checksum in SHA256SUMS.
	o.done(hex.EncodeToString(o.sum.Sum(nil)))
	return nil
}

// CreateQuarantine begins a file in quarantine/ for bytes of a migrated source, from
// the offset from on. Close gives the file a name with its length and checksum. The
// file is durable once Close has returned nil and the draft was flushed.
func (d *Draft) CreateQuarantine(from int64) (io.WriteCloser, error) {
	f, temporary, err := d.create(filename.Quarantine, ".source.tmp")
	if err != nil {
		return nil, err
	}
	q := &quarantineWriter{fs: d.w.fs, folder: filepath.Dir(temporary), temporary: temporary, from: from, file: f, sum: crc32.New(castagnoli)}
	q.out = bufio.NewWriter(io.MultiWriter(io.NewOffsetWriter(f, 0), q.sum))
	return draftWriter{q, temporary}, nil
}

// OpenOrigin opens a file of origin/. It returns fs.ErrNotExist if the log was not migrated.
func (l *Log) OpenOrigin(name string) (File, error) {
	return l.fs.OpenFile(l.OriginPath(name), os.O_RDONLY, 0)
}

// OriginPath returns the path of a file in origin/.
func (l *Log) OriginPath(name string) string {
	return filepath.Join(l.Dir, filename.Origin, l.source+name)
}

// WithOrigin returns l with the files of origin/ whose names begin with prefix, as
// Draft.PrefixOrigin has named them. OpenOrigin finds them without the prefix.
func (l *Log) WithOrigin(prefix string) *Log {
	with := *l
	with.source = prefix
	return &with
}

// sumsBytes is how much of SHA256SUMS is read. The few files of origin/ need far less.
const sumsBytes = 1 << 20

// writeSums writes the checksums of origin/, if the draft has one.
func (d *Draft) writeSums() error {
	if len(d.sums) == 0 {
		return nil
	}
	var text bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(d.sums)) {
		fmt.Fprintf(&text, "%s  %s\n", d.sums[name], name)
	}
	// WriteFile syncs the checksums before HISTLOG is renamed: after a crash there is a log
	// with them, or no log. The sync of origin/ in Flush makes their name durable.
	return vfs.WriteFile(d.w.fs, filepath.Join(d.w.dir, filename.Origin, filename.Sums), text.Bytes(), d.w.mode)
}
