package health

import (
	"errors"
	"fmt"
	"time"

	"github.com/dustin/go-humanize/english"
	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
)

// Status is the verdict on a log, and the exit code of a Nagios plugin.
type Status int

// The statuses.
const (
	OK Status = iota
	Warning
	Critical
	Unknown
)

func (s Status) String() string {
	return [...]string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}[s]
}

// Bounds are the thresholds of a judgement. A bound of 0 is not checked, except that
// Late and TooLate follow from the usual gap if Late is 0.
type Bounds struct {
	Late, TooLate time.Duration // since the last arrival: warning, critical
	MinFree       int64         // bytes of the disk
	MaxDisk       int64         // bytes of the log
}

// lateAfter returns after how long without an arrival the next record is late, and
// after how long it is too late; 0 means never.
func (b Bounds) lateAfter(c *Condition) (late, tooLate time.Duration) {
	late, tooLate = LateAfter(c.log, c.latest.Gap)
	if late > 0 && b.Late > 0 {
		return b.Late, b.TooLate
	}
	return late, tooLate
}

// problem is one thing that is wrong.
type problem struct {
	status Status
	text   string
}

// An Assessment is the result of a judgement.
type Assessment struct {
	*Condition    // nil if the log could not be examined
	dir           string
	bounds        Bounds
	age           time.Duration // since the last arrival, or since the log was created
	late, tooLate time.Duration // 0 means never
	problems      []problem
}

// Failed returns the Assessment of a log that could not be examined because of err.
// Damage is critical; for any other reason the status is unknown.
func Failed(dir string, err error) Assessment {
	a := Assessment{dir: dir}
	status := Unknown
	if errors.Is(err, segment.ErrCorrupt) {
		status = Critical
	}
	a.Add(status, "%v", err)
	return a
}

// Add adds a problem.
func (a *Assessment) Add(s Status, format string, args ...any) {
	a.problems = append(a.problems, problem{s, fmt.Sprintf(format, args...)})
}

// Status returns the worst status of the problems; critical is worse than unknown.
func (a Assessment) Status() Status {
	worst := OK
	for _, p := range a.problems {
		if worst == OK || p.status == Critical || worst == Warning && p.status == Unknown {
			worst = p.status
		}
	}
	return worst
}

// Judge compares a log with bounds.
func (c *Condition) Judge(b Bounds, now time.Time) Assessment {
	a := Assessment{Condition: c, dir: c.log.Dir, bounds: b}
	a.late, a.tooLate = b.lateAfter(c)
	since := c.latest.LastArrived
	if c.latest.LastSeq == 0 {
		since = c.log.Marker.Created
	}
	a.age = now.Sub(since)
	if a.late > 0 {
		a.judgeAge()
	}
	a.age = max(a.age, 0)
	a.judgeDamage(now)
	a.judgeDisk()
	if n := len(c.quarantine); n > 0 {
		a.Add(Warning, "%s in %s/", english.Plural(n, "file", ""), filename.Quarantine)
	}
	if c.clockJump > 0 {
		a.Add(Warning, "max-age retires nothing: the clock has jumped ahead by %s; max-age works again when records have arrived for a day", term.Duration(c.clockJump))
	}
	if c.log.Marker.Restamping() {
		a.Add(Warning, "some times may be those of an earlier time-field, time-zone or time-format, and max-age retires nothing by itself: run histlog config %s --restamp, unless it is running", c.log.Dir)
	}
	if u := c.notes.Upkeep; !u.Failed.IsZero() {
		a.Add(Warning, "maintenance failed %s ago: %s", term.Duration(now.Sub(u.Failed)), u.Error)
	}
	return a
}

// judgeAge judges by arrival times, because a record's own time may be any time.
func (a *Assessment) judgeAge() {
	const tolerance = time.Minute // between the clocks of two machines
	if a.latest.LastSeq == 0 && len(a.Damage) > 0 {
		return // the newest segment is damaged, which judgeDamage reports
	}
	what := "nothing arrived for " + term.Duration(a.age)
	if a.latest.LastSeq == 0 {
		what = "no records yet, the log was made " + term.Duration(a.age) + " ago"
	}
	switch {
	case a.age < -tolerance:
		a.Add(Warning, "the last record arrived %s after the current time: the clock was set back", term.Duration(-a.age))
	case a.tooLate > 0 && a.age >= a.tooLate:
		a.Add(Critical, "%s", what)
	case a.age >= a.late, a.latest.LastSeq == 0:
		a.Add(Warning, "%s", what)
	}
}

// judgeDamage judges by the damage that the check found, and by damage that was found
// earlier and not repaired since.
func (a *Assessment) judgeDamage(now time.Time) {
	for i, d := range a.Damage {
		const maxShown = 3
		if i == maxShown {
			a.Add(Critical, "%d more damaged", len(a.Damage)-maxShown)
			break
		}
		a.Add(Critical, "%v", d)
	}
	if text := FoundBefore(a.notes.Verified, a.Suspect, now); text != "" {
		a.Add(Critical, "%s", text)
	}
}

func (a *Assessment) judgeDisk() {
	switch {
	case a.free < uint64(a.latest.MaxSize):
		a.Add(Critical, "%s are free, less than a record takes", term.Bytes(int64(a.free)))
	case a.free < uint64(a.bounds.MinFree):
		a.Add(Warning, "%s are free, less than %s", term.Bytes(int64(a.free)), term.Bytes(a.bounds.MinFree))
	}
	if limit := a.bounds.MaxDisk; limit > 0 && a.Disk > limit {
		a.Add(Warning, "the log takes %s on disk, more than %s", term.Bytes(a.Disk), term.Bytes(limit))
	}
}

// damaged returns the number of damaged places that the check found, or that verify found
// if these are more.
func (a Assessment) damaged() int { return max(len(a.Damage), a.notes.Verified.Damaged) }
