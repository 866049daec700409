package migrate

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/histlog/histlog/segment"
)

// MaxSources is the maximum number of sources of one log. Each of them has files in
// origin/, whose names and checksums are held in memory.
const MaxSources = 1000

// Errors about several sources.
var (
	// ErrTooMany is returned for more than MaxSources sources.
	ErrTooMany = fmt.Errorf("more than %d sources", MaxSources)
	// ErrSeveral is returned when something can be done with one source only.
	ErrSeveral = errors.New("this takes one source")
)

// A FileError says which of several sources an error is about.
type FileError struct {
	Source string
	Err    error
}

func (e *FileError) Error() string { return e.Source + ": " + e.Err.Error() }
func (e *FileError) Unwrap() error { return e.Err }

// checkSources checks that what o asks for can be done with its sources. One source in
// Sources becomes Source.
func checkSources(o *Options) error {
	if o.Each {
		return checkFiles(o)
	}
	if len(o.Sources) == 1 {
		o.Source, o.Sources = o.Sources[0], nil
	}
	switch {
	case len(o.Sources) > MaxSources:
		return ErrTooMany
	case len(o.Sources) > 0 && o.Salvage:
		return fmt.Errorf("salvage: %w", ErrSeveral)
	case o.Salvage && readOnce(o.Source):
		return ErrOnce
	}
	for _, name := range o.Sources {
		if readOnce(name) { // a second reading may be necessary
			return &FileError{name, ErrOnce}
		}
	}
	return nil
}

// checkFiles is checkSources for files of one record each.
func checkFiles(o *Options) error {
	switch {
	case len(o.Sources) == 0:
		return ErrEmpty
	case o.Salvage:
		return fmt.Errorf("salvage: %w", ErrSeveral)
	case o.Verify == VerifyRoundtrip:
		return ErrFiles
	}
	for _, name := range o.Sources {
		if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
			return &FileError{name, ErrNotFile}
		}
	}
	return nil
}

// severalPlaces stands for a pointer where the records of the sources were not in one place.
const severalPlaces = "several places"

// sourcePrefix is what the names of the files in origin/ begin with that belong to source
// n of several, from 1.
func sourcePrefix(n int) string { return strconv.Itoa(n) + "." }

// A sourceReceipt is the receipt of one of several sources. Its members are a Receipt's.
type sourceReceipt struct {
	Source       string           `json:"source"`
	Records      uint64           `json:"records"`
	RecordsAt    string           `json:"records_at"`
	Share        float64          `json:"share"`
	SourceBytes  int64            `json:"source_bytes"`
	SourceSHA256 string           `json:"source_sha256"`
	FirstSeq     segment.Sequence `json:"first_seq"`
	LastSeq      segment.Sequence `json:"last_seq"`
	Export       string           `json:"export"`
	NonFinite    int64            `json:"non_finite"`
	Declared     *int64           `json:"declared_entries"`
}

// readSources fills the draft with the records of all sources.
func (m *migration) readSources() error {
	for _, name := range m.o.Sources {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		m.total += info.Size()
	}
	var shapes []shape
	format := ""
	for {
		err := m.readEach(shapes, format)
		var again *restart
		reshape := errors.As(err, &again) && again.format == ""
		reorder := again != nil && again.format != "" || errors.Is(err, ErrOrder)
		if !(reshape && shapes == nil) && !(reorder && format == "") {
			return err
		}
		// One pass does not decide what the records of a source are, or how their dates are
		// read, and the draft has some that are wrong. Find out for all sources, so that one
		// more draft is enough.
		var orders dateOrders
		if shapes, orders, err = m.learn(); err != nil {
			return err
		}
		if reorder {
			if format, err = orders.format(m.draft.Policy().TimeField.String()); err != nil {
				return err
			}
		}
		if err := m.discard(); err != nil {
			return err
		}
	}
}

// learn finds out what the records of all sources are, and what order of day and month
// their dates have.
func (m *migration) learn() (shapes []shape, orders dateOrders, err error) {
	policy := m.draft.Policy()
	for i, name := range m.o.Sources {
		before := orders
		p, err := readSource(m.ctx, m.options(i), m.o.Accept, func(p *sourcePass) error {
			orders = before // an earlier pass took the wrong values for records
			p.scan.Limit(policy.MaxRecord)
			p.capture(policy.TimeField)
			p.take = func(_, timeScalar []byte) error {
				orders.add(timeScalar)
				return nil
			}
			return nil
		})
		if err != nil {
			return nil, orders, &FileError{name, err}
		}
		shapes = append(shapes, p.finder.shape())
	}
	return shapes, orders, nil
}

