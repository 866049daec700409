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

// ErrReplaced: another log stands at the directory by now. Open it anew.
var ErrReplaced = segment.ErrReplaced

// A Query says which records to read. The zero value: all.
type Query struct {
	From, To     segment.Sequence // inclusive; 0: from the oldest, to the newest
	Since, Until time.Time        // inclusive, by the records' times; zero: no bound
	Last         uint64           // of these only the last so many; 0: all
	Skip         uint64           // of these not the first so many
	OnlyNew      bool             // only records that are appended after New
}

func (q Query) timed() bool { return !q.Since.IsZero() || !q.Until.IsZero() }

// covers says whether a record's time is asked for.
func (q Query) covers(t time.Time) bool {
	return !t.Before(q.Since) && (q.Until.IsZero() || !t.After(q.Until))
}

// A Record is one record, or what is known of a damaged one: its sequence. Where
// one was lost and repaired, Blank is true, and Text is no JSON.
type Record struct {
	segment.Record
	Damage error // why it can't be read; nil: it was
}

// A Reader gives records in the order of their sequences. It holds one segment
// open at a time. One goroutine uses it.
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

// New returns a Reader of log, which becomes the Reader's. A range that begins
// before the oldest record left is segment.ErrRetired.
func New(log *segment.Log, q Query) (*Reader, error) { return NewContext(context.Background(), log, q) }

// NewContext is New; the Reader stops with ctx.Err() when ctx ends, also while it
// looks for the first record of a long log that the query wants.
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

// startOfLast walks backwards until it has passed as many records as asked for.
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
			break // here it begins by now
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

// outside says whether the trailer of the current segment rules all of its records out.
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

// Next reads on to the next record and says whether there is one: false at the
// end of the range, at what is for now the end of the log, and on an error.
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

// damaged gives the record at r.seq as a damaged one, or stops at another
// error. Of a segment that can't be opened, and of what is missing behind one, only
// the first record is given.
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

// All gives the records that Next reads, until ctx ends: for migrate.Export, say.
// The first that is damaged is an error, and the last that is given.
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

// Record returns what Next read. Its text is the Reader's, good until the next call.
func (r *Reader) Record() Record { return r.record }

// Seq returns the sequence that Next looks for.
func (r *Reader) Seq() segment.Sequence { return r.seq }

// Err returns what stopped the Reader, or nil at an end.
func (r *Reader) Err() error { return r.err }

// Refresh sees what was appended since: after it, Next may find more. The error
// is ErrReplaced where another log stands in the place of this one.
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

// sameRecord reports as ErrReplaced that the log no longer holds the record that was
// read last: an older copy of the log was restored, which may have grown since.
// The segment is opened again, for the file that is open may be another one.
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
		return nil // reading on reports what there is to report
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
