package genhistory

import (
	"math/rand/v2"
	"slices"
	"time"
)

const (
	// tickSeconds is the time from one poll to the next.
	tickSeconds = 178
	// minLife and maxLife bound the ticks for which a match is polled.
	minLife, maxLife = 24, 42
	// briefBelow is the batch size, in bytes, under which matches are brief.
	briefBelow = 40_000
	// fullMatchBytes and briefMatchBytes are the assumed sizes of an average
	// match, which determine the number of matches.
	fullMatchBytes, briefMatchBytes = 24_000, 1_400
	// rowBytes is about the indented size of one odds row.
	rowBytes = 240
	// batchFrameBytes is about the indented size of a batch without matches.
	batchFrameBytes = 160
	// batchDepth is the number of containers around a batch in ShapeHistory,
	// matchDepth and rowDepth around its matches and their odds rows.
	batchDepth = 2
	matchDepth = batchDepth + 2
	rowDepth   = matchDepth + 4
)

// pipeline is the simulated poller: the matches of the current batch and the
// clock. Its memory is that of one batch.
type pipeline struct {
	rng        *rand.Rand
	batchBytes int
	matches    int // average number of matches in a batch
	brief      bool
	ticks      int // number of ticks so far
	entered    int // number of matches so far
	now        time.Time
	live       []*match
	gauge      *encoder // measures sizes; its output is discarded
}

// newPipeline returns a pipeline before its first tick. It makes batches of about
// batchBytes bytes.
func newPipeline(seed uint64, batchBytes int) *pipeline {
	p := &pipeline{
		rng:        rand.New(rand.NewPCG(seed, 0x686973746c6f67)),
		batchBytes: batchBytes,
		brief:      batchBytes < briefBelow,
		now:        startTime(),
		gauge:      newEncoder(IndentDefault),
	}
	p.matches = max(4, batchBytes/fullMatchBytes)
	if p.brief {
		p.matches = max(2, batchBytes/briefMatchBytes)
	}
	return p
}

// startTime is the second of the first tick, in New York's summer time.
func startTime() time.Time {
	return time.Date(2025, time.May, 28, 16, 14, 22, 0, time.FixedZone("EDT", -4*60*60))
}

// tick makes the next batch.
func (p *pipeline) tick() {
	micros := time.Duration(1+p.rng.IntN(999_999)) * time.Microsecond
	p.now = startTime().Add(time.Duration(p.ticks)*tickSeconds*time.Second + micros)
	p.live = slices.DeleteFunc(p.live, func(m *match) bool { return m.lastTick < p.ticks })
	spread := p.matches / 12
	want := p.matches - spread + p.rng.IntN(2*spread+1)
	for len(p.live) < want {
		p.enter()
	}
	for _, m := range p.live {
		m.play(p.rng, p.now.Unix())
	}
	p.growOdds()
	p.ticks++
}

// enter adds a match. At the first tick the match has been there for a while, so that the
// first batches are like the later ones.
func (p *pipeline) enter() {
	life := minLife + p.rng.IntN(maxLife-minLife)
	age := 0
	if p.ticks == 0 {
		age = p.rng.IntN(life)
	}
	kickoff := p.now.Unix() - int64(age*tickSeconds)
	quiet := p.entered%7 == 6 // without odds
	m := newMatch(p.rng, matchKind{brief: p.brief, quiet: quiet}, kickoff)
	m.lastTick = p.ticks + life - 1 - age
	m.bytes = p.measure(matchDepth, func(e *encoder) {
		e.key(m.id)
		m.write(e, p.now)
	})
	p.live = append(p.live, m)
	p.entered++
}

// growOdds adds odds rows to the live matches until the batch has its size. A match gets
// more rows the livelier it is and the longer it got none.
func (p *pipeline) growOdds() {
	now := p.now.Unix()
	lack, weights := int64(p.batchBytes-batchFrameBytes), int64(0)
	for _, m := range p.live {
		lack -= int64(m.bytes)
		weights += m.weight(now)
	}
	if lack <= 0 || weights == 0 {
		return
	}
	whole := weights * rowBytes
	for _, m := range p.live {
		share := lack * m.weight(now)
		rows := share / whole
		if p.rng.Int64N(whole) < share%whole {
			rows++
		}
		for _, r := range m.quote(p.rng, int(rows), now) {
			m.bytes += p.measure(rowDepth, r.write)
		}
	}
}

// measure returns the size in bytes of write's output as an element at the given depth of
// a file indented by 2 spaces.
func (p *pipeline) measure(depth int, write func(*encoder)) int {
	e := p.gauge
	e.buf, e.depth, e.empty, e.placed = e.buf[:0], depth, false, false
	write(e)
	return len(e.buf)
}

// writeBatch writes the current batch.
func (p *pipeline) writeBatch(e *encoder) {
	e.beginObject()
	e.key("timestamp")
	e.str(isoTime(p.now))
	e.key("total_matches")
	e.int(int64(len(p.live)))
	e.key("matches")
	e.beginObject()
	for _, m := range p.live {
		e.key(m.id)
		m.write(e, p.now)
	}
	e.endObject()
	e.endObject()
}
