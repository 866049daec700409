package compactor

import (
	"errors"
	"time"

	"github.com/histlog/histlog/segment"
)

// A Guard prevents retirement by age while the clock or the times of records may be wrong. The zero value allows
// everything: it is for limits that a person has given and confirmed.
type Guard struct {
	Settled time.Duration // minimum time since the last record of a segment was appended
	Jump    time.Duration // how far the clock has jumped ahead; 0 means that it has not
	Restamp bool          // the times of some segments may be those of an earlier rule
}

// Automatic returns the Guard for retirement that a setting causes, without a person.
func Automatic(l *segment.Log, p segment.Upkeep, now time.Time) (Guard, error) {
	jump, err := ClockJump(l, now)
	return Guard{Settled: min(ahead, p.MaxAge), Jump: jump, Restamp: l.Marker.Restamping()}, err
}

// allows reports whether the guard lets a segment be retired by age.
func (g Guard) allows(s Segment, now time.Time) bool {
	since := now.Sub(s.Arrived)
	//mutant:retire-by-age-although-the-clock-has-jumped
	return g.Jump == 0 && !g.Restamp && (since >= g.Settled || since < -ahead) // an arrival in the future is a wrong one
}

// ClockJump returns how far the clock has jumped ahead: the time from the last arrival
// to now, or the pause before the arrivals of the last day. 0 means that the clock has
// not jumped: neither pause is longer than a day and than three times the pause before
// it. A log whose writer was paused looks like a jump, and retires nothing by age until
// records have arrived for a day.
func ClockJump(l *segment.Log, now time.Time) (time.Duration, error) {
	a := arrivals{log: l}
	defer a.close()
	jump, err := a.jump(now)
	if errors.Is(err, segment.ErrCorrupt) || errors.Is(err, segment.ErrRetired) {
		return 0, nil // neither a damaged segment nor a retired one will be retired
	}
	return jump, err
}

// arrivals reads when records were appended.
type arrivals struct {
	log    *segment.Log
	reader *segment.Reader
}

func (a *arrivals) close() {
	if a.reader != nil {
		_ = a.reader.Close() // it was only read
	}
}

func (a *arrivals) jump(now time.Time) (time.Duration, error) {
	next, err := a.log.NextSeq()
	if err != nil || next == a.first() {
		return 0, err
	}
	newest, err := a.of(next - 1)
	if err != nil {
		return 0, err
	}
	begin, pause, err := a.day(next - 1)
	if err != nil {
		return 0, err
	}
	if silence := now.Sub(newest); silence > max(ahead, 3*pause) {
		return silence, nil
	}
	if pause <= ahead {
		return 0, nil
	}
	_, before, err := a.day(begin - 1)
	if err != nil || pause <= 3*before {
		return 0, err
	}
	return pause, nil
}

func (a *arrivals) first() segment.Sequence { return a.log.Segments[0].Base }

// day returns the first record that arrived within a day before seq, and the pause
// between it and its predecessor; the pause is 0 if it is the first of the log.
func (a *arrivals) day(seq segment.Sequence) (begin segment.Sequence, pause time.Duration, err error) {
	last, err := a.of(seq)
	if err != nil {
		return 0, 0, err
	}
	low, high := a.first(), seq // invariant: low ≤ begin ≤ high
	for low < high {
		middle := low + (high-low)/2
		at, err := a.of(middle)
		if err != nil {
			return 0, 0, err
		}
		if last.Sub(at) <= ahead {
			high = middle
		} else {
			low = middle + 1
		}
	}
	if low == a.first() {
		return low, 0, nil
	}
	at, err := a.of(low)
	if err != nil {
		return 0, 0, err
	}
	before, err := a.of(low - 1)
	return low, at.Sub(before), err
}

// of returns when a record was appended.
func (a *arrivals) of(seq segment.Sequence) (time.Time, error) {
	if r := a.reader; r == nil || seq < r.Segment().Base || seq >= r.Next() {
		a.close()
		opened, err := a.log.OpenReaderAt(seq)
		a.reader = opened
		if err != nil {
			return time.Time{}, err
		}
	}
	e, err := a.reader.Entry(seq)
	return e.Arrived, err
}
