package health

import (
	"time"

	"github.com/histlog/histlog/internal/survey"
	"github.com/histlog/histlog/segment"
)

// IsArchive reports whether l is the archive of another log. Only prune adds to it,
// whole segments, so nothing is ever late there.
func IsArchive(l *segment.Log) bool { return l.Marker.Role == "archive" }

// LateAfter returns after how long without an arrival the next record of l is late,
// and after how long it is too late. usual is the usual gap; 0 means not known.
// Both are 0 if l is an archive.
func LateAfter(l *segment.Log, usual time.Duration) (late, tooLate time.Duration) {
	if IsArchive(l) {
		return 0, 0
	}
	return survey.LateAfter(usual)
}

// IsLate reports whether the next record of l is late after so long without an
// arrival.
func IsLate(l *segment.Log, usual, silence time.Duration) bool {
	late, _ := LateAfter(l, usual)
	return late > 0 && silence >= late
}
