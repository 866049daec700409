package reader

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/histlog/histlog/segment"
)

// ErrReplaced is returned when the directory now holds another log, or an older copy of
// the log. Open it again.
var ErrReplaced = segment.ErrReplaced

// A Query says which records to read. The zero value means all of them.
type Query struct {
	From, To     segment.Sequence // inclusive; 0 means from the oldest, to the newest
	Since, Until time.Time        // inclusive, by the records' times; zero means no bound
	Last         uint64           // only the last Last of these records; 0 means all
	Skip         uint64           // leave out the first Skip of these records
	OnlyNew      bool             // only records that are appended after the call of New
}

func (q Query) timed() bool { return !q.Since.IsZero() || !q.Until.IsZero() }

// covers says whether a record's time is asked for.
func (q Query) covers(t time.Time) bool {
	return !t.Before(q.Since) && (q.Until.IsZero() || !t.After(q.Until))
}

// A Record is one record. Of a damaged record only Seq and Damage are set. If the record
// was lost and its place repaired, Blank is true and Text is not JSON.
type Record struct {
	segment.Record
	Damage error // why the record cannot be read; nil means that it was read
}

// A Reader returns records in the order of their sequences. It keeps one segment open at
// a time. It must not be used by several goroutines at once.
type Reader struct {
	ctx     context.Context // ends a long search for records that a query wants
	log     *segment.Log
	query   Query
	seq     segment.Sequence // to read next
	current *segment.Reader  // holds seq, or is nil
	record  Record
	read    segment.Record // the last one that was read intact, without its text; Seq is 0 before
	err     error
}

// New returns a Reader of log. The Reader owns log from then on and may refresh it. The
// error is segment.ErrRetired if the range begins before the oldest record that is left.
func New(log *segment.Log, q Query) (*Reader, error) { return NewContext(context.Background(), log, q) }

// NewContext is like New, but the Reader stops with ctx.Err() when ctx ends, even while it
// searches a long log for the first record of the query.
func NewContext(ctx context.Context, log *segment.Log, q Query) (*Reader, error) {
	r := &Reader{ctx: ctx, log: log, query: q, seq: max(q.From, log.Marker.FirstSeq)}
	if q.From != 0 && q.From < log.Marker.FirstSeq {
		_, err := log.Find(q.From)
		return nil, err
	}
	if q.OnlyNew {
		next, err := log.NextSeq()
		r.seq = max(r.seq, next)
		return r, err
	}
	if q.Last == 0 {
		return r, nil
	}
	start, err := r.startOfLast()
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	r.seq = start
	return r, nil
}

// startOfLast returns the sequence of the first of the last query.Last records. It searches
// backwards.
func (r *Reader) startOfLast() (segment.Sequence, error) {
	next, err := r.log.NextSeq()
	if err != nil {
		return 0, err
	}
	if r.query.From == 0 {
		r.seq = r.log.Marker.FirstSeq // as it is now
	}
	if r.query.To != 0 && r.query.To < next {
		next = r.query.To + 1
	}
	if !r.query.timed() {
		if uint64(next-r.seq) <= r.query.Last || next < r.seq {
			return r.seq, nil
		}
		return next - segment.Sequence(r.query.Last), nil
	}
	start := next
	for found := uint64(0); start > r.seq && found < r.query.Last; {
		err := r.open(start - 1)
		if errors.Is(err, segment.ErrRetired) && r.query.From == 0 {
			break // the records before start were retired meanwhile
		}
		if err != nil {
			return 0, err
		}
		base := r.current.Segment().Base
		if r.outside() {
			start = base
			continue
		}
		for start > max(base, r.seq) && found < r.query.Last {
			if err := r.ctx.Err(); err != nil {
				return 0, err
			}
			start--
			if e, err := r.current.Entry(start); err != nil || r.query.covers(e.Time) {
				found++
			}
		}
	}
	return start, nil
}

// outside reports whether, by the trailer of the current segment, none of its records is in
// the time range.
func (r *Reader) outside() bool {
	least, greatest, ok := r.current.Span()
	return ok && r.query.timed() && (greatest.Before(r.query.Since) || (!r.query.Until.IsZero() && least.After(r.query.Until)))
}

// open makes the segment that holds seq the current one.
func (r *Reader) open(seq segment.Sequence) error {
	if c := r.current; c != nil {
		if s := c.Segment(); seq >= s.Base && (s.Next == 0 || seq < s.Next) {
			return nil
		}
	}
	if err := r.closeCurrent(); err != nil {
		return err
	}
	err := r.openListed(seq)
	switch {
	case errors.Is(err, segment.ErrCorrupt): // the listing may be old, or the file not one of the log's
		err = r.refreshBy(r.log.RefreshAll)
	case errors.Is(err, segment.ErrRetired):
		err = r.refreshLog()
	default:
		return err
	}
	if err != nil {
		return err
	}
	return r.openListed(seq)
}

func (r *Reader) openListed(seq segment.Sequence) error {
	i, err := r.log.Find(seq)
	if err != nil {
		return err
	}
	r.current, err = r.log.OpenReader(r.log.Segments[i])
	return err
}

// refreshLog lists the log anew, which must be the same one still.
func (r *Reader) refreshLog() error { return r.refreshBy(r.log.Refresh) }

