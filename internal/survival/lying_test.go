package survival

import (
	"bytes"
	"context"
	"io/fs"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/faultfs"
	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/segment"
)

// A lying disk silently flips a bit in what is written to files whose names have a prefix
// and a suffix.
type lying struct {
	*faultfs.Disk
	prefix string
	suffix string
	at     int // offset of the changed byte
	lied   bool
}

func (d *lying) OpenFile(name string, flag int, perm fs.FileMode) (segment.File, error) {
	f, err := d.Disk.OpenFile(name, flag, perm)
	if err == nil && strings.HasPrefix(name, d.prefix) && strings.HasSuffix(name, d.suffix) {
		f = &lyingFile{f, d}
	}
	return f, err
}

type lyingFile struct {
	segment.File
	disk *lying
}

func (f *lyingFile) WriteAt(b []byte, off int64) (int, error) {
	if at := f.disk.at - int(off); at >= 0 && at < len(b) {
		b = bytes.Clone(b)
		b[at] ^= 1
		f.disk.lied = true
	}
	return f.File.WriteAt(b, off)
}

// TestLyingDisk changes each byte that maintenance writes in turn. It must be noticed before
// the file that the new one replaces is removed.
func TestLyingDisk(t *testing.T) {
	compress := func(c segment.Codec) func(*run, segment.Options) error {
		return func(r *run, o segment.Options) error {
			_, err := segment.Compress(context.Background(), r.dir, 1, c, o)
			return err
		}
	}
	archive := func(r *run, o segment.Options) error {
		_, err := segment.Archive(context.Background(), r.dir, "/archive", 5, o)
		return err
	}
	restamp := func(r *run, o segment.Options) error {
		_, err := segment.Restamp(context.Background(), r.dir, segment.Settings{"time-field": "/other"}, nil, o)
		return err
	}
	merge := func(r *run, o segment.Options) error {
		_, err := segment.Merge(context.Background(), r.dir, 1, 9, segment.Zstd, o)
		return err
	}
	snapshot := func(r *run, o segment.Options) error {
		r.disk.NoLinks()
		_, err := segment.Snapshot(context.Background(), r.dir, "/copy", nil, o)
		return err
	}
	for _, row := range []struct {
		name, prefix, suffix string
		do                   func(*run, segment.Options) error
	}{
		{"merge the texts", "", ".zst.tmp", merge},
		{"merge the indexes", "", ".index.tmp", merge},
		{"compress by zstd", "", ".zst.tmp", compress(segment.Zstd)},
		{"compress by gzip", "", ".gz.tmp", compress(segment.Gzip)},
		{"archive the text", "", ".ndjson.tmp", archive},
		{"archive the index", "", ".index.tmp", archive},
		{"restamp a sealed segment", "", "." + filename.Index(1) + ".tmp", restamp},
		{"copy a sealed segment", "/copy/", filename.Text(1), snapshot},
		{"copy a sealed segment's index", "/copy/", filename.Index(1), snapshot},
		{"copy the active segment", "/copy/", filename.Text(9), snapshot},
	} {
		t.Run(row.name, func(t *testing.T) {
			model := newRun(scenario{prepare: long}, "always")
			for at := 0; ; at++ {
				r := model.clone()
				disk := &lying{Disk: r.disk, prefix: row.prefix, suffix: row.suffix, at: at}
				o := r.options()
				o.FS = disk
				err := row.do(r, o)
				if !disk.lied {
					if err != nil || at < 50 {
						t.Errorf("%d bytes were written, %v", at, err)
					}
					return
				}
				if err == nil {
					t.Errorf("byte %d: nobody noticed", at)
				}
				if err := r.checkRecords(); err != nil {
					t.Errorf("byte %d: %v", at, err)
				}
				for name := range r.disk.Files() {
					if strings.HasSuffix(name, ".tmp") || strings.HasSuffix(name, ".zst") || strings.HasSuffix(name, ".gz") || strings.HasPrefix(name, "/copy") {
						t.Errorf("byte %d: %s is left", at, name)
					}
				}
			}
		})
	}
}
