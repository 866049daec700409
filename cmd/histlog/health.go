package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dustin/go-humanize/english"
	"github.com/histlog/histlog/compactor"
	"github.com/histlog/histlog/internal/memguard"
	"github.com/histlog/histlog/internal/survey"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
)

// status is what check says, and its exit code.
type status int

const (
	fine status = iota
	warning
	critical
	unknown
)

func (s status) String() string {
	return [...]string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}[s]
}

// health is what can be seen of a log without reading its text.
type health struct {
	log        *segment.Log
	recent     survey.Latest
	records    uint64
	damage     []*segment.CorruptError
	suspect    time.Time // when recovery found damage last, as the indexes say; zero: never
	quarantine []string
	disk       int64 // bytes that the log takes, as segment.Log.Size has it
	free       uint64
	notes      segment.Status
	jump       time.Duration // by which the clock seems to have jumped ahead; 0: retirement by age does not wait for it
}

func examine(ctx context.Context, l *segment.Log) (*health, error) {
	h := &health{log: l, notes: l.Status()}
	if err := h.glance(ctx); err != nil {
		return nil, err
	}
	var err error
	if h.recent, err = survey.Recent(l); err != nil {
		return nil, err
	}
	if h.quarantine, err = l.Quarantine(); err != nil {
		return nil, err
	}
	if h.jump, err = clockJump(l, time.Now()); err != nil {
		return nil, err
	}
	h.free, _, err = memguard.DiskFree(l.Dir)
	return h, err
}

// clockJump returns by how much the clock has jumped ahead, where that keeps
// records from being retired by their age.
func clockJump(l *segment.Log, now time.Time) (time.Duration, error) {
	policy, err := l.Marker.Settings.Policy()
	if err != nil || policy.Upkeep.MaxAge == 0 || policy.Upkeep.Manual {
		return 0, nil // a setting that cannot be read retires nothing
	}
	return compactor.ClockJump(l, now)
}

func (h *health) archive() bool { return h.log.Marker.Role == roleArchive }

// glance looks at every segment, and once more where one seems damaged: it may have
// been sealed, compressed or retired meanwhile.
func (h *health) glance(ctx context.Context) error {
	if err := h.log.RefreshAll(); err != nil {
		return err
	}
	err := h.glanceOnce(ctx)
	if err != nil || len(h.damage) == 0 {
		return err
	}
	if err := h.log.Refresh(); err != nil {
		return err
	}
	return h.glanceOnce(ctx)
}

func (h *health) glanceOnce(ctx context.Context) error {
	l := h.log
	h.records, h.damage = 0, slices.Clone(l.Foreign)
	if conflict := (*segment.CorruptError)(nil); errors.As(l.Conflict, &conflict) {
		h.damage = append(h.damage, conflict)
	}
	if missing := l.MissingOldest(); missing != nil {
		h.damage = append(h.damage, missing)
	}
	for _, s := range l.Segments {
		if err := ctx.Err(); err != nil {
			return err
		}
		g, err := l.QuickCheck(s)
		if err != nil {
			return err
		}
		h.records += g.Records
		if g.Damage != nil {
			h.damage = append(h.damage, g.Damage)
		}
		if g.Suspect.After(h.suspect) {
			h.suspect = g.Suspect
		}
	}
	var err error
	h.disk, err = l.Size()
	return err
}

// bounds are what check judges by; 0: none, or by the usual gap.
type bounds struct {
	late, tooLate    time.Duration // since the last arrival: warning, critical
	minFree, maxDisk int64
}

// lateness returns after what time the last record is late, and too late.
func (b bounds) lateness(gap time.Duration) (late, tooLate time.Duration) {
	if b.late > 0 {
		return b.late, b.tooLate
	}
	return survey.LateAfter(gap)
}

// problem is something that is not as it should be.
type problem struct {
	status status
	text   string
}

// assessment is what check says of a log.
type assessment struct {
	dir           string
	*health       // nil: it could not be examined
	bounds        bounds
	age           time.Duration // since the last arrival, or since the log was made
	late, tooLate time.Duration
	problems      []problem
}

