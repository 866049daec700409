package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/histlog/histlog/internal/jsondiff"
	"github.com/histlog/histlog/internal/term"
)

// A transitionPrinter prints one line for each transition, for people.
type transitionPrinter struct {
	out    *output
	zone   *time.Location
	header string // zone in the last header, "" before the first
}

// heldWidth is the width of the column of how long a value held.
const heldWidth = gapWidth + len("≥")

func (p *transitionPrinter) print(t *transition) error {
	at := t.rec.Time.In(p.zone)
	columns := 0 // values are complete
	if term.IsTerminal(p.out.file) {
		columns = term.Width(p.out.file) // the window may have been resized
	}
	if name, _ := at.Zone(); name != p.header { // also when daylight saving time begins or ends
		p.header = name
		head := fmt.Sprintf("%-*s  %-*s  %*s  VALUE", seqWidth, "SEQ", timeWidth, "TIME ("+name+")", heldWidth, "HELD")
		if err := writeValues(p.out, columns, head, [][]byte{nil}); err != nil {
			return err
		}
	}
	held, sign := "", ""
	switch {
	case !t.known:
	case t.held < 0: // the time of the record is before that of the value
		held = term.Duration(-t.held) + " back"
	case t.atLeast:
		held = "≥" + term.Duration(t.held)
	default:
		held = term.Duration(t.held)
	}
	values := [][]byte{valueText(t.from), valueText(t.to)}
	if t.start {
		sign, values = "= ", values[1:]
	}
	head := fmt.Sprintf("%-*d  %*s  %*s  %s  %s", seqWidth, t.rec.Seq, timeWidth, term.Time(at, time.Now()), heldWidth, held, pointerText(t.pointer), sign)
	return writeValues(p.out, columns, head, values)
}

// valueText returns a value for people.
func valueText(value []byte) []byte {
	if len(value) == 0 {
		return []byte("absent")
	}
	return value
}

// printTransition prints a transition as an object, with values as they are stored.
func printTransition(out *output, t *transition) error {
	fmt.Fprintf(out, `{"seq":%d,"time":"%s","pointer":%s`, t.rec.Seq, *term.JSONTime(t.rec.Time), term.SafeJSON(jsondiff.Quote(t.pointer)))
	if t.start {
		out.WriteString(`,"start":true`)
	}
	for _, v := range []struct {
		name  string
		value []byte
	}{{`,"from":`, t.from}, {`,"to":`, t.to}} {
		if len(v.value) > 0 {
			out.WriteString(v.name)
			out.Write(term.SafeJSON(v.value))
		}
	}
	if t.known {
		out.WriteString(`,"held_seconds":` + strconv.FormatFloat(t.held.Seconds(), 'f', -1, 64))
	}
	_, err := out.WriteString("}\n") // bufio returns the first error
	return err
}
