package migrate

import (
	"bytes"
	"strings"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/segment"
)

// timeFieldKey is the setting that names the time field.
const timeFieldKey = "time-field"

// sampleRecords and sampleBytes are the maximum number of records in a sample, and of the
// bytes that are held for it.
const (
	sampleRecords = 8
	sampleBytes   = 256 << 10
)

// A timeSample holds back the first records of a pass until they have shown where the
// records have their times. So a source that can be read only once is sampled, too.
type timeSample struct {
	pass    *sourcePass
	apply   func(segment.Settings) (segment.Policy, error)
	next    take     // receives the records, with their times
	held    [][]byte // copies of records
	length  int      // of the held records in bytes
	wrapped int      // number of objects that the records are wrapped in
}

// findTimes looks for the time field in the first records of the pass, unless the settings
// name it. apply receives the settings with the time field before p.take receives the first
// record, and returns their policy.
func (p *sourcePass) findTimes(apply func(segment.Settings) (segment.Policy, error)) {
	p.sample = &timeSample{pass: p, apply: apply, next: p.take}
	p.take = p.sample.take
}

// follow makes p continue the sample or the search of the pass before, over another source
// of the same log.
func (p *sourcePass) follow(before *sourcePass) {
	p.capture(before.timeField)
	switch p.sample, p.search = before.sample, before.search; {
	case p.sample != nil:
		p.sample.pass, p.take = p, p.sample.take
	case p.search != nil:
		p.search.pass, p.take = p, p.search.take
	}
}

// endSample ends what waits for more records, at the end of the source.
func (p *sourcePass) endSample() error {
	if p.sample != nil {
		if err := p.sample.end(p.sample.held); err != nil {
			return err
		}
	}
	if p.search != nil {
		return p.search.end()
	}
	return nil
}

func (s *timeSample) take(compact, _ []byte) error {
	if m := s.pass.finder.matcher; m != nil {
		s.wrapped = len(m.keys.keys)
	}
	// The last record of the sample is not copied, however large it is.
	if len(s.held)+1 == sampleRecords || s.length+len(compact) > sampleBytes {
		return s.end(append(s.held, compact))
	}
	s.held = append(s.held, bytes.Clone(compact))
	s.length += len(compact)
	return nil
}

// end decides how times are read, and passes the sample on.
func (s *timeSample) end(records [][]byte) error {
	p := s.pass
	settings, search, err := s.orderSettings(timeSettings(p.o.Settings, records, s.wrapped), records)
	if err != nil {
		return err
	}
	policy, err := s.apply(settings)
	if err != nil {
		return err
	}
	p.sample, p.search, p.take = nil, search, s.next
	p.capture(policy.TimeField)
	if search != nil {
		p.take = search.take
	}
	for _, r := range records {
		if err := p.take(r, jsonscan.CaptureIn(r, policy.TimeField)); err != nil {
			return err
		}
	}
	return nil
}

// timeSettings returns s with the time field of the records, unless s has one. Where there
// are several keys, the one that * means is the innermost.
func timeSettings(s segment.Settings, records [][]byte, wrapped int) segment.Settings {
	if field, named := s[timeFieldKey]; named {
		if field == "*" && wrapped > 1 {
			return s.With(segment.Settings{timeFieldKey: "*" + strings.Repeat("/*", wrapped-1)})
		}
		return s
	}
	if found := findTimeField(records, wrapped, s); found != "" && found != s.Get(timeFieldKey) {
		return s.With(segment.Settings{timeFieldKey: found})
	}
	return s
}
