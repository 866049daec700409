// Package recordtime parses the times that records carry: in any of the forms that
// programs write, or in the one form that a log's setting names.
package recordtime

import (
	"bytes"
	"time"

	"github.com/histlog/histlog/internal/jsonscan"
)

// A Parser parses the times of a log's records. The zero value reads every form and
// takes UTC for the zone of times that name none. A Parser is not safe for concurrent
// use.
type Parser struct {
	Format *Format        // of the times; nil means auto
	Zone   *time.Location // of times that name none; nil means UTC

	last int // index in forms of the form that was read last, which is tried first
}

// Parse returns the time in the JSON scalar at a record's time field, and whether
// there is one. Times without a zone are in zone.
func Parse(scalar []byte, zone *time.Location) (time.Time, bool) {
	p := Parser{Zone: zone}
	return p.Parse(scalar)
}

// IsZoneless reports whether a JSON scalar is a time that names no zone.
func (p *Parser) IsZoneless(scalar []byte) bool {
	here, ok := (&Parser{Format: p.Format, Zone: time.UTC}).Parse(scalar)
	there, _ := (&Parser{Format: p.Format, Zone: time.FixedZone("", 3600)}).Parse(scalar)
	return ok && !here.Equal(there)
}

// longest is the maximum length of a scalar that may be a time, with every character escaped.
const longest = 256

// Parse returns the time in the JSON scalar at a record's time field, and whether
// there is one. docs/TIMES.md lists the forms of times.
func (p *Parser) Parse(scalar []byte) (time.Time, bool) {
	if len(scalar) == 0 || len(scalar) > longest {
		return time.Time{}, false
	}
	if scalar[0] != '"' {
		return p.parse(scalar, true)
	}
	if len(scalar) < len(`""`) {
		return time.Time{}, false
	}
	if t, ok := p.parse(bytes.TrimSpace(scalar[1:len(scalar)-1]), false); ok {
		return t, true
	}
	// Escapes and spaces that are not ASCII are rare, so they are tried last.
	text, changed := plainText(scalar)
	if !changed {
		return time.Time{}, false
	}
	return p.parse(text, false)
}

// parse parses the text of a string or a number.
func (p *Parser) parse(text []byte, number bool) (time.Time, bool) {
	zone := p.Zone
	if zone == nil {
		zone = time.UTC
	}
	switch f := p.Format; {
	case f != nil && f.pattern != nil:
		return f.pattern.parse(string(text), zone)
	case f != nil && f.unit != 0:
		return parseUnix(text, f.unit)
	case number:
		return parseNumber(text, zone, Undecided)
	}
	order := p.order()
	if t, ok := forms[p.last](text, zone, order); ok {
		return t, true
	}
	for i, form := range forms {
		if i == p.last {
			continue
		}
		if t, ok := form(text, zone, order); ok {
			p.last = i
			return t, true
		}
	}
	return time.Time{}, false
}

func (p *Parser) order() Order {
	if p.Format == nil {
		return Undecided
	}
	return p.Format.order
}

// A form parses the text of one kind of times. The order is that of day and month if
// the log's setting names it.
type form func(text []byte, zone *time.Location, order Order) (time.Time, bool)

// forms are all kinds of times in strings. No text is a time of two kinds, so a Parser
// may try them in any order.
var forms = []form{parseYearFirst, parseNumber, parseYearLast, parseMonthName, parseMicrosoft}

// plainText returns the text of a JSON string, in which tabs and the spaces that ICU writes
// before AM and PM are replaced by plain spaces. changed reports whether the text may differ
// from the bytes between the quotes in more than spaces at its ends.
func plainText(quoted []byte) (text []byte, changed bool) {
	if len(quoted) < len(`""`) {
		return nil, false
	}
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') >= 0 {
		inner, changed = []byte(jsonscan.Unquote(quoted)), true
	}
	for _, space := range []string{"\t", "\u00a0", "\u202f"} {
		if bytes.Contains(inner, []byte(space)) {
			inner, changed = bytes.ReplaceAll(inner, []byte(space), []byte(" ")), true
		}
	}
	return bytes.TrimSpace(inner), changed
}
