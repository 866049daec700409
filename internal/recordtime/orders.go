package recordtime

import "time"

// Orders says what a date in numbers whose year is last shows of the order of day and month.
type Orders struct {
	Usual Order // in which auto reads dates that are written like this one; Undecided means that only a day above 12 decides
	Only  Order // in which this date exists; Undecided means both, or none
	Open  bool  // it exists in both, and is not the same day
}

// DateOrders returns the Orders of the JSON scalar at a record's time field. numeric is
// false if the scalar is not such a date.
func DateOrders(scalar []byte) (o Orders, numeric bool) {
	if len(scalar) == 0 || scalar[0] != '"' {
		return o, false
	}
	text, _ := plainText(scalar)
	d, ok := readYearLast(text)
	if !ok {
		return o, false
	}
	written := d
	written.first, written.second = 1, 2
	o.Usual = written.order()
	_, day := parseYearLast(text, time.UTC, DayFirst)
	_, month := parseYearLast(text, time.UTC, MonthFirst)
	switch {
	case day && month:
		o.Open = d.first != d.second
	case day:
		o.Only = DayFirst
	case month:
		o.Only = MonthFirst
	}
	return o, true
}
