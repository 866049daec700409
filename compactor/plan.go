package compactor

import (
	"time"

	"github.com/histlog/histlog/segment"
)

// A Kind says what is done to a segment.
type Kind uint8

const (
	Compress Kind = iota // replace the files of the segment by compressed ones
	Retire               // remove the segment
	Archive              // move the segment to another directory
	Merge                // replace adjacent segments by one
)

func (k Kind) String() string { return [...]string{"compress", "retire", "archive", "merge"}[k] }

// An Action is one step of a plan.
type Action struct {
	Kind    Kind
	Segment Segment // for Merge the one that is made
}

// A Plan is a list of actions in the order in which they are done.
type Plan []Action

// PlanRetention plans which segments are retired, oldest first: as many as at least one
// limit of the policy allows. MaxRecords and MaxBytes allow it if the other segments
// still have that much. The segments are archived if the policy names an archive. The
// last segment is always kept.
func PlanRetention(p segment.Upkeep, segments []Segment, now time.Time, g Guard) (plan Plan) {
	kind := Retire
	if p.ArchiveTo != "" {
		kind = Archive
	}
	left := total(segments)
	for i := 0; i < len(segments)-1; i++ {
		s := segments[i]
		left.records -= s.Records
		left.bytes -= s.Bytes
		if !passes(p, s, left, now, g) {
			break
		}
		plan = append(plan, Action{kind, s})
	}
	return plan
}

// passes reports whether a limit of the policy allows s to be retired. left holds the
// totals of the segments after s.
func passes(p segment.Upkeep, s Segment, left amount, now time.Time, g Guard) bool {
	return p.MaxRecords > 0 && left.records >= p.MaxRecords ||
		p.MaxBytes > 0 && left.bytes >= p.MaxBytes ||
		p.MaxAge > 0 && s.Damage == nil && s.older(p.MaxAge, now) && g.allows(s, now)
}

// ahead is the maximum difference between two clocks of which neither is wrong.
const ahead = 24 * time.Hour

// older reports whether the newest record of a segment is older than age, by its own
// time. A time in the future is wrong: the arrival is used instead. If the clock was
// not set when the records arrived and their own times are not better, their age is
// unknown, and older returns false.
func (s Segment) older(age time.Duration, now time.Time) bool {
	at := s.Newest
	if at.Sub(now) > ahead || !set(at) && !set(s.Arrived) {
		at = s.Arrived
	}
	//mutant:retire-by-age-although-the-clock-was-never-set
	return now.Sub(at) > age && (set(at) || set(s.Arrived))
}

// set reports whether a clock that shows t was ever set: a board without a battery
// begins in 1970.
func set(t time.Time) bool { return t.Year() >= 1990 }

// An amount holds the totals of consecutive segments.
type amount struct {
	records uint64
	bytes   int64
}

func total(segments []Segment) (a amount) {
	for _, s := range segments {
		a.records += s.Records
		a.bytes += s.Bytes
	}
	return a
}

// PlanCompression plans which segments are compressed, oldest first: sealed ones that
// have the policy's age and are plain or have a second file. Then come compressed ones
// whose indexes are still plain. The age counts from the time of the newest record or
// from the last arrival, whichever is earlier.
func PlanCompression(p segment.Upkeep, segments []Segment, now time.Time) (plan Plan) {
	if p.CompressAfter == segment.Never {
		return nil
	}
	var wide Plan
	for _, s := range segments {
		switch due := s.due(p, now); {
		case due && (s.Codec == segment.Plain || s.Copy):
			plan = append(plan, Action{Compress, s})
		case due && s.Wide:
			wide = append(wide, Action{Compress, s})
		}
	}
	return append(plan, wide...)
}

// due reports whether a segment may be compressed.
func (s Segment) due(p segment.Upkeep, now time.Time) bool {
	return s.Sealed && s.Damage == nil && now.Sub(earlier(s.Newest, s.Arrived)) >= p.CompressAfter
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// PlanDue plans what is due by the policy: at most one retirement, and then all merges and
// compressions, of which Run executes one of each if Options.Once is set.
func PlanDue(p segment.Upkeep, segments []Segment, now time.Time, g Guard) Plan {
	plan := PlanRetention(p, segments, now, g)
	// One at a time: append starts this in the background, and it must end soon. A
	// segment that is retired need not be compressed first.
	plan = plan[:min(1, len(plan))]
	return append(plan, PlanCompact(p, segments[len(plan):], now)...)
}
