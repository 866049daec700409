package segment

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// originFile writes one file of origin/.
type originFile struct {
	*bufio.Writer
	file File
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
	return &originFile{bufio.NewWriter(io.NewOffsetWriter(f, 0)), f}, nil
}

func (o *originFile) Close() error {
	return errors.Join(o.Flush(), o.file.Sync(), o.file.Close())
}

// OpenOrigin opens a file of origin/. fs.ErrNotExist: the log was not migrated.
func (l *Log) OpenOrigin(name string) (File, error) {
	return l.fs.OpenFile(filepath.Join(l.Dir, OriginName, name), os.O_RDONLY, 0)
}
