package genhistory

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// matchKind says which members a match has.
type matchKind struct {
	brief bool // the few members that fit a small batch
	quiet bool // no odds and no weather
}

// match is one football match while it is polled.
type match struct {
	kind        matchKind
	id          string
	kickoff     int64 // Unix seconds
	lastTick    int   // the last tick at which it is polled
	bytes       int   // its approximate indented size
	liveliness  int64 // its share of new odds rows, against other matches
	quoted      int64 // when it last could get odds rows, in Unix seconds
	played      int64 // minutes
	score       string
	home, away  team
	competition competition
	venue       string
	referee     string
	round       int64
	books       []book
	weather     weather
}

// team is one side of a match.
type team struct {
	name, country, logo, position string
	goals, halftime               int64
}

// competition is what a match is played for.
type competition struct{ id, name, country, logo string }

// newMatch makes a match.
func newMatch(rng *rand.Rand, kind matchKind, kickoff int64) *match {
	m := &match{
		kind:       kind,
		id:         newID(rng),
		kickoff:    kickoff,
		quoted:     kickoff,
		liveliness: int64(20 + rng.IntN(100)*rng.IntN(100)/50),
		score:      "0-0",
		round:      rng.Int64N(39),
	}
	country := pick(rng, countries)
	m.home, m.away = newTeam(rng, country), newTeam(rng, country)
	m.competition = competition{
		id:      newID(rng),
		name:    strings.Replace(pick(rng, leagues), "%", country, 1),
		country: country,
		logo:    newLogo(rng, "competition"),
	}
	if rng.IntN(3) > 0 {
		m.venue = newID(rng)
	}
	if rng.IntN(4) == 0 {
		m.referee = "J. \"" + pick(rng, towns) + "\" Núñez"
	}
	if kind.quiet {
		m.liveliness = 0
		return m
	}
	markets := fullMarkets
	switch {
	case kind.brief:
		markets = briefMarkets
	case rng.IntN(2) == 0:
		markets = fullMarkets[:3]
	}
	for _, k := range markets {
		m.books = append(m.books, newBook(rng, k, kickoff))
	}
	m.weather = newWeather(rng)
	return m
}

// newTeam makes a team of a country. One in four has no country and no position, as in the
// feed.
func newTeam(rng *rand.Rand, country string) team {
	t := team{name: strings.Replace(pick(rng, clubs), "%", pick(rng, towns), 1), logo: newLogo(rng, "team")}
	if rng.IntN(4) > 0 {
		t.country = country
		t.position = strconv.Itoa(1 + rng.IntN(18))
	}
	return t
}

// play advances the minutes and goals of the match to now, in Unix seconds.
func (m *match) play(rng *rand.Rand, now int64) {
	minutes := (now - m.kickoff) / 60
	for ; m.played < minutes; m.played++ {
		switch rng.IntN(70) {
		case 0:
			m.home.goals++
		case 1:
			m.away.goals++
		}
		if m.played < 45 {
			m.home.halftime, m.away.halftime = m.home.goals, m.away.goals
		}
	}
	m.score = strconv.FormatInt(m.home.goals, 10) + "-" + strconv.FormatInt(m.away.goals, 10)
}

// weight returns the match's share of new odds rows at now, in Unix seconds, relative to
// other matches.
func (m *match) weight(now int64) int64 { return m.liveliness * (now - m.quoted) }

// quote adds rows to the match's markets, spread over the time since it was
// last called, and returns them.
func (m *match) quote(rng *rand.Rand, rows int, now int64) []row {
	since := m.quoted
	m.quoted = now
	added := make([]row, 0, rows)
	for i := range rows {
		at := since + (now-since)*int64(i+1)/int64(rows)
		b := &m.books[rng.IntN(len(m.books))]
		added = append(added, b.quote(rng, at, int(at-m.kickoff)/60, m.score))
	}
	return added
}

// status returns the feed's code for the phase of the match: its halves and its end.
func (m *match) status() int64 {
	switch {
	case m.played < 45:
		return 2
	case m.played < 50:
		return 3
	case m.played < 95:
		return 4
	}
	return 8
}

// write writes the match as in a batch fetched at now.
func (m *match) write(e *encoder, now time.Time) {
	e.beginObject()
	e.key("match_id")
	e.str(m.id)
	e.key("status")
	e.beginObject()
	e.key("id")
	e.int(m.status())
	e.key("description")
	e.str("")
	e.key("match_time")
	e.int(m.kickoff)
	e.endObject()
	if m.kind.brief {
		m.writeBrief(e)
	} else {
		m.writeFull(e)
	}
	e.key("events")
	e.beginArray()
	e.endArray()
	e.key("fetched_at")
	e.str(clockTime(now))
	e.endObject()
}

// writeBrief writes the middle members of a brief match.
func (m *match) writeBrief(e *encoder) {
	e.key("teams")
	e.beginObject()
	e.key("home")
	e.str(m.home.name)
	e.key("away")
	e.str(m.away.name)
	e.endObject()
	e.key("neutral")
	e.bool(false)
	e.key("start_time")
	e.null()
	e.key("odds")
	e.beginObject()
	e.key("spread")
	writeEmpty(e)
	e.key("raw")
	writeBooks(e, m.books)
	e.endObject()
}

// writeFull writes the middle members of a match.
func (m *match) writeFull(e *encoder) {
	e.key("teams")
	e.beginObject()
	e.key("home")
	m.home.write(e)
	e.key("away")
	m.away.write(e)
	e.endObject()
	e.key("competition")
	m.competition.write(e)
	e.key("round")
	e.beginObject()
	e.key("stage_id")
	e.str("")
	e.key("round_num")
	e.int(m.round)
	e.key("group_num")
	e.int(0)
	e.endObject()
	e.key("venue")
	e.str(m.venue)
	e.key("referee")
	e.str(m.referee)
	e.key("neutral")
	e.bool(m.round == 0)
	e.key("coverage")
	e.beginObject()
	e.key("mlive")
	e.int(1)
	e.key("lineup")
	e.int(m.round & 1)
	e.endObject()
	e.key("start_time")
	e.null()
	e.key("odds")
	writeOdds(e, m.books)
	e.key("environment")
	m.weather.write(e)
}

// write writes the team with its score.
func (t *team) write(e *encoder) {
	e.beginObject()
	e.key("name")
	e.str(t.name)
	e.key("score")
	e.beginObject()
	e.key("current")
	e.int(t.goals)
	e.key("halftime")
	e.int(t.halftime)
	e.key("detailed")
	e.beginArray()
	for _, n := range [...]int64{t.goals, t.halftime, 0, 0, 0, 0, 0} {
		e.int(n)
	}
	e.endArray()
	e.endObject()
	e.key("position")
	e.str(t.position)
	e.key("country")
	if t.country == "" {
		e.null()
	} else {
		e.str(t.country)
	}
	e.key("logo_url")
	e.str(t.logo)
	e.endObject()
}

// write writes the competition.
func (c *competition) write(e *encoder) {
	e.beginObject()
	e.key("name")
	e.str(c.name)
	e.key("id")
	e.str(c.id)
	e.key("country")
	e.str(c.country)
	e.key("logo_url")
	e.str(c.logo)
	e.endObject()
}
