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
// the same log. The caller must open the directory again.
var ErrReplaced = segment.ErrReplaced

// A Query selects records. A record is read if all fields select it; the zero Query
// selects every record.
type Query struct {
	From, To     segment.Sequence // inclusive; 0 means no bound
	Since, Until time.Time        // inclusive, compared with Record.Time; zero means no bound
	Last         uint64           // read only the last Last of the records that the bounds select; 0 means all
	Skip         uint64           // number of records to leave out at the beginning
	OnlyNew      bool             // read only records that are appended after New is called
}

func (q Query) timed() bool { return !q.Since.IsZero() || !q.Until.IsZero() }

// covers reports whether the query selects a record of time t.
func (q Query) covers(t time.Time) bool {
	return !t.Before(q.Since) && (q.Until.IsZero() || !t.After(q.Until))
}

// A Record is a record that a Reader has read. If the record is damaged, only Seq and Damage
// are set. If it was lost and Repair has kept its place, Blank is true and Text is spaces.
type Record struct {
	segment.Record
	Damage error // why the record cannot be read, an ErrCorrupt of package segment; nil means that it is intact
}

// A Reader reads records in the order of their sequences. It has the files of at most one
// segment open. A Reader must not be used by several goroutines at once.
type Reader struct {
	ctx     context.Context // its end stops Next, which may have to skip many records
	log     *segment.Log
	query   Query
	seq     segment.Sequence // sequence of the record to read next
	current *segment.Reader  // the segment opened last; nil means that none is open
	record  Record
	read    segment.Record // the last intact record, without its text; Seq is 0 until there is one
	err     error
}

// New returns a Reader of the records of log that q selects. The Reader owns log from then
// on and may refresh it. The error is segment.ErrRetired if retention has removed the
// record q.From.
func New(log *segment.Log, q Query) (*Reader, error) { return NewContext(context.Background(), log, q) }

// NewContext is like New, but NewContext and the Reader stop with ctx.Err() when ctx ends,
// even while they search a long log for the next record that q selects.
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

// startOfLast returns the sequence at which the last query.Last records of the query begin.
// If the query has a time range, startOfLast searches backwards from the end.
func (r *Reader) startOfLast() (segment.Sequence, error) {
	next, err := r.log.NextSeq()
	if err != nil {
		return 0, err
	}
	if r.query.From == 0 {
		r.seq = r.log.Marker.FirstSeq // NextSeq may have refreshed the log
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
			break // retention has removed the records before start since the log was listed
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

// outside reports whether the trailer of the current segment shows that no record of the
// segment is in the time range of the query.
func (r *Reader) outside() bool {
	earliest, latest, ok := r.current.Span()
	return ok && r.query.timed() && (latest.Before(r.query.Since) || (!r.query.Until.IsZero() && earliest.After(r.query.Until)))
}

// open makes the segment that holds seq the current one. If the segment cannot be opened as
// it was listed, open lists the log again and tries once more: the segment may have been
// sealed, compressed or retired since.
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
	case errors.Is(err, segment.ErrCorrupt):
		// The listing is out of date, or the file belongs to another log, which only
		// RefreshAll detects.
		err = r.refreshBy(r.log.RefreshAll)
	case errors.Is(err, segment.ErrRetired), errors.Is(err, segment.ErrMerged):
		err = r.refreshLog()
	default:
		return err
	}
	if err != nil {
		return err
	}
	return r.openListed(seq)
}

// openListed opens the segment that holds seq according to the last listing of the log.
func (r *Reader) openListed(seq segment.Sequence) error {
	i, err := r.log.Find(seq)
	if err != nil {
		return err
	}
	r.current, err = r.log.OpenReader(r.log.Segments[i])
	return err
}

// refreshLog lists the log again.
func (r *Reader) refreshLog() error { return r.refreshBy(r.log.Refresh) }

// refreshBy calls refresh, a method of r.log. It returns ErrReplaced if the directory now
// holds a log with another id.
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

// Next advances to the next record, which Record then returns, and reports whether there is
// one. It returns false at the end of the range, at the current end of the log and after an
// error, which Err returns. At the end of the log, Next may return true again after Refresh.
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

// damaged makes the record r.seq the current one, with err as its damage, and returns true.
// If err is not damage, it becomes the Reader's error and damaged returns false. If a
// segment cannot be opened, or segments are missing, only the first of their records is
// returned as damaged, and the Reader continues with the next segment.
func (r *Reader) damaged(err error) bool {
	if !errors.Is(err, segment.ErrCorrupt) || len(r.log.Segments) == 0 { // as while the log is being removed
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

// All returns an iterator over the records that Next reads. The iterator yields an error and
// ends at the first damaged record, when ctx ends, or when the Reader stops with an error.
// The Text of a record belongs to the Reader and is valid until the next iteration.
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

// Record returns the record to which Next has advanced; the zero Record before the first
// call of Next. Text belongs to the Reader and is valid until the next call of Next,
// Refresh or Close.
func (r *Reader) Record() Record { return r.record }

// Seq returns the sequence at which the next call of Next begins.
func (r *Reader) Seq() segment.Sequence { return r.seq }

// Err returns the error that stopped the Reader. It is nil if Next returned false because
// the range or the log ended. segment.ErrRetired means that retention has removed the next
// record since the log was listed.
func (r *Reader) Err() error { return r.err }

// Refresh makes the records visible that were appended since the Reader was made or last
// refreshed: Next may then return true again. The error is ErrReplaced if the directory now
// holds another log, or an older copy of the same log, and segment.ErrNoLog if it holds none.
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

// sameRecord returns ErrReplaced if the log no longer contains the record that was read
// last. In that case an older copy of the log was restored, and other records may have been
// appended to it. sameRecord opens the segment again, because another file may now have the
// name of the open one.
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

// closeCurrent closes the current segment, if there is one.
func (r *Reader) closeCurrent() error {
	if r.current == nil {
		return nil
	}
	err := r.current.Close()
	r.current = nil
	return err
}

// Close closes the files that the Reader has open.
func (r *Reader) Close() error { return r.closeCurrent() }
