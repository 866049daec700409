package segment

import (
	"slices"
	"time"

	"github.com/histlog/histlog/internal/recordtime"
)

// A TimeRule tells where records carry their time, from a sequence on.
type TimeRule struct {
	FromSeq Sequence `json:"from_seq"`
	Field   string   `json:"field"`            // JSON pointer
	Zone    string   `json:"zone"`             // IANA name of the zone for times that name none
	Format  string   `json:"format,omitempty"` // the setting time-format; "": auto
}

// newTimeRule returns the rule that settings make for records from seq on.
func newTimeRule(seq Sequence, s Settings) TimeRule {
	r := TimeRule{FromSeq: seq, Field: s.Get("time-field"), Zone: s.Get("time-zone"), Format: s.Get("time-format")}
	if r.Format == "auto" {
		// An older histlog reads the log as long as no record needs a format.
		r.Format = ""
	}
	return r
}

// settings returns the settings that make the rule.
func (r TimeRule) settings() Settings {
	s := Settings{"time-field": r.Field, "time-zone": r.Zone}
	if r.Format != "" {
		s["time-format"] = r.Format
	}
	return s
}

// reads reports whether both rules read the same time from every record.
func (r TimeRule) reads(other TimeRule) bool {
	r.FromSeq = other.FromSeq
	return r == other
}

// ruleAt returns the rule for a sequence.
func ruleAt(rules []TimeRule, seq Sequence) TimeRule {
	rule := rules[0]
	for _, r := range rules {
		if r.FromSeq <= seq {
			rule = r
		}
	}
	return rule
}

// spliceRules returns the rules of before for the records before a sequence, and those of
// after from it on.
func spliceRules(before, after []TimeRule, from Sequence) []TimeRule {
	rules := slices.DeleteFunc(slices.Clone(before), func(r TimeRule) bool { return r.FromSeq >= from })
	next := ruleAt(after, from)
	switch next.FromSeq = from; {
	case len(rules) == 0:
		next.FromSeq = 1
		rules = append(rules, next)
	case !rules[len(rules)-1].reads(next):
		rules = append(rules, next)
	}
	for _, r := range after {
		if r.FromSeq > from {
			rules = append(rules, r)
		}
	}
	return rules
}

// A stamp is a record's own time, if it has one.
type stamp struct {
	time time.Time
	ok   bool
}

// timeOf returns the time that scalar, the value of a record's time field, stands for
// under p. times remembers how the last time was written.
func (p *Policy) timeOf(times *recordtime.Parser, scalar []byte) stamp {
	times.Format, times.Zone = p.TimeFormat, p.TimeZone
	t, ok := times.Parse(scalar)
	return stamp{t, ok}
}