// options returns the options for source i.
func (m *migration) options(i int) Options {
	o := m.o
	o.Source, o.Sources = m.o.Sources[i], nil
	if report := m.o.Progress; report != nil {
		o.Progress = func(read, _ int64) { report(m.before+read, m.total) }
	}
	return o
}

// readEach fills a new draft with the records of the sources, which have these shapes; nil
// means that each pass finds it out. format is that of sourcePass.
func (m *migration) readEach(shapes []shape, format string) error {
	m.sources, m.before = nil, 0
	for i, name := range m.o.Sources {
		p := &sourcePass{ctx: m.ctx, o: m.options(i), finder: recordFinder{as: shape{pointer: m.o.Records}}, format: format}
		if shapes != nil {
			p.finder.as = shapes[i]
		}
		begin := m.begin
		if i > 0 {
			begin = m.beginNext
		}
		err := p.read(m.o.Accept, begin)
		if err == nil {
			err = m.endOneOf(name)
		}
		switch {
		case err != nil && m.draft == nil: // it is about the log
			return err
		case err != nil:
			return &FileError{name, err}
		}
	}
	return nil
}

// beginNext prepares the draft for another source.
func (m *migration) beginNext(p *sourcePass) error {
	before := m.pass
	m.pass = p
	return m.prepare(p, before)
}

// endOneOf completes what origin/ has of one of the sources.
func (m *migration) endOneOf(name string) error {
	p := m.pass
	if err := m.endSource(); err != nil {
		return err
	}
	r := sourceReceipt{
		Source: name, Records: p.records, RecordsAt: p.finder.location(), Share: p.share(p.source.size),
		SourceBytes: p.source.size, SourceSHA256: p.source.digest(),
		Export: m.exportKind(), NonFinite: p.scan.NonFinite(), Declared: p.finder.declared,
	}
	if p.records > 0 {
		r.LastSeq = segment.Sequence(m.draft.Summary().Records)
		r.FirstSeq = r.LastSeq - segment.Sequence(p.records) + 1
	}
	m.sources = append(m.sources, r)
	m.before += p.size
	return writeJSON(m.draft, receiptName, r)
}

// describeSources fills the receipt of the log with what was found in all sources.
func (m *migration) describeSources() {
	r := &m.receipt
	r.Source, r.Sources, r.RecordsAt, r.Export = m.sources[0].Source, len(m.sources), m.sources[0].RecordsAt, exportSources
	for _, s := range m.sources {
		r.Records += s.Records
		r.SourceBytes += s.SourceBytes
		r.NonFinite += s.NonFinite
		r.Share += s.Share * float64(s.SourceBytes)
		if s.RecordsAt != r.RecordsAt {
			r.RecordsAt = severalPlaces
		}
	}
	if r.SourceBytes > 0 {
		r.Share /= float64(r.SourceBytes)
	}
	m.draft.PrefixOrigin("") // for the receipt of the log
}

// roundtripSources verifies each of several sources as roundtrip does a single one.
func (m *migration) roundtripSources(view *segment.Log) error {
	m.receipt.Verified = verifiedRoundtrip
	for i, s := range m.sources {
		tokens, err := m.roundtripOne(view, i, s)
		if err != nil {
			return &FileError{s.Source, err}
		}
		if tokens {
			m.receipt.Verified = verifiedTokens
		}
	}
	return nil
}

// roundtripOne exports source i and compares, or compares the records if tokens were
// converted.
func (m *migration) roundtripOne(view *segment.Log, i int, s sourceReceipt) (tokens bool, err error) {
	if s.Export == exportExact {
		return false, sameText(s.SourceSHA256, func(out io.Writer) error {
			_, err := ExportSource(out, view, i+1, records(view, s.FirstSeq))
			return err
		})
	}
	return true, sameRecords(m.ctx, m.options(i), view, s.Records)
}

// lastSource returns l with the files in origin/ of its last source.
func lastSource(l *segment.Log) (*segment.Log, error) {
	r, err := ReadReceipt(l)
	if err != nil || r == nil || r.Sources == 0 {
		return l, err
	}
	return l.WithOrigin(sourcePrefix(r.Sources)), nil
}
