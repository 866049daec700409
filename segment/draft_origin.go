package segment

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

// originFile writes one file of origin/.
type originFile struct {
	*bufio.Writer
	file File
	sum  hash.Hash
	done func(sum string) // called once the file is durable
}

// CreateOrigin begins a file in origin/, which holds what migrate keeps of its
// source. It is durable once Close has returned nil and the draft was flushed.
func (d *Draft) CreateOrigin(name string) (io.WriteCloser, error) {
	folder := filepath.Join(d.w.dir, OriginName)
	if err := ensureDir(d.w.fs, folder); err != nil {
		return nil, err
	}
	f, err := d.w.fs.OpenFile(filepath.Join(folder, name), os.O_RDWR|os.O_CREATE|os.O_TRUNC, d.w.mode)
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	out := bufio.NewWriter(io.MultiWriter(io.NewOffsetWriter(f, 0), sum))
	return &originFile{out, f, sum, func(sum string) {
		if d.sums == nil {
			d.sums = map[string]string{}
		}
		d.sums[name] = sum
	}}, nil
}

func (o *originFile) Close() error {
	// Not synced, the file could be empty after a crash, beside a log that is complete.
	//mutant:make-what-was-kept-of-a-source-is-not-synced
	if err := errors.Join(o.Flush(), o.file.Sync(), o.file.Close()); err != nil {
		return err
	}
	o.done(hex.EncodeToString(o.sum.Sum(nil)))
	return nil
}

// CreateQuarantine begins a file in quarantine/ for what follows an offset of
// a migrated source. It is durable, under a name that tells its length and
// checksum, once Close has returned nil and the draft was flushed.
func (d *Draft) CreateQuarantine(from int64) (io.WriteCloser, error) {
	folder := filepath.Join(d.w.dir, QuarantineName)
	if err := ensureDir(d.w.fs, folder); err != nil {
		return nil, err
	}
	temporary := filepath.Join(folder, ".source.tmp")
	f, err := d.w.fs.OpenFile(temporary, os.O_RDWR|os.O_CREATE|os.O_TRUNC, d.w.mode)
	if err != nil {
		return nil, err
	}
	q := &quarantineWriter{fs: d.w.fs, folder: folder, temporary: temporary, from: from, file: f, sum: crc32.New(castagnoli)}
	q.out = bufio.NewWriter(io.MultiWriter(io.NewOffsetWriter(f, 0), q.sum))
	return q, nil
}

// A quarantineWriter writes a file of quarantine/ whose content is not known yet.
type quarantineWriter struct {
	fs                FS
	folder, temporary string
	from, n           int64
	file              File
	sum               hash.Hash32
	out               *bufio.Writer
}

func (q *quarantineWriter) Write(p []byte) (int, error) {
	q.n += int64(len(p))
	return q.out.Write(p)
}

func (q *quarantineWriter) Close() error {
	//mutant:make-what-was-salvaged-is-not-synced
	err := errors.Join(q.out.Flush(), q.file.Sync(), q.file.Close())
	if err == nil {
		err = q.fs.Rename(q.temporary, filepath.Join(q.folder, quarantineName(0, Offset(q.from), Offset(q.n), q.sum.Sum32())))
	}
	if err == nil {
		err = q.fs.SyncDir(q.folder)
	}
	return err
}

// OpenOrigin opens a file of origin/. fs.ErrNotExist: the log was not migrated.
func (l *Log) OpenOrigin(name string) (File, error) {
	return l.fs.OpenFile(filepath.Join(l.Dir, OriginName, name), os.O_RDONLY, 0)
}
