package compactor

import (
	"time"

	"github.com/histlog/histlog/segment"
)

// PlanCompact plans compressions and then merges. Compression comes first, so that a group
// that cannot be merged because of damage is compressed all the same.
func PlanCompact(p segment.Upkeep, segments []Segment, now time.Time) Plan {
	return append(PlanCompression(p, segments, now), PlanMerge(p, segments, now)...)
}

// PlanMerge plans which small segments are merged, oldest first. Adjacent segments whose
// earliest arrivals are on the same day, in UTC, and whose text together is at most
// the policy's MergeSize are a group. A group is merged once, when it is complete: when
// the segment after it is sealed and belongs to another one. So no text is compressed more
// than twice, and retention still removes no more than a day or a segment-size at once.
//
// Merged segments are not merged again. Where a killed run has left the segments that one
// supersedes, they are removed.
func PlanMerge(p segment.Upkeep, segments []Segment, now time.Time) (plan Plan) {
	for _, s := range segments {
		if s.Supersedes() && s.Damage == nil {
			plan = append(plan, Action{Merge, s})
		}
	}
	if p.CompressAfter == segment.Never || p.MergeSize == 0 {
		return plan
	}
	for len(segments) > 0 {
		n := groupLength(segments, p.MergeSize)
		group, after := segments[:n], segments[n:]
		if n > 1 && len(after) > 0 && after[0].Sealed && ready(p, group, now) {
			plan = append(plan, Action{Merge, merged(p, group)})
		}
		segments = after
	}
	return plan
}

// groupLength returns how many of the segments are in the group of the first one.
func groupLength(segments []Segment, size int64) int {
	first, text := segments[0], int64(0)
	for n, s := range segments {
		text += s.Text
		if n > 0 && (!first.part() || !s.part() || text > size || !sameDay(first.First, s.First)) {
			return n
		}
	}
	return len(segments)
}

// part reports whether a segment may be one of a group.
func (s Segment) part() bool { return s.Part && s.Damage == nil }

func sameDay(a, b time.Time) bool {
	const day = 24 * time.Hour
	return a.Truncate(day).Equal(b.Truncate(day)) // days of UTC
}

// ready reports whether all segments of a group have one compressed file, or will have it
// after the compressions, which come before.
func ready(p segment.Upkeep, group []Segment, now time.Time) bool {
	for _, s := range group {
		if (s.Copy || s.Codec == segment.Plain) && !s.due(p, now) {
			return false
		}
	}
	return true
}

// merged returns the segment that a group becomes, with the size of its files as they are.
func merged(p segment.Upkeep, group []Segment) Segment {
	whole, last := group[0], group[len(group)-1]
	whole.Next, whole.End, whole.Codec = last.Next, last.Next-1, p.Codec
	for _, s := range group[1:] {
		whole.Records += s.Records
		whole.Bytes += s.Bytes
		whole.Text += s.Text
	}
	return whole
}
