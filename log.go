package histlog

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"

	"github.com/google/uuid"
	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
)

// A Log reads the log at a directory. It holds nothing open, so it needs no
// Close; each call sees what was appended before it. Several goroutines may use it.
type Log struct {
	dir string
	id  uuid.UUID
}

// Open opens the log at dir for reading. The error is ErrNoLog if there is none.
func Open(dir string) (*Log, error) {
	l, err := segment.Open(dir)
	defer func() { l.Close() }() // also after an error
	if err != nil {
		return nil, err
	}
	return &Log{dir, l.Marker.ID}, nil
}

// Records returns the records of a range in the order of their sequences. A record
// that cannot be read is yielded with only its Seq and an error, ErrLost or a
// *CorruptError; then the next record that can be read follows. If a segment file is
// missing or cannot be opened, only the first of its records is yielded in this way.
// Any other error is yielded with the zero Record and ends the iteration: ErrRetired
// if q.From is a record that retention has removed, ErrReplaced, the error of ctx, or
// an error of the disk.
func (l *Log) Records(ctx context.Context, q Range) iter.Seq2[Record, error] {
	return l.read(ctx, q, func(context.Context, *reader.Reader) error { return errEnd })
}

// Follow returns the records from sequence from on, 0 meaning the oldest, and then
// each one that is appended, until ctx ends; the error of ctx comes last. Otherwise Follow
// works as Records does. To follow only new records, pass the Seq of Last plus 1 as from.
func (l *Log) Follow(ctx context.Context, from Sequence) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		watch := reader.NewWatch(l.dir) // before the first record is read, so that none is missed
		defer watch.Close()
		wait := func(ctx context.Context, r *reader.Reader) error {
			if err := watch.Wait(ctx); err != nil {
				return err
			}
			return r.Refresh()
		}
		l.read(ctx, Range{From: from}, wait)(yield)
	}
}

// Record returns one record. The error is ErrNoRecord, ErrRetired, ErrLost, or a
// *CorruptError if the record was damaged on disk.
func (l *Log) Record(ctx context.Context, seq Sequence) (Record, error) {
	for record, err := range l.Records(ctx, Range{From: seq, To: seq}) {
		return record, err
	}
	return Record{}, fmt.Errorf("%s: record %d: %w", l.dir, seq, ErrNoRecord)
}

// Last returns the newest record. The error is ErrNoRecord if the log is empty, and
// otherwise an error as Record returns it.
func (l *Log) Last(ctx context.Context) (Record, error) {
	for record, err := range l.Records(ctx, Range{Last: 1}) {
		return record, err
	}
	return Record{}, fmt.Errorf("%s: %w", l.dir, ErrNoRecord)
}

// A Report is what Verify found.
type Report struct {
	Records uint64          // complete, and as they were appended
	Lost    uint64          // places of records that were damaged and could not be repaired
	Damage  []*CorruptError // nil: every byte is what was written
}

// Verify reads every byte of the log and compares it with its checksum. Damage is in
// the Report; Verify returns an error only if the log could not be read.
func (l *Log) Verify(ctx context.Context) (Report, error) {
	log, err := l.open(ctx)
	if err != nil {
		return Report{}, err
	}
	defer log.Close()
	found, err := log.VerifyAll(ctx, nil)
	if err != nil {
		return Report{}, err
	}
	origin, _, err := log.VerifyOrigin(ctx)
	for _, d := range origin {
		found.Damage = append(found.Damage, &CorruptError{Path: filepath.Join(l.dir, filename.Origin, d.Name), Reason: d.Reason})
	}
	return Report{found.Records, found.Blank, found.Damage}, err
}

// errEnd ends the reading of a range without an error.
var errEnd = errors.New("end")

// read returns the records of a range. Each time it has read all records that there are, it
// calls more, until more returns an error.
func (l *Log) read(ctx context.Context, q Range, more func(context.Context, *reader.Reader) error) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		log, err := l.open(ctx)
		if err != nil {
			yield(Record{}, err)
			return
		}
		defer log.Close()
		r, err := reader.NewContext(ctx, log, reader.Query{From: q.From, To: q.To, Since: q.Since, Until: q.Until, Last: q.Last})
		if err != nil {
			yield(Record{}, err)
			return
		}
		defer r.Close()
		for {
			for r.Next() {
				if !yield(recordOf(r.Record())) {
					return
				}
			}
			err := r.Err()
			if err == nil {
				err = more(ctx, r)
			}
			if err != nil {
				if err != errEnd {
					yield(Record{}, err)
				}
				return
			}
		}
	}
}

// open opens the log as it is now.
func (l *Log) open(ctx context.Context) (*segment.Log, error) {
	log, err := segment.OpenContext(ctx, l.dir, nil)
	if err == nil && log.Marker.ID != l.id {
		err = fmt.Errorf("%s: %w", l.dir, ErrReplaced)
	}
	if err != nil {
		_ = log.Close()
		return nil, err
	}
	return log, nil
}

// recordOf copies a record, because its text belongs to the Reader.
func recordOf(r reader.Record) (Record, error) {
	switch {
	case r.Damage != nil:
		return Record{Seq: r.Seq}, r.Damage
	case r.Blank:
		return Record{Seq: r.Seq}, fmt.Errorf("record %d: %w", r.Seq, ErrLost)
	}
	return Record{Seq: r.Seq, Time: r.Time, Arrived: r.Arrived, Text: slices.Clone(r.Text)}, nil
}
