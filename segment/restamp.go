package segment

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
)

// RestampResult is what Restamp did, or would do.
type RestampResult struct {
	Settings Settings    // of the log, with the change
	Recovery Recovery    // of opening the log for writing
	Segments []Restamped // in order
}

// A Restamped is what Restamp did to one segment, or would do.
type Restamped struct {
	Base    Sequence
	Before  Summary       // with the times as they were
	After   Summary       // with the times as they are
	Changed uint64        // records whose time changed
	Untimed uint64        // records without a time of their own: they have that of their arrival
	Damage  *CorruptError // the first; a damaged record keeps its time, and an index that is damaged is left as it is
}

// Total returns the totals of all segments, with the first damage.
func (r *RestampResult) Total() (t Restamped) {
	for _, s := range r.Segments {
		t.Before.Add(s.Before)
		t.After.Add(s.After)
		t.Changed += s.Changed
		t.Untimed += s.Untimed
		if t.Damage == nil {
			t.Damage = s.Damage
		}
	}
	return t
}

// Restamp changes settings of the log at dir, as Configure does, and then reads the time of
// every record again, by the settings time-field, time-zone and time-format. It replaces the
// indexes; arrivals, checksums and the records themselves stay. progress is called with the
// bytes of text that were read and their total; it may be nil.
//
// First it seals the active segment, holding the writer's lock, so that it replaces
// indexes of sealed segments only: nothing writes into these. Then HISTLOG gets the new
// settings and a mark that a Restamp is not complete. From then on other processes may
// write the log; readers see the old times of a segment or the new ones. The mark goes last.
// After a crash or an error Restamp can be run again, without a change of settings too.
//
// Damage of segments is in the result, not in err. If there is damage, the mark stays: call
// Repair, and then Restamp again.
func Restamp(ctx context.Context, dir string, change Settings, progress func(read, total Offset), o Options) (done RestampResult, err error) {
	defer func() { err = asDiskError(OpRestamp, dir, err) }()
	o = o.withDefaults()
	l, err := OpenContext(ctx, dir, o.FS)
	if err != nil {
		return done, err
	}
	defer l.Close()
	o.FS = l.fs // each step works on the directory that is open now
	if o.ID == uuid.Nil {
		o.ID = l.Marker.ID
	}
	r := &restamper{dir: dir, id: uuid.New(), options: o, progress: progress}
	if l.Marker.Role == roleArchive { // which no writer opens, and of which every segment is sealed
		err = r.begin(ctx, change)
	} else {
		err = r.beginSealed(ctx, change)
	}
	if err == nil {
		err = r.segments(ctx)
	}
	//mutant:restamp-the-mark-goes-although-there-is-damage
	if err == nil && r.done.Total().Damage == nil {
		err = r.locked(ctx, func(l *Log) error {
			m := l.Marker
			m.Restamp = uuid.Nil
			return l.replaceMarker(m)
		})
	}
	return r.done, err
}

// A restamper is one run of Restamp.
type restamper struct {
	dir      string
	id       uuid.UUID // of the mark in HISTLOG
	options  Options
	progress func(read, total Offset)
	done     RestampResult
}

// beginSealed begins the run of a log whose newest segment may have to be sealed.
func (r *restamper) beginSealed(ctx context.Context, change Settings) error {
	w, err := OpenWriter(ctx, r.dir, r.options)
	if err != nil {
		return err
	}
	r.done.Recovery = w.Recovery()
	w.lock()
	if w.marker.ID != r.options.ID {
		err = fmt.Errorf("%s: %w", r.dir, ErrReplaced)
	} else {
		//mutant:restamp-the-newest-segment-is-left-out
		_, err = w.seal()
	}
	w.unlock()
	// While the writer's lock is held: a writer that was open here would still stamp its
	// records by the old rule.
	//mutant:restamp-a-writer-may-be-open-while-the-rule-changes
	if err == nil {
		err = r.begin(ctx, change)
	}
	return errors.Join(err, w.Close())
}