func (r *Reader) refreshBy(refresh func() error) error {
	id := r.log.Marker.ID
	if err := refresh(); err != nil {
		return err
	}
	if r.log.Marker.ID != id {
		return fmt.Errorf("%s: %w", r.log.Dir, ErrReplaced)
	}
	return nil
}

// Next reads the next record and reports whether there is one. It returns false at the end
// of the range, at the present end of the log, and after an error.
func (r *Reader) Next() bool {
	for r.err == nil && (r.query.To == 0 || r.seq <= r.query.To) {
		if r.err = r.ctx.Err(); r.err != nil {
			return false
		}
		if err := r.open(r.seq); errors.Is(err, segment.ErrNoRecord) {
			return false // the end of an archive
		} else if err != nil {
			return r.damaged(err)
		}
		s := r.current.Segment()
		if s.Sealed && r.outside() {
			r.seq = s.Next
			continue
		}
		if r.seq >= r.current.Next() && (!s.Sealed || r.seq >= s.Next) {
			return false
		}
		if r.query.timed() {
			if e, err := r.current.Entry(r.seq); err == nil && !r.query.covers(e.Time) {
				r.seq++
				continue
			}
		}
		if r.query.Skip > 0 {
			r.query.Skip--
			r.seq++
			continue
		}
		rec, err := r.current.Record(r.seq)
		if err != nil {
			return r.damaged(err)
		}
		r.record = Record{Record: rec}
		r.read = segment.Record{Seq: rec.Seq, Entry: rec.Entry}
		r.seq++
		return true
	}
	return false
}

// damaged makes the record at r.seq the current one, with err as its damage. It stops the
// Reader if err is any other error. If a segment cannot be opened, or segments after one
// are missing, only the first of their records is returned as damaged.
func (r *Reader) damaged(err error) bool {
	if !errors.Is(err, segment.ErrCorrupt) {
		r.err = err
		return false
	}
	r.record = Record{Record: segment.Record{Seq: r.seq}, Damage: err}
	r.seq++
	if r.current != nil {
		if s := r.current.Segment(); s.Sealed && r.seq > r.current.Next() {
			r.seq = s.Next
		}
		return true
	}
	if i, err := r.log.Find(r.seq - 1); err == nil && r.log.Segments[i].Sealed {
		r.seq = r.log.Segments[i].Next
	} else if err != nil {
		r.seq = r.log.Segments[0].Base
	} else {
		r.err = fmt.Errorf("the active segment can't be read: %w", r.record.Damage)
	}
	return true
}

// All returns the records that Next reads, until ctx ends, for example for migrate.Export.
// It ends at the first damaged record, with an error.
func (r *Reader) All(ctx context.Context) iter.Seq2[segment.Record, error] {
	return func(yield func(segment.Record, error) bool) {
		for r.Next() {
			err := cmp.Or(ctx.Err(), r.record.Damage)
			if !yield(r.record.Record, err) || err != nil {
				return
			}
		}
		if r.err != nil {
			yield(segment.Record{}, r.err)
		}
	}
}

// Record returns the record that Next read. Its text belongs to the Reader and is valid
// until the next call.
func (r *Reader) Record() Record { return r.record }

// Seq returns the sequence of the record that Next reads next.
func (r *Reader) Seq() segment.Sequence { return r.seq }

// Err returns the error that stopped the Reader; nil if it is at the end of the range or
// of the log.
func (r *Reader) Err() error { return r.err }

// Refresh makes records visible that were appended since: Next may then return true again.
// The error is ErrReplaced if the directory now holds another log, or an older copy of this
// one.
func (r *Reader) Refresh() error {
	if err := r.refreshLog(); err != nil {
		return err
	}
	if err := r.sameRecord(); err != nil {
		return err
	}
	if r.current == nil {
		return nil
	}
	last := r.log.Segments[len(r.log.Segments)-1]
	if s := r.current.Segment(); s == last {
		return r.current.Refresh()
	}
	return r.closeCurrent()
}

// sameRecord returns ErrReplaced if the log no longer has the record that was read last:
// then an older copy of the log was restored, to which records may have been appended
// since. sameRecord opens the segment again, because the open file may not be the file
// that now has its name.
func (r *Reader) sameRecord() error {
	if r.read.Seq == 0 {
		return nil
	}
	if err := r.closeCurrent(); err != nil {
		return err
	}
	err := r.open(r.read.Seq)
	var now segment.Entry
	if err == nil {
		now, err = r.current.Entry(r.read.Seq)
	}
	switch {
	case errors.Is(err, segment.ErrNoRecord):
		return fmt.Errorf("%s: %w: it ends before record %d, which was read", r.log.Dir, ErrReplaced, r.read.Seq)
	case errors.Is(err, segment.ErrRetired), errors.Is(err, segment.ErrCorrupt):
		return nil // the next call of Next reports the damage or the retirement
	case err != nil:
		return err
	case now.CRC != r.read.CRC && now.Flags&segment.Lost == 0:
		return fmt.Errorf("%s: %w: record %d is not the one that was read", r.log.Dir, ErrReplaced, r.read.Seq)
	}
	return nil
}

func (r *Reader) closeCurrent() error {
	if r.current == nil {
		return nil
	}
	err := r.current.Close()
	r.current = nil
	return err
}

// Close closes the segment that is open.
func (r *Reader) Close() error { return r.closeCurrent() }
