package migrate

import (
	"context"
	"time"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/memguard"
	"github.com/histlog/histlog/internal/recordtime"
	"github.com/histlog/histlog/segment"
)

// A DryRunReport says what Run would do.
type DryRunReport struct {
	Source      string     `json:"source"`
	Records     uint64     `json:"records"`
	RecordsAt   string     `json:"records_at"` // JSON pointer to their array, a pattern, or "stream"
	Share       float64    `json:"share"`      // as in Receipt
	Declared    *int64     `json:"declared_entries"`
	SourceBytes int64      `json:"source_bytes"`
	LogBytes    int64      `json:"log_bytes"`
	Largest     int64      `json:"largest_record_bytes"`
	FirstTime   *time.Time `json:"first_time"`
	LastTime    *time.Time `json:"last_time"`
	Times
	NonFinite int64   `json:"non_finite"` // NaN and Infinity found
	FreeBytes uint64  `json:"free_bytes"`
	Seconds   float64 `json:"seconds"` // time that the reading took; a migration takes little more
	// Candidates are the places whose values may be the records, the most probable one first.
	// Of standard input and pipes, which are read only once, they are not known.
	Candidates []Candidate `json:"candidates"`
}

// DryRun reads a source as Run would, and writes nothing. It accepts and counts NaN and
// Infinity, whatever Options.Accept says.
func DryRun(ctx context.Context, o Options) (DryRunReport, error) {
	started := time.Now()
	report := DryRunReport{Source: o.Source}
	policy, err := o.Settings.Policy()
	if err == nil {
		err = segment.CheckEmpty(o.Dir, o.FS)
	}
	if err != nil {
		return report, err
	}
	accept := o.Accept
	accept.NonFinite = jsonscan.KeepNonFinite
	var times timeCounter
	var settings segment.Settings
	p, err := readSource(ctx, o, accept, func(p *sourcePass) error {
		report, times = DryRunReport{Source: o.Source}, timeCounter{}
		p.scan.Limit(policy.MaxRecord)
		var parser recordtime.Parser
		p.take = func(compact, timeScalar []byte) error {
			report.LogBytes += int64(len(compact)) + 1
			report.Largest = max(report.Largest, int64(len(compact)))
			t, ok := parser.Parse(timeScalar)
			if ok {
				report.addTime(t)
			}
			times.add(timeScalar, ok)
			return nil
		}
		p.findTimes(func(s segment.Settings) (_ segment.Policy, err error) {
			settings = s
			policy, err = s.Policy()
			parser = recordtime.Parser{Format: policy.TimeFormat, Zone: policy.TimeZone}
			times.format = policy.TimeFormat
			return policy, err
		})
		return nil
	})
	if err != nil {
		return report, err
	}
	report.Records, report.RecordsAt, report.Declared = p.records, p.finder.location(), p.finder.declared
	report.SourceBytes, report.NonFinite = p.source.size, p.scan.NonFinite()
	report.Times = times.result(settings)
	report.Share = p.share(report.SourceBytes)
	report.Seconds = time.Since(started).Seconds()
	if !p.once {
		s, err := surveySource(ctx, o, accept)
		if err != nil {
			return report, err
		}
		report.Candidates = s.named(s.candidates())
	}
	report.FreeBytes, _, err = memguard.DiskFree(nearestExisting(o.Dir))
	return report, err
}

// addTime extends the time span by the time of a record.
func (r *DryRunReport) addTime(t time.Time) {
	t = t.UTC()
	if r.FirstTime == nil || t.Before(*r.FirstTime) {
		r.FirstTime = &t
	}
	if r.LastTime == nil || t.After(*r.LastTime) {
		r.LastTime = &t
	}
}