// begin changes HISTLOG: the settings, the rule for all records, and the mark. The mark is
// durable before the first index is replaced, so HISTLOG says after any crash that times of
// two rules may be mixed.
func (r *restamper) begin(ctx context.Context, change Settings) error {
	return withMaintenanceLock(ctx, r.dir, r.options, func(l *Log) error {
		m, err := l.Marker.restamped(change)
		if err != nil {
			return err
		}
		r.done.Settings, m.Restamp = m.Settings, r.id
		return l.replaceMarker(m)
	})
}

// restamped returns the marker with a change of settings, whose rule of times holds for all
// records that the log has.
func (m Marker) restamped(change Settings) (Marker, error) {
	// Only the change is checked: HISTLOG may have keys of a later version, which are kept.
	if err := change.Check(); err != nil {
		return m, err
	}
	settings := m.Settings
	if m.Role == roleArchive { // its settings are not those of the log that its records come from
		settings = settings.With(Settings{"time-format": "auto"}).With(m.TimeRules[len(m.TimeRules)-1].settings())
	}
	m.Settings = settings.changed(change)
	// Records before FirstSeq may be in an archive, which has their times by the old rules.
	rule := newTimeRule(1, m.Settings)
	m.TimeRules = spliceRules(m.TimeRules, []TimeRule{rule}, m.FirstSeq)
	m.Requires = withFeatures(m.Requires, rule.features()...)
	return m, nil
}

// locked calls fn under the maintenance lock, unless another Restamp has begun. The lock is
// taken for each step: it ends when HISTLOG is replaced, and compaction and snapshots may
// want it in between.
func (r *restamper) locked(ctx context.Context, fn func(*Log) error) error {
	return withMaintenanceLock(ctx, r.dir, r.options, func(l *Log) error {
		// The other one has changed the rules. If this one removed the mark while the other one
		// is at work, a crash would leave times of two rules, and nothing would say so.
		//mutant:restamp-another-one-is-not-noticed
		if l.Marker.Restamp != r.id {
			return fmt.Errorf("%s: %w", r.dir, ErrRestamped)
		}
		l.Memory = r.options.Memory
		return fn(l)
	})
}

// segments replaces the index of every sealed segment. Segments that begin later are written
// by the new rule.
func (r *restamper) segments(ctx context.Context) error {
	l, err := OpenContext(ctx, r.dir, r.options.FS)
	if err != nil {
		return err
	}
	sealed := slices.DeleteFunc(slices.Clone(l.Segments), func(s Segment) bool { return !s.Sealed })
	p := l.newTextProgress(sealed, r.progress)
	for _, s := range sealed {
		var t Restamped
		err := r.locked(ctx, func(l *Log) error {
			i, err := l.Find(s.Base)
			if err == nil && l.Segments[i].Base != s.Base {
				err = l.missingSegmentError(s)
			}
			if err == nil {
				t, err = l.restamp(ctx, l.Segments[i], p.report)
			}
			return t.note(s, err)
		})
		p.next()
		if errors.Is(err, ErrRetired) { // by a concurrent run
			continue
		}
		if err != nil {
			return err
		}
		r.done.Segments = append(r.done.Segments, t)
	}
	return nil
}

// PlanRestamp returns what Restamp with that change would do to the log as it is now. It
// changes nothing.
func (l *Log) PlanRestamp(ctx context.Context, change Settings, progress func(read, total Offset)) (done RestampResult, err error) {
	m, err := l.Marker.restamped(change)
	if err != nil {
		return done, err
	}
	done.Settings = m.Settings
	p := l.newTextProgress(l.Segments, progress)
	err = l.Each(0, func(s Segment, _ Sequence) error {
		var t Restamped
		read, err := l.OpenReader(s)
		if err == nil {
			read.marker = m
			t, err = read.restamp(ctx, nil, p.report)
			err = errors.Join(err, read.Close())
		}
		p.next()
		if err = t.note(s, err); errors.Is(err, ErrRetired) {
			return nil
		}
		if err != nil {
			return err
		}
		// A segment that was merged since has the records of those before it, too.
		done.Segments = slices.DeleteFunc(done.Segments, func(t Restamped) bool { return t.Base >= s.Base })
		done.Segments = append(done.Segments, t)
		return nil
	})
	return done, err
}
