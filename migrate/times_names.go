package migrate

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// The words by which a member's name says that it holds the time of its record. Words are
// in lower case: startedAt, started_at and Started-At have the same ones.
var (
	// timeWords name a time by themselves. The first ones are preferred.
	timeWords = []string{"timestamp", "time", "datetime", "date", "ts", "when", "at", "t", "epoch", "day"}
	// suffixWords name a time after other words, as in startedAt.
	suffixWords = []string{"timestamp", "time", "datetime", "date", "ts", "at", "on", "day"}
	// eventWords, createdWords and updatedWords name a time alone, and tell with a suffix
	// what happened then. A record's own time is that of its event. The time when the record
	// was created comes close; the one when it was changed last, or when the event ended, may
	// be much later.
	eventWords   = []string{"occurred", "happened", "observed", "measured", "recorded", "logged", "polled", "fetched", "scraped", "crawled", "collected", "captured", "generated", "sent", "start", "started", "begin", "began"}
	createdWords = []string{"created", "create", "creation", "inserted", "added", "posted", "published", "publish", "pub", "received", "receive", "ingested", "indexed", "imported", "stored", "saved"}
	updatedWords = []string{"updated", "update", "modified", "modification", "changed", "change", "edited", "refreshed", "accessed", "seen", "ended", "end", "finished", "completed", "closed", "stopped", "resolved", "merged", "pushed", "deleted"}
	// lateWords make a time one of the updatedWords' kind, but do not name a time alone.
	lateWords = []string{"last", "latest"}
	// unitWords may follow any name.
	unitWords = []string{"ms", "millis", "us", "micros", "ns", "nanos", "nano", "s", "sec", "seconds", "unix", "unixtime", "epoch", "utc", "gmt", "iso"}
	// otherWords belong to names of durations, and of times that are not the record's.
	otherWords = []string{
		"elapsed", "duration", "response", "cpu", "run", "total", "load", "wait", "execution", "processing", "latency", "monotonic", "uptime", "timeout",
		"expires", "expired", "expiry", "expiration", "expire", "due", "deadline", "until", "valid", "next", "birth", "born", "dob",
	}
)

// A timeRank orders names of members by how likely they name a record's own time. Lower
// ranks are preferred.
type timeRank struct {
	kind     int // an event, then the creation of a record, then its last change
	compound int // a name of one word, then a name of several
	word     int // index in timeWords, then all others
}

func (r timeRank) compare(other timeRank) int {
	return cmp.Or(cmp.Compare(r.kind, other.kind), cmp.Compare(r.compound, other.compound), cmp.Compare(r.word, other.word))
}

// timeRankOf returns the rank of a member's name; ok is false if it is not the name of a
// record's time.
func timeRankOf(name string) (r timeRank, ok bool) {
	words := wordsOf(name)
	for len(words) > 1 && slices.Contains(unitWords, words[len(words)-1]) {
		words = words[:len(words)-1]
	}
	if len(words) == 0 {
		return r, false
	}
	last, alone := words[len(words)-1], len(words) == 1
	updated, created := slices.Contains(updatedWords, last), slices.Contains(createdWords, last)
	verb := updated || created || slices.Contains(eventWords, last)
	if !verb && !(alone && slices.Contains(timeWords, last)) && !(!alone && slices.Contains(suffixWords, last)) {
		return r, false
	}
	for _, w := range words {
		if slices.Contains(otherWords, w) {
			return r, false
		}
		updated = updated || slices.Contains(updatedWords, w) || slices.Contains(lateWords, w)
		created = created || slices.Contains(createdWords, w)
	}
	switch {
	case updated:
		r.kind = 2
	case created:
		r.kind = 1
	}
	if !alone {
		r.compound = 1
	}
	if r.word = slices.Index(timeWords, last); r.word < 0 {
		r.word = len(timeWords)
	}
	return r, true
}

// isOwnTime reports whether a name is a single word for a time, such as date. A name that tells
// what happened then, such as updated, exported_at or lastModified, is often that of a file.
func isOwnTime(name string) bool {
	words := wordsOf(name)
	return len(words) == 1 && slices.Contains(timeWords, words[0])
}

// wordsOf returns the words of a name, in lower case. A word begins after a character that is
// neither a letter nor a digit, and at a capital letter after a small one.
func wordsOf(name string) []string {
	var b strings.Builder
	small := false
	for _, c := range name {
		switch {
		case !unicode.IsLetter(c) && !unicode.IsDigit(c):
			c = ' '
		case unicode.IsUpper(c) && small:
			b.WriteByte(' ')
		}
		small = unicode.IsLower(c)
		b.WriteRune(unicode.ToLower(c))
	}
	words := strings.Fields(b.String())
	for i := len(words) - 1; i > 0; i-- {
		// These are one word, however they are written.
		if both := words[i-1] + words[i]; both == "timestamp" || both == "datetime" {
			words = slices.Replace(words, i-1, i+1, both)
		}
	}
	return words
}