// judge measures a log against bounds.
func (h *health) judge(b bounds, now time.Time) assessment {
	a := assessment{dir: h.log.Dir, health: h, bounds: b}
	if !h.archive() { // an archive waits for nothing
		a.late, a.tooLate = b.lateness(h.recent.Gap)
	}
	since := h.recent.LastArrived
	if h.recent.LastSeq == 0 {
		since = h.log.Marker.Created
	}
	if a.age = now.Sub(since); !h.archive() {
		a.judgeAge()
	}
	a.age = max(a.age, 0)
	a.judgeDamage(now)
	a.judgeDisk()
	if n := len(h.quarantine); n > 0 {
		a.add(warning, "%s in %s/", english.Plural(n, "file", ""), segment.QuarantineName)
	}
	if h.jump > 0 {
		a.add(warning, "max-age retires nothing now: the clock is %s ahead of the records before; it does again after a day of records", term.Duration(h.jump))
	}
	if u := h.notes.Upkeep; !u.Failed.IsZero() {
		a.add(warning, "upkeep failed %s ago: %s", term.Duration(now.Sub(u.Failed)), u.Error)
	}
	return a
}

func (a *assessment) add(s status, format string, args ...any) {
	a.problems = append(a.problems, problem{s, fmt.Sprintf(format, args...)})
}

// judgeAge judges by arrival: a record's own time may be any.
func (a *assessment) judgeAge() {
	const ahead = time.Minute // that a clock may differ by
	if a.recent.LastSeq == 0 && len(a.damage) > 0 {
		return // the newest segment is damaged, which says more
	}
	what := "nothing arrived for " + term.Duration(a.age)
	if a.recent.LastSeq == 0 {
		what = "no records yet, the log was made " + term.Duration(a.age) + " ago"
	}
	switch {
	case a.age < -ahead:
		a.add(warning, "the last arrival is %s ahead of the clock, which was set back", term.Duration(-a.age))
	case a.tooLate > 0 && a.age >= a.tooLate:
		a.add(critical, "%s", what)
	case a.age >= a.late, a.recent.LastSeq == 0:
		a.add(warning, "%s", what)
	}
}

// judgeDamage judges by what can be seen now, and by what was found before and
// not mended since.
func (a *assessment) judgeDamage(now time.Time) {
	for i, d := range a.damage {
		const most = 3
		if i == most {
			a.add(critical, "%d more damaged", len(a.damage)-most)
			break
		}
		a.add(critical, "%v", d)
	}
	if text := foundBefore(a.notes.Verified, a.suspect, now); text != "" {
		a.add(critical, "%s", text)
	}
}

// foundBefore says what damage was found that can't be seen without reading the
// text, and was not mended since; "": none.
func foundBefore(verified segment.VerifyStatus, suspect, now time.Time) string {
	switch {
	case verified.Damaged > 0:
		return fmt.Sprintf("verify found %d damaged %s ago", verified.Damaged, term.Duration(now.Sub(verified.At)))
	case suspect.After(verified.At):
		return fmt.Sprintf("a writer found damage %s ago and left it as it was: run histlog verify", term.Duration(now.Sub(suspect)))
	}
	return ""
}

func (a *assessment) judgeDisk() {
	switch {
	case a.free < uint64(a.recent.MaxSize):
		a.add(critical, "%s are free, less than a record takes", term.Bytes(int64(a.free)))
	case a.free < uint64(a.bounds.minFree):
		a.add(warning, "%s are free, less than %s", term.Bytes(int64(a.free)), term.Bytes(a.bounds.minFree))
	}
	if m := a.bounds.maxDisk; m > 0 && a.disk > m {
		a.add(warning, "the log takes %s on disk, more than %s", term.Bytes(a.disk), term.Bytes(m))
	}
}

// status is the worst of what there is: critical is worse than unknown.
func (a assessment) status() status {
	worst := fine
	for _, p := range a.problems {
		if worst == fine || p.status == critical || worst == warning && p.status == unknown {
			worst = p.status
		}
	}
	return worst
}
