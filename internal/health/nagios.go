package health

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"
	"github.com/histlog/histlog/internal/term"
)

// Nagios returns the output of a Nagios plugin, one line: the problems, the worst
// first, the facts, and after a bar the performance data.
func (a Assessment) Nagios() string {
	status := a.Status()
	var parts []string
	for _, worst := range []bool{true, false} {
		for _, p := range a.problems {
			if (p.status == status) == worst {
				parts = append(parts, p.text)
			}
		}
	}
	figures := ""
	if a.Condition != nil {
		parts = append(parts, a.facts()...)
		figures = " | " + a.figures()
	}
	text := strings.NewReplacer("|", "/", "\n", "; ").Replace(strings.Join(parts, ", ")) // a bar would begin the performance data
	return term.Safe(status.String() + " - " + text + figures)
}

// facts describe the log, whatever its problems.
func (a Assessment) facts() (facts []string) {
	if r := a.latest; r.LastSeq > 0 {
		facts = append(facts, "last record "+term.Duration(a.age.Truncate(time.Second))+" ago")
		if r.Gap > 0 {
			facts = append(facts, "usual gap "+term.Duration(r.Gap))
		}
	}
	facts = append(facts, english.Plural(int(a.Records), "record", ""))
	verified := "never verified"
	if v := a.notes.Verified; !v.At.IsZero() {
		verified = fmt.Sprintf("last verified on %s (%s)", v.At.UTC().Format(time.RFC3339), english.Plural(int(v.Records), "record", ""))
	}
	return append(facts, "data was not read, "+verified)
}

// figures returns the performance data: name=value;warn;crit;min;max.
func (a Assessment) figures() string {
	age, late, tooLate, maxDisk := "U", "", "", ""
	if a.late > 0 {
		late = secondsOf(a.late)
	}
	if a.latest.LastSeq > 0 {
		age = seconds(a.age)
	}
	if a.tooLate > 0 {
		tooLate = secondsOf(a.tooLate)
	}
	if a.bounds.MaxDisk > 0 {
		maxDisk = strconv.FormatInt(a.bounds.MaxDisk, 10)
	}
	return fmt.Sprintf("age=%s;%s;%s;0 gap=%s;;;0 records=%d;;;0 damaged=%d;;0;0 quarantine=%d;0;;0 disk=%dB;%s;;0 free=%dB;%d:;%d:;0",
		age, late, tooLate, seconds(a.latest.Gap), a.Records, a.damaged(),
		len(a.quarantine), a.Disk, maxDisk, a.free, a.bounds.MinFree, a.latest.MaxSize)
}

func seconds(d time.Duration) string { return secondsOf(d.Truncate(time.Millisecond)) + "s" }

// secondsOf formats d in seconds, exactly: d.Seconds() is a sum of two floats, which
// formats 1.364 as 1.3639999999999999.
func secondsOf(d time.Duration) string {
	return strconv.FormatFloat(float64(d)/float64(time.Second), 'f', -1, 64)
}
