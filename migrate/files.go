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

// eachFile reads o.Sources, files of one record each. Their records are sampled, and
// searched for the order of day and month, as those of one source; so one round may not be
// enough. begin is called before each file, with the pass over the file before; nil means the
// first file of a round. end is called after each file.
func eachFile(ctx context.Context, o Options, begin func(p, before *sourcePass) error, end func(name string, p *sourcePass) error) error {
	again := new(restart)
	for {
		err := eachFileOnce(ctx, o, again.format, begin, end)
		if !errors.As(err, &again) {
			return err
		}
	}
}

// eachFileOnce reads all files once. format is that of sourcePass.
func eachFileOnce(ctx context.Context, o Options, format string, begin func(p, before *sourcePass) error, end func(name string, p *sourcePass) error) error {
	var before *sourcePass
	for i, name := range o.Sources {
		info, err := os.Stat(name)
		if err == nil && !info.Mode().IsRegular() {
			err = ErrNotFile
		}
		if err != nil {
			return &FileError{name, err}
		}
		p := &sourcePass{ctx: ctx, o: o.fileOptions(name, info.Size()), finder: recordFinder{as: shape{stream: true, named: true}}, format: format, single: true, more: i+1 < len(o.Sources)}
		err = p.read(o.Accept, func(p *sourcePass) error {
			if p.info == nil { // a pipe has replaced it
				return ErrNotFile
			}
			return begin(p, before)
		})
		if err == nil {
			err = end(name, p)
		}
		switch {
		case errors.Is(err, ErrOrder): // it is about all files
			return err
		case err != nil:
			return &FileError{name, err}
		}
		before = p
	}
	return nil
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
	err := eachFile(m.ctx, m.o, m.beginFile, m.endFile)
	var in *FileError
	switch {
	case err == nil:
		return m.files.Close()
	case m.draft == nil && errors.As(err, &in): // it is about the log
		return in.Err
	}
	return err
}

// beginFile prepares the draft for a file.
func (m *migration) beginFile(p, before *sourcePass) error {
	if before != nil {
		return m.beginNext(p)
	}
	err := m.begin(p)
	m.files, m.receipt, m.before = nil, Receipt{}, 0
	return err
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

// A datedFile is a file of one record.
type datedFile struct {
	name           string
	time, modified time.Time // of its record, zero if it has none; and of the file
}

// SortByTime sorts o.Sources, files of one record each, by the times of their records, and
// files with the same time by name. If no record has a time that can be read, it sorts them
// by when the files were modified, and modified is true.
func SortByTime(ctx context.Context, o Options) (modified bool, err error) {
	files, field, err := readTimes(ctx, o)
	if err != nil {
		return false, err
	}
	hasTime := func(f datedFile) bool { return !f.time.IsZero() }
	modified = !slices.ContainsFunc(files, hasTime)
	none := slices.IndexFunc(files, func(f datedFile) bool { return !hasTime(f) })
	if none >= 0 && !modified {
		return false, &FileError{files[none].name, fmt.Errorf("%w at %s", ErrSomeTimes, field)}
	}
	slices.SortFunc(files, func(a, b datedFile) int {
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

// readTimes returns o.Sources, files of one record each, with their times, and the field
// that has them.
func readTimes(ctx context.Context, o Options) (files []datedFile, field string, err error) {
	policy, err := o.Settings.Policy()
	if err != nil {
		return nil, "", err
	}
	files = make([]datedFile, len(o.Sources))
	taken := 0 // number of records that were taken: those of the first files
	take := func(_, timeScalar []byte) error {
		parser := recordtime.Parser{Format: policy.TimeFormat, Zone: policy.TimeZone}
		t, ok := parser.Parse(timeScalar)
		if !ok {
			t = time.Time{}
		}
		files[taken].time = t
		taken++
		return nil
	}
	apply := func(s segment.Settings) (_ segment.Policy, err error) {
		field = s.Get(timeFieldKey)
		policy, err = s.Policy()
		return policy, err
	}
	read := 0 // number of files that were read
	err = eachFile(ctx, o, func(p, before *sourcePass) error {
		p.scan.Limit(policy.MaxRecord)
		p.take = take
		if before != nil {
			p.follow(before)
			return nil
		}
		taken, read = 0, 0
		p.findTimes(apply)
		return nil
	}, func(name string, p *sourcePass) error {
		files[read].name, files[read].modified = name, p.info.ModTime()
		read++
		return nil
	})
	return files, field, err
}
