package migrate

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/histlog/histlog/internal/recordtime"
	"github.com/histlog/histlog/segment"
)

// filesName is the file in origin/ of a log whose records were files: one line for each
// record, with the name and the size of its file.
const filesName = "files.ndjson"

// A fileLine is a line of filesName.
type fileLine struct {
	File  string `json:"file"`
	Bytes int64  `json:"bytes"` // of the text, decompressed
}

// atFiles is RecordsAt in the receipt of a log whose records were files.
const atFiles = "files"

// exportFiles is Export in that receipt. An older histlog, which does not know the word,
// says that an export differs from its source.
const exportFiles = "files"

// Errors about files of one record each.
var (
	// ErrNotOne is returned for a file that holds more than one value.
	ErrNotOne = errors.New("the file holds more than one JSON value, and should be one record")
	// ErrNotFile is returned for a directory, a pipe or a device.
	ErrNotFile = errors.New("not a regular file")
	// ErrFiles is returned for VerifyRoundtrip of files of one record each: their white space
	// is not kept.
	ErrFiles = errors.New("files of one record each can't be exported again")
	// ErrSomeTimes is returned by SortByTime if some records have a time and others have none.
	ErrSomeTimes = errors.New("no time was found in its record, while others have one")
)

// smallChunk is the minimum size of a chunk of a file that is one record.
const smallChunk = 16 << 10

// fileOptions returns the options for the file called name.
func (o Options) fileOptions(name string, size int64) Options {
	o.Source, o.Sources, o.Progress = name, nil, nil
	o.chunk = int(max(smallChunk, min(size+1, chunkBytes)))
	return o
}

// readOne reads a file that is one record.
func readOne(ctx context.Context, o Options, name string, begin func(*sourcePass) error) (*sourcePass, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	p := &sourcePass{ctx: ctx, o: o.fileOptions(name, info.Size()), finder: recordFinder{as: shape{stream: true, named: true}}}
	err = p.read(o.Accept, func(p *sourcePass) error {
		if err := begin(p); err != nil {
			return err
		}
		take, n := p.take, 0
		p.take = func(compact, timeScalar []byte) error {
			if n++; n > 1 {
				return ErrNotOne
			}
			return take(compact, timeScalar)
		}
		return nil
	})
	return p, err
}

// readFiles fills the draft with a record of each file.
func (m *migration) readFiles() error {
	for _, name := range m.o.Sources {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		m.total += info.Size()
	}
	for i, name := range m.o.Sources {
		begin := m.begin
		if i > 0 {
			begin = m.beginNext
		}
		p, err := readOne(m.ctx, m.o, name, begin)
		if err == nil {
			err = m.endFile(name, p)
		}
		switch {
		case err != nil && m.draft == nil: // it is about the log
			return err
		case err != nil:
			return &FileError{name, err}
		}
	}
	return m.files.Close()
}

// endFile notes the file of the record that was read last.
func (m *migration) endFile(name string, p *sourcePass) (err error) {
	if m.files == nil {
		if m.files, err = m.draft.CreateOrigin(filesName); err != nil {
			return err
		}
	}
	line, err := json.Marshal(fileLine{name, p.source.size})
	if err == nil {
		_, err = m.files.Write(append(line, '\n'))
	}
	m.receipt.SourceBytes += p.source.size
	m.receipt.NonFinite += p.scan.NonFinite()
	if m.before += p.size; m.o.Progress != nil {
		m.o.Progress(m.before, m.total)
	}
	return err
}

// describeFiles fills the receipt with what was found in the files.
func (m *migration) describeFiles() {
	m.receipt.Source = cmp.Or(m.o.Source, m.o.Sources[0])
	m.receipt.Files, m.receipt.Records = len(m.o.Sources), uint64(len(m.o.Sources))
	m.receipt.RecordsAt, m.receipt.Share, m.receipt.Export = atFiles, 1, exportFiles
}

// SortByTime sorts o.Sources, files of one record each, by the times of their records, and
// files with the same time by name. If no record has a time that can be read, it sorts them
// by when the files were modified, and modified is true.
func SortByTime(ctx context.Context, o Options) (modified bool, err error) {
	type dated struct {
		name           string
		time, modified time.Time
	}
	files := make([]dated, len(o.Sources))
	var clock fileClock
	clock.settings = o.Settings
	none := "" // the first file without a time
	for i, name := range o.Sources {
		f := &files[i]
		f.name = name
		if f.time, f.modified, err = clock.read(ctx, o, name); err != nil {
			return false, &FileError{name, err}
		}
		if f.time.IsZero() && none == "" {
			none = name
		}
	}
	modified = !slices.ContainsFunc(files, func(f dated) bool { return !f.time.IsZero() })
	if none != "" && !modified {
		return false, &FileError{none, fmt.Errorf("%w at %s", ErrSomeTimes, clock.settings.Get(timeFieldKey))}
	}
	slices.SortFunc(files, func(a, b dated) int {
		if modified {
			a.time, b.time = a.modified, b.modified
		}
		return cmp.Or(a.time.Compare(b.time), strings.Compare(a.name, b.name))
	})
	for i, f := range files {
		o.Sources[i] = f.name
	}
	return modified, nil
}

// A fileClock reads the times of records that are files.
type fileClock struct {
	settings segment.Settings
	policy   segment.Policy
	known    bool // settings and policy are those of the first record
}

// read returns the time of the record in a file, zero if it has none, and when the file was
// modified.
func (c *fileClock) read(ctx context.Context, o Options, name string) (at, modified time.Time, err error) {
	p, err := readOne(ctx, o, name, func(p *sourcePass) (err error) {
		if !c.known {
			if c.policy, err = c.settings.Policy(); err != nil {
				return err
			}
		}
		p.scan.Limit(c.policy.MaxRecord)
		p.take = func(_, timeScalar []byte) error {
			parser := recordtime.Parser{Format: c.policy.TimeFormat, Zone: c.policy.TimeZone}
			if t, ok := parser.Parse(timeScalar); ok {
				at = t
			}
			return nil
		}
		if c.known {
			p.capture(c.policy.TimeField)
			return nil
		}
		p.findTimes(func(s segment.Settings) (_ segment.Policy, err error) {
			c.settings, c.known = s, true
			c.policy, err = s.Policy()
			return c.policy, err
		})
		return nil
	})
	if err != nil || p.info == nil {
		return at, modified, err
	}
	return at, p.info.ModTime(), nil
}
