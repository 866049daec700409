package genhistory

import (
	"math/rand/v2"
	"strconv"
)

// market is a kind of bet. Prices and lines are in hundredths.
type market struct {
	name  string
	price int // approximate first price of home and away
	line  int // approximate first value of the middle column
	step  int // by which the middle column changes
	floor int // minimum of the middle column
}

// fullMarkets are the markets of a match; the last is not offered for all.
var fullMarkets = []market{
	{name: "asia", price: 90, line: 0, step: 25, floor: -250},
	{name: "eu", price: 260, line: 340, step: 3, floor: 104},
	{name: "bs", price: 90, line: 275, step: 25, floor: 50},
	{name: "cr", price: 85, line: 950, step: 50, floor: 450},
}

// briefMarkets are the markets of a brief match.
var briefMarkets = fullMarkets[:1]

// book is the odds of one market for one match, oldest first.
type book struct {
	market
	rows []row
}

// row is one quote. It is written as an array: Unix time, minute, home, line
// (or draw), away, status, sealed, score.
type row struct {
	time               int64 // Unix seconds
	minute             string
	home, middle, away int // hundredths
	status, sealed     int64
	score              string
}

// newBook returns a market's odds with the one quote from before kickoff.
func newBook(rng *rand.Rand, k market, kickoff int64) book {
	first := row{
		time:   kickoff - 600 - rng.Int64N(80_000),
		home:   k.price * (80 + rng.IntN(50)) / 100,
		middle: max(k.floor, k.line+k.step*(rng.IntN(9)-4)),
		away:   k.price * (80 + rng.IntN(50)) / 100,
		status: 1,
		score:  "0-0",
	}
	return book{market: k, rows: []row{first}}
}

// quote adds a row that follows the newest one and returns it.
func (b *book) quote(rng *rand.Rand, at int64, minute int, score string) row {
	r := b.rows[len(b.rows)-1]
	move := rng.IntN(9) - 4
	r.time, r.minute, r.score = at, strconv.Itoa(minute), score
	r.home = max(2, r.home+move)
	r.away = max(2, r.away-move+rng.IntN(3)-1)
	r.status, r.sealed = 2, 0
	if minute > 45 {
		r.status = 4
	}
	switch rng.IntN(24) {
	case 0:
		r.middle = max(b.floor, r.middle+b.step*(rng.IntN(3)-1))
	case 1:
		r.sealed = 1
	}
	b.rows = append(b.rows, r)
	return r
}

// write writes the row as an array.
func (r row) write(e *encoder) {
	e.beginArray()
	e.int(r.time)
	e.str(r.minute)
	e.hundredths(r.home)
	e.hundredths(r.middle)
	e.hundredths(r.away)
	e.int(r.status)
	e.int(r.sealed)
	e.str(r.score)
	e.endArray()
}

// writeBooks writes every row of every market, newest first.
func writeBooks(e *encoder, books []book) {
	e.beginObject()
	for _, b := range books {
		e.key(b.name)
		e.beginArray()
		for i := len(b.rows) - 1; i >= 0; i-- {
			b.rows[i].write(e)
		}
		e.endArray()
	}
	e.endObject()
}

// column is one named price or line, in hundredths.
type column struct {
	name  string
	value int
}

// writeOpening writes a market's first quote as an object.
func writeOpening(e *encoder, first row, columns ...column) {
	e.beginObject()
	for _, c := range columns {
		e.key(c.name)
		e.hundredths(c.value)
	}
	e.key("timestamp")
	e.int(first.time)
	e.key("match_time")
	e.str(first.minute)
	e.endObject()
}

// writeOdds writes the odds of a match: a summary of each market, which is empty for a
// market that the match does not have, and the rows.
func writeOdds(e *encoder, books []book) {
	e.beginObject()
	e.key("full_time_result")
	if len(books) > 1 {
		r := books[1].rows[0]
		writeOpening(e, r, column{"home", r.home}, column{"draw", r.middle}, column{"away", r.away})
	} else {
		writeEmpty(e)
	}
	e.key("both_teams_to_score")
	writeEmpty(e)
	e.key("over_under")
	e.beginObject()
	if len(books) > 2 {
		e.key(string(appendHundredths(nil, books[2].rows[0].middle)))
		writeOverUnder(e, books[2].rows[0])
	}
	e.endObject()
	e.key("spread")
	if len(books) > 0 {
		r := books[0].rows[0]
		writeOpening(e, r, column{"handicap", r.middle}, column{"home", r.home}, column{"away", r.away})
	} else {
		writeEmpty(e)
	}
	e.key("raw")
	writeBooks(e, books)
	if len(books) > 2 {
		e.key("primary_over_under")
		writeOverUnder(e, books[2].rows[0])
	}
	e.endObject()
}

// writeOverUnder writes the first quote on the number of goals.
func writeOverUnder(e *encoder, r row) {
	writeOpening(e, r, column{"line", r.middle}, column{"over", r.home}, column{"under", r.away})
}

// writeEmpty writes an object without members.
func writeEmpty(e *encoder) {
	e.beginObject()
	e.endObject()
}
