package plot

import (
	"strings"
	"time"
)

// A TimeTick is a labelled time.
type TimeTick struct {
	At    int64 // Unix ns
	Label string
}

// A timeStep is the distance of time ticks: one of the three.
type timeStep struct {
	length       time.Duration
	days, months int
}

const day = 24 * time.Hour

// timeSteps returns the possible distances from the shortest to the longest.
func timeSteps() (all []timeStep) {
	for _, unit := range []struct {
		length time.Duration
		counts []time.Duration
	}{
		{time.Millisecond, []time.Duration{1, 2, 5, 10, 20, 50, 100, 200, 500}},
		{time.Second, []time.Duration{1, 2, 5, 10, 15, 30}},
		{time.Minute, []time.Duration{1, 2, 5, 10, 15, 30}},
		{time.Hour, []time.Duration{1, 2, 3, 6, 12}},
	} {
		for _, n := range unit.counts {
			all = append(all, timeStep{length: n * unit.length})
		}
	}
	for _, n := range []int{1, 2, 4, 7, 14} {
		all = append(all, timeStep{days: n})
	}
	for _, n := range []int{1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200} {
		all = append(all, timeStep{months: n})
	}
	return all
}

// seconds returns the approximate length of a step.
func (s timeStep) seconds() float64 {
	return s.length.Seconds() + float64(s.days)*day.Seconds() + float64(s.months)*30.44*day.Seconds()
}

// first returns a time of the step that is not after t; the others are calculated from it.
func (s timeStep) first(t time.Time) time.Time {
	switch {
	case s.length > 0:
		_, offset := t.Zone()
		ahead := time.Duration(offset) * time.Second
		return t.Add(ahead).Truncate(s.length).Add(-ahead)
	case s.days > 0:
		return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
	default:
		months := t.Year()*12 + int(t.Month()) - 1
		return time.Date(0, time.Month(months-months%s.months+1), 1, 0, 0, 0, 0, t.Location())
	}
}

// nth returns the time n steps after start.
func (s timeStep) nth(start time.Time, n int) time.Time {
	return start.AddDate(0, n*s.months, n*s.days).Add(time.Duration(n) * s.length)
}

// layouts returns how the date and the clock of the times between from and to are shown.
func (s timeStep) layouts(from, to time.Time) (date, clock string) {
	switch {
	case s.months > 0 && s.months%12 == 0:
		return "2006", ""
	case s.months > 0:
		return "2006-01", ""
	case from.Year() != to.Year():
		date = time.DateOnly
	case s.days > 0 || to.Sub(from) > day:
		date = "01-02"
	}
	switch {
	case s.days > 0:
	case s.length < time.Second:
		clock = "15:04:05.000"
	case s.length < time.Minute:
		clock = "15:04:05"
	default:
		clock = "15:04"
	}
	return date, clock
}

// TimeTicks returns round times between from and to, at most as many as given. The first
// one has its date and its year.
func TimeTicks(from, to int64, zone *time.Location, most int) (ticks []TimeTick) {
	begin, end := time.Unix(0, from).In(zone), time.Unix(0, to).In(zone)
	steps := timeSteps()
	s := steps[len(steps)-1]
	for _, shorter := range steps {
		if (float64(to)-float64(from))/1e9 < shorter.seconds()*float64(most) {
			s = shorter
			break
		}
	}
	date, clock := s.layouts(begin, end)
	start := s.first(begin)
	for n := 0; len(ticks) < most; n++ {
		t := s.nth(start, n)
		if t.After(end) {
			break
		}
		if t.Before(begin) {
			continue
		}
		layout := date
		if len(ticks) == 0 && s.months == 0 {
			layout = time.DateOnly
		}
		ticks = append(ticks, TimeTick{t.UnixNano(), t.Format(strings.TrimSpace(layout + " " + clock))})
	}
	return ticks
}
