package recordtime

import "time"

// A reading is a date, a time of the day and perhaps an offset, as a text gives them.
// The month and the day are 1 if the text does not name them.
type reading struct {
	year, month, day           int
	hour, minute, second, nano int
	offset                     int    // seconds east of UTC; valid if zoned
	zoned                      bool   // the text names a zone
	abbreviation               []byte // of the zone, if nothing else names it
	upperHalf                  bool   // the text has AM or PM in capitals
}

// time returns the time that r is in zone, unless r names its own. ok is false if there
// is no such date or time of the day.
func (r reading) time(zone *time.Location) (t time.Time, ok bool) {
	midnight := r.hour == 24 && r.minute == 0 && r.second == 0 && r.nano == 0
	leap := r.second == 60
	if r.month < 1 || r.month > 12 || r.day < 1 || r.day > daysIn(r.year, r.month) || r.hour > 23 && !midnight || r.minute > 59 || r.second > 59 && !leap {
		return time.Time{}, false
	}
	own := zone
	if r.zoned {
		zone = time.UTC
	}
	t = time.Date(r.year, time.Month(r.month), r.day, r.hour, r.minute, r.second, r.nano, zone)
	if r.offset != 0 {
		t = t.Add(-time.Duration(r.offset) * time.Second)
	}
	// A leap second ends a day of UTC. Unix time has no number for it and repeats the
	// one of the second after it.
	if leap && t.Unix()%86400 != 0 {
		return time.Time{}, false
	}
	return t, representable(t) && !r.contradicts(own, t)
}

// contradicts reports whether own has the abbreviation of r for another offset, as
// Asia/Shanghai has CST: then it is undecided what the text means.
func (r *reading) contradicts(own *time.Location, t time.Time) bool {
	if r.abbreviation == nil {
		return false
	}
	name, offset := t.In(own).Zone()
	return name == string(r.abbreviation) && offset != r.offset
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// representable reports whether the index, which counts nanoseconds in an int64, can
// hold t.
func representable(t time.Time) bool {
	return t.Year() > 1678 && t.Year() < 2262
}

// setHalf makes the hour of a clock with twelve hours one of 24. ok is false if there
// is no such hour.
func (r *reading) setHalf(pm bool) (ok bool) {
	switch {
	case r.hour > 12:
		return false
	case pm && r.hour < 12:
		r.hour += 12
	case !pm && r.hour == 12:
		r.hour = 0
	}
	return true
}

// setWeek sets the date to a day of a week of ISO 8601. ok is false if the year has no
// such week.
func (r *reading) setWeek(week, weekday int) (ok bool) {
	// 4 January is always in week 1.
	fourth := time.Date(r.year, time.January, 4, 0, 0, 0, 0, time.UTC)
	monday := 4 - (int(fourth.Weekday())+6)%7
	day := time.Date(r.year, time.January, monday+(week-1)*7+weekday-1, 0, 0, 0, 0, time.UTC)
	year, found := day.ISOWeek()
	ok = weekday >= 1 && weekday <= 7 && year == r.year && found == week
	r.setDate(day)
	return ok
}

// setYearDay sets the date to a day of the year. ok is false if there is no such day.
func (r *reading) setYearDay(yearDay int) (ok bool) {
	day := time.Date(r.year, time.January, yearDay, 0, 0, 0, 0, time.UTC)
	ok = day.Year() == r.year
	r.setDate(day)
	return ok
}

func (r *reading) setDate(t time.Time) {
	year, month, day := t.Date()
	r.year, r.month, r.day = year, int(month), day
}
