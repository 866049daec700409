package migrate

import (
	"errors"
	"fmt"
	"slices"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/size"
)

// nearness says when a place is near the largest one: if it has at least 1/nearness of the
// bytes. Then no place is taken without being named.
const nearness = 10

// decide returns what to take for records, by a survey of the source. The largest candidate
// is taken if no other has a tenth of its bytes, and
//
//   - it is an array in the root object; or
//   - it is an array of two or more objects, or an array of rows with times, or an object
//     whose keys are dates, and has more bytes than all the values beside it.
//
// A "history" of objects is taken if it is the largest. If another candidate is larger, or
// "history" holds no objects, the source is undecided. So is an object with a time of its own
// around values without times: it may be one record, such as a poll. An object with a time at the log's time
// field is a record if nothing in it could be taken, and so is one without candidates.
// Everything else is undecided.
func (s *survey) decide() (shape, error) {
	if s.root.values > 1 {
		return shape{stream: true}, nil
	}
	c := s.candidates()
	judged := slices.DeleteFunc(slices.Clone(c.found), func(f candidate) bool { return f.listed })
	isHistory := func(f candidate) bool { return f.at == historyPointer }
	if i := slices.IndexFunc(judged, isHistory); i >= 0 {
		history := judged[i]
		if history.kind == objectsKind && history.bytes >= judged[0].bytes || len(judged) == 1 {
			return history.shape(), nil
		}
		if history.kind != objectsKind {
			return shape{}, s.undecided(c, "/history is not an array of objects, and there is another one")
		}
		return shape{}, s.undecided(c, "/history is not the largest array")
	}
	if i := slices.IndexFunc(c.empty, isHistory); i >= 0 {
		if len(judged) == 0 {
			return c.empty[i].shape(), nil
		}
		c.found = append(c.found, c.empty[i])
		return shape{}, s.undecided(c, "/history is empty, and there is another array")
	}
	if c.columns != nil && !s.rootTimed() && (len(judged) == 0 || c.columns.bytes > judged[0].bytes) {
		return shape{}, c.columns.err()
	}
	if len(judged) > 0 {
		why := doubt(judged)
		switch {
		case why == "" && (s.rootTimed() && judged[0].depth() > 1 || s.rootDated() && !judged[0].timed):
			return shape{}, s.undecided(c, ownTime)
		case why == "":
			return judged[0].shape(), nil
		case !s.rootTimed():
			return shape{}, s.undecided(c, why)
		}
	} else if len(c.empty) > 0 && !s.rootTimed() {
		return shape{}, s.undecided(c, "no array has an element")
	}
	return shape{stream: true, named: true}, nil
}

// doubt returns what speaks against the first candidate; "" means nothing.
func doubt(judged []candidate) string {
	best := judged[0]
	near := len(judged) > 1 && judged[1].bytes >= best.bytes/nearness
	switch {
	case best.wrapped:
		return "an array has a single element, which may hold the records itself"
	case near:
		return "several places hold a large part of the source"
	case best.mixed:
		return "the members of an object may be the records, but not all of them"
	case best.kind == keyedKind && !best.dates:
		return "the members of an object may be the records, and their names are not dates"
	case best.kind == rowsKind && !best.timed:
		return "the only array holds arrays without times"
	case best.depth() <= 1 && best.kind == objectsKind:
		return ""
	case best.bytes <= best.rest:
		return "no array holds most of the source"
	case best.kind == objectsKind && best.count < 2:
		return "the only array of objects has a single element"
	}
	return ""
}

// shape returns the shape that takes the candidate's records.
func (c candidate) shape() shape {
	if c.at == "" { // as a pointer, it would name each value of the source
		return shape{named: true}
	}
	return shape{pointer: c.pointer(), named: true}
}

// reshape returns the shape for the pass after p, which ended with cause: a *restart, or the
// error of a record that is too large. If that record is most of the source, the shape is to
// blame and not the limit.
func (s *survey) reshape(p *sourcePass, cause error) (shape, error) {
	as, err := s.decide()
	if !isTooLarge(cause) {
		return as, err
	}
	share := float64(s.largest(p.finder.shape())) / float64(s.p.source.size)
	if share < 0.5 {
		return shape{}, cause
	}
	reason := fmt.Sprintf("record %d is %s of the source and larger than the limit", p.records+1, size.Percent(share))
	if p.o.Records == nil {
		if at := (*UndecidedError)(nil); errors.As(err, &at) {
			at.Reason = reason + ": " + at.Reason
		}
		if err != nil || as.location() != p.finder.location() {
			return as, err
		}
	} else if others := s.named(s.candidates()); len(others) > 1 {
		return shape{}, &UndecidedError{Reason: reason, Candidates: others}
	}
	return shape{}, fmt.Errorf("%w: it is %s of the source", cause, size.Percent(share))
}

// location returns where the records of a shape are, as recordFinder.location does.
func (as shape) location() string {
	switch {
	case as.stream:
		return streamName
	case as.pointer == nil:
		return ""
	}
	return as.pointer.String()
}

// largest returns the length of the largest record of a shape; 0 means not known.
func (s *survey) largest(as shape) int64 {
	v := s.root
	if as.stream {
		return v.largest
	}
	if as.pointer != nil {
		for _, name := range as.pointer.Tokens() {
			if v = v.below(name); v == nil {
				return 0
			}
		}
	}
	if v.elements != nil {
		return v.elements.largest
	}
	return v.largest
}

// below returns the node to which a token leads from v; nil means that it is not known.
func (v *node) below(token string) *node {
	i := slices.IndexFunc(v.members, func(m *node) bool { return jsonscan.Unquote([]byte(m.name)) == token })
	switch {
	case i >= 0:
		return v.members[i]
	case v.elements != nil:
		return v.elements
	}
	return v.folded
}

// rootTimed reports whether the source is an object with a time at the log's time field, and
// so a record whatever it holds.
func (s *survey) rootTimed() bool {
	v := s.root
	if v.objects == 0 { // below would lead to the elements of an array
		return false
	}
	for _, name := range s.time.path() {
		if v = v.below(name); v == nil {
			return false
		}
	}
	return v.times > 0
}

// rootDated reports whether the source is an object with a time that is named like a record's
// own, or at the log's time field.
func (s *survey) rootDated() bool {
	return s.rootTimed() || slices.ContainsFunc(s.root.members, func(m *node) bool {
		return m.times > 0 && isOwnTime(jsonscan.Unquote([]byte(m.name)))
	})
}
