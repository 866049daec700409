package migrate

import (
	"errors"
	"fmt"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/recordtime"
	"github.com/histlog/histlog/segment"
)

// Whether the day or the month is first in dates such as 05/06/2025 is decided for a source
// as a whole, by the first date whose day is over 12, unless the settings name the format:
//
//   - A date in the sample decides, unless another one there contradicts it.
//   - If the sample decides nothing, and its dates have a usual order (28.05.2025, or
//     05/28/2025 04:00:00 PM), they are read in that one, until the first day over 12
//     confirms it or shows the other one.
//   - If the sample decides nothing, and a date can't be read without an order, the rest of the
//     source is searched for one that decides. If there is none, the order is undecided.
//
// If the order is found after the sample, another pass reads the dates in it.
//
// A source that can be read only once must decide in the sample.

// ErrOrder is returned, inside an *OrderError, when the order of day and month in the times
// of a source is undecided. The setting time-format names the order.
var ErrOrder = errors.New("the order of day and month is undecided")

// An OrderError is an ErrOrder with an example.
type OrderError struct {
	Field    string   // JSON pointer to the times
	Time     string   // a JSON scalar
	Patterns []string // values of time-format that read Time
	Once     bool     // the source can be read only once, and was not read to its end
}

func (e *OrderError) Error() string {
	why := "no day is over 12"
	if e.Once {
		why = "no day in the first records is over 12"
	}
	return fmt.Sprintf("%v at %s, as in %s: %s", ErrOrder, jsonscan.ShortPointer(e.Field), e.Time, why)
}

func (e *OrderError) Unwrap() error { return ErrOrder }

// timeFormatKey is the setting that names the form of the times, and autoFormat its default.
const (
	timeFormatKey = "time-format"
	autoFormat    = "auto"
)

// formatOf returns the value of the setting for an order that is decided.
func formatOf(o recordtime.Order) string {
	if o == recordtime.DayFirst {
		return "day-first"
	}
	return "month-first"
}

// dateOrders collects what the dates of a source show of the order of day and month. The zero
// value has seen none.
type dateOrders struct {
	seen    bool             // a date in numbers
	usual   recordtime.Order // of the first one
	decided recordtime.Order // by a day over 12
	clash   bool             // another day over 12 contradicts
	open    string           // the first date that is another day in each order; "" means none
}

func (o *dateOrders) add(scalar []byte) {
	d, numeric := recordtime.DateOrders(scalar)
	if !numeric {
		return
	}
	if !o.seen {
		o.seen, o.usual = true, d.Usual
	}
	switch {
	case d.Open && o.open == "":
		o.open = string(scalar)
	case d.Only == recordtime.Undecided:
	case o.decided == recordtime.Undecided:
		o.decided = d.Only
	default:
		o.clash = o.clash || d.Only != o.decided
	}
}

// searchOrder is the format of a pass that writes no record and searches all of them for a
// date that decides the order.
const searchOrder = "search"

// format returns the value of the setting time-format for all dates of a source, whose
// times are at field.
func (o *dateOrders) format(field string) (string, error) {
	switch {
	case o.decided != recordtime.Undecided && o.decided != o.usual:
		return formatOf(o.decided), nil
	case o.decided == o.usual && o.open != "" && o.usual == recordtime.Undecided:
		return "", &OrderError{Field: field, Time: o.open, Patterns: recordtime.Suggest([]byte(o.open))}
	}
	return autoFormat, nil
}

// An orderSearch receives the records of a pass whose sample has left the order undecided,
// until a date decides.
type orderSearch struct {
	pass   *sourcePass
	field  string // the time field
	orders dateOrders
	next   take // receives the records; nil means that they are not written, because another pass must be made
}

func (s *orderSearch) take(compact, timeScalar []byte) error {
	s.orders.add(timeScalar)
	switch o := s.orders; {
	case o.decided != recordtime.Undecided && o.decided == o.usual && s.next != nil:
		s.pass.search, s.pass.take = nil, s.next
	case o.decided != recordtime.Undecided:
		return s.again(formatOf(o.decided), timeScalar)
	case s.next == nil:
		return nil
	case o.usual == recordtime.Undecided && o.open != "":
		return s.again(searchOrder, timeScalar)
	}
	return s.next(compact, timeScalar)
}

// end is called at the end of the source.
func (s *orderSearch) end() error {
	if s.next == nil {
		return s.failed(s.orders.open)
	}
	return nil
}

// again makes another pass over the source with a format, because the records so far were
// not read in the order that scalar has.
func (s *orderSearch) again(format string, scalar []byte) error {
	if s.pass.once {
		return s.failed(string(scalar))
	}
	return &restart{as: s.pass.finder.as, format: format, why: "the order of day and month was not known"}
}

func (s *orderSearch) failed(scalar string) error {
	return &OrderError{Field: s.field, Time: scalar, Patterns: recordtime.Suggest([]byte(scalar)), Once: s.pass.once}
}

// orderSettings returns s with the order of day and month that the times at field have in
// the sample, and a search if the sample does not tell it. Both are as before if the settings
// name the format, or if no order matters.
func (s *timeSample) orderSettings(settings segment.Settings, records [][]byte) (segment.Settings, *orderSearch, error) {
	p := s.pass
	if _, named := settings[timeFormatKey]; named {
		return settings, nil, nil
	}
	if p.format == autoFormat {
		return settings, nil, nil
	}
	if p.format != "" && p.format != searchOrder {
		return settings.With(segment.Settings{timeFormatKey: p.format}), nil, nil
	}
	policy, err := settings.Policy()
	if err != nil {
		return nil, nil, err
	}
	search := &orderSearch{pass: p, field: settings.Get(timeFieldKey)}
	for _, r := range records {
		search.orders.add(jsonscan.CaptureIn(r, policy.TimeField))
	}
	switch o := search.orders; {
	case p.format == searchOrder:
	case !o.seen || o.clash || o.decided != recordtime.Undecided && o.decided == o.usual:
		return settings, nil, nil
	case o.decided != recordtime.Undecided:
		return settings.With(segment.Settings{timeFormatKey: formatOf(o.decided)}), nil, nil
	case o.open == "" || o.usual != recordtime.Undecided:
		search.next = s.next
	case p.once:
		return nil, nil, search.failed(o.open)
	}
	// The records of the sample are passed to the search, too.
	search.orders = dateOrders{}
	return settings, search, nil
}
