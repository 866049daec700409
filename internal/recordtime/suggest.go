package recordtime

import (
	"slices"
	"strings"
	"time"

	"github.com/itchyny/timefmt-go"
)

// Suggest returns patterns for time-format that would read a JSON scalar which Parse
// does not read, at most four. A date whose order of day and month is undecided has a
// pattern for each.
func Suggest(scalar []byte) (patterns []string) {
	if _, ok := Parse(scalar, time.UTC); ok || len(scalar) == 0 || len(scalar) > longest {
		return nil
	}
	text := scalar
	if scalar[0] == '"' {
		text, _ = plainText(scalar)
	}
	const most = 4
	for _, candidate := range candidates(string(text)) {
		if len(patterns) == most {
			break
		}
		// Most candidates do not match. To compile each one would take longer.
		if _, err := timefmt.Parse(string(text), candidate); err != nil {
			continue
		}
		p, err := parsePattern(candidate)
		if err != nil {
			continue
		}
		if t, ok := p.parse(string(text), time.UTC); ok && Plausible(t) && !slices.Contains(patterns, strings.Replace(candidate, "%Z", "%z", 1)) {
			patterns = append(patterns, candidate)
		}
	}
	return patterns
}

// candidates returns the patterns that are tried for a text: each date with each time of
// the day and each zone. A word at the end that is not a known zone is a part of the pattern:
// the log's setting time-zone says what it means.
func candidates(text string) (all []string) {
	dates := []string{
		"%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y", "%Y-%m-%d", "%Y/%m/%d", "%b %d %Y", "%d %b %Y",
		"%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%m-%d-%y", "%d.%m.%y", "%y-%m-%d", "%y/%m/%d", "%d %b %y", "%d-%b-%y", "%b %d %y",
		"%Y%m%d%H", "%d%m%Y", "%m%d%Y", "%y%m%d",
	}
	clocks := []string{"%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%H:%M:%S,%f", "%I:%M:%S %p", "%I:%M %p", "%I:%M:%S.%f %p", "%H%M%S"}
	ends := []string{"", " %z", " %Z"}
	if word := lastWord(text); word != "" {
		ends = append(ends, " "+word)
	}
	for _, date := range dates {
		all = append(all, date)
		for _, between := range []string{" ", ", ", "T", "_", ""} {
			for _, clock := range clocks {
				for _, end := range ends {
					all = append(all, date+between+clock+end)
				}
			}
		}
	}
	for _, date := range dates {
		for _, clock := range clocks {
			all = append(all, clock+" "+date, clock+", "+date)
		}
	}
	return all
}

// lastWord returns the word at the end of a text if it may be the name of a zone that %Z
// does not read, or "".
func lastWord(text string) string {
	word := text[strings.LastIndexByte(text, ' ')+1:]
	for _, c := range []byte(word) {
		if !isLetter(c) && c != '/' && c != '_' {
			return ""
		}
	}
	if _, known := zoneOffsets[word]; known || len(word) < 3 { // AM and PM are not zones
		return ""
	}
	return word
}
