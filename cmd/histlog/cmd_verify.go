package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/histlog/histlog/internal/eventlog"
	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/health"
	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/internal/vfs"
	"github.com/histlog/histlog/migrate"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

func verifyCommand() *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "read every byte of a log against its checksum",
		ArgsUsage: "DIR",
		Description: `   histlog verify step2
   histlog verify --repair step2
   histlog verify --against step2.json step2`,
		Flags: append([]cli.Flag{
			jsonFlag(), progressFlag(),
			&cli.BoolFlag{Name: "repair", Usage: "repair damage where possible; the damaged bytes are kept in quarantine/"},
			&cli.StringFlag{Name: "lock-wait", Usage: "with --repair: how long to wait for another writer", Value: "10s"},
			&cli.StringFlag{Name: "against", TakesFile: true, Usage: "compare with a monolithic `SOURCE`, record for record"},
			&cli.StringFlag{Name: "records", Usage: "with --against: JSON `POINTER` to the array of records, as migrate takes it"},
		}, inputFlags()...),
		Action: runVerify,
	}
}

// A verifyResult is the result of verify, as JSON.
type verifyResult struct {
	Records    uint64              `json:"records"`
	Bytes      int64               `json:"bytes"`
	Damaged    []damage            `json:"damaged"`
	Quarantine []string            `json:"quarantine"`
	Rebuilt    uint64              `json:"rebuilt"` // number of records whose checksums were computed from the segment itself
	Blank      uint64              `json:"blank"`   // number of lost records
	OK         bool                `json:"ok"`
	Repaired   []repairedRecord    `json:"repaired"` // null without --repair
	Against    *migrate.Comparison `json:"against,omitempty"`
	originOnly bool                // only origin/ is damaged
	byHand     bool                // repair can do nothing about any damage, and each says what to do
}

type damage struct {
	Seq     *segment.Sequence `json:"seq"`
	Segment string            `json:"segment"`
	Offset  segment.Offset    `json:"offset"`
	Reason  string            `json:"reason"`
}

func runVerify(c *cli.Context) error {
	dir, err := oneDir(c)
	if err != nil {
		return err
	}
	bar, err := newProgress(c, "verifying")
	if err != nil {
		return err
	}
	started := time.Now()
	var repaired []repairedRecord
	if c.Bool("repair") {
		if repaired, err = repair(c, dir); err != nil {
			return errors.Join(printRepaired(c.App.Writer, repaired), err)
		}
	}
	l, err := openLog(c, dir)
	if err != nil {
		return err
	}
	looked := time.Now()
	v, err := verifyAll(c, l, bar)
	v.Repaired = repaired
	bar.Finish()
	if err == nil && c.IsSet("against") {
		v.Against, err = against(c, l)
		err = beingWritten(err)
		if err != nil {
			err = aboutSource("verify --against "+c.String("against"), c.String("against"), err)
		}
	}
	if err != nil {
		return err
	}
	if !v.OK {
		eventlog.Log(l.FS(), l.Dir, slog.LevelError, "verify found damage", "damaged", v.Damaged)
	}
	if err := v.print(c, l, time.Since(started)); err != nil {
		return err
	}
	v.updateStatus(c, l, looked)
	if !v.OK {
		err := &exitError{code: exitDamaged, err: fmt.Errorf("%s: verify found %s", l.Dir, term.Plural(uint64(len(v.Damaged)), "damaged place"))}
		if v.originOnly {
			err.hint = "put origin/ back from a copy of the log; only an export needs it, and the records are intact"
		} else if v.byHand {
			err.hint = "do what the line of each damaged place says: --repair leaves it to a person, because it cannot know which file is right"
		} else if repaired == nil && !health.IsArchive(l) {
			err.hint = "histlog verify --repair " + l.Dir + " moves the damaged bytes to quarantine/ and changes no other record"
		}
		return err
	}
	if m := v.Against; m != nil && (m.Here < m.Records || m.Lost > 0) {
		return &exitError{code: exitDamaged, err: errReported}
	}
	return nil
}

// updateStatus stores when the log was verified, for check and inspect. An account that
// may only read the log can verify it, but not store that. A warning then says what check
// will not report, because monitoring may depend on check alone.
func (v verifyResult) updateStatus(c *cli.Context, l *segment.Log, at time.Time) {
	before := l.Status().Verified.Damaged
	err := l.UpdateStatus(c.Context, func(n *segment.Status) {
		n.Verified = segment.VerifyStatus{At: at.UTC(), Records: v.Records, Damaged: len(v.Damaged)}
	})
	barred := errors.Is(err, fs.ErrPermission) || vfs.ReadOnly(err)
	consequence := ""
	switch {
	case err == nil, barred && v.OK && before == 0:
		return
	case !v.OK && before == 0:
		consequence = fmt.Sprintf("the damage could not be recorded in %s, so histlog check does not report it", l.Dir)
	case v.OK && before > 0:
		consequence = fmt.Sprintf("this verification could not be recorded in %s, so histlog check still reports the damage of an earlier one", l.Dir)
	default:
		consequence = fmt.Sprintf("the time of this verification could not be recorded in %s", l.Dir)
	}
	say(c.App.ErrWriter, "warning: %s: %v; %s", consequence, err, statusAdvice(err, l.Dir))
}

// statusAdvice returns how the result of a verification can be stored after err.
func statusAdvice(err error, dir string) string {
	switch {
	case vfs.ReadOnly(err):
		return "mount the disk read-write and run histlog verify again; until then let monitoring use the exit code of verify"
	case segment.NoRoom(err):
		return "free some disk space and run histlog verify again"
	case errors.Is(err, fs.ErrPermission):
		owner := "the owner of the log"
		if name := ownerOf(dir); name != "" {
			owner = name + ", " + owner
		}
		return "run histlog verify as " + owner
	}
	return "run histlog verify again"
}

// against compares the log with the source that --against names.
func against(c *cli.Context, l *segment.Log) (*migrate.Comparison, error) {
	o := migrate.Options{Source: c.String("against"), Dir: l.Dir}
	var err error
	if o.Accept, err = acceptOf(c); err != nil {
		return nil, err
	}
	o.Accept.Memory = maxRecord(c)
	if c.IsSet("records") {
		if o.Records, err = jsonscan.ParsePattern(c.String("records")); err != nil {
			return nil, usage("verify", "--records: %v", err)
		}
	}
	m, err := migrate.Compare(c.Context, o, l)
	return &m, err
}

func verifyAll(c *cli.Context, l *segment.Log, bar *term.Progress) (v verifyResult, err error) {
	v.Damaged = []damage{}
	f, err := l.VerifyAll(c.Context, func(read, total segment.Offset) { bar.Set(int64(read), int64(total)) })
	if err != nil {
		return v, err
	}
	v.Records, v.Bytes, v.Rebuilt, v.Blank = f.Records, int64(f.Summary.Bytes), f.Rebuilt, f.Blank
	v.byHand = true
	for _, d := range f.Damage {
		v.Damaged = append(v.Damaged, newDamage(d))
		v.byHand = v.byHand && d.Kind == segment.KindByHand
	}
	if v.Quarantine, err = l.Quarantine(); err != nil {
		return v, err
	}
	if v.Quarantine == nil {
		v.Quarantine = []string{}
	}
	origin, err := migrate.VerifyOrigin(c.Context, l)
	for _, d := range origin {
		v.Damaged = append(v.Damaged, damage{nil, filename.Origin + "/" + term.Safe(d.Name), 0, d.Reason})
	}
	v.OK, v.originOnly = len(v.Damaged) == 0, len(v.Damaged) == len(origin)
	return v, err
}

func newDamage(e *segment.CorruptError) damage {
	d := damage{nil, filepath.Base(e.Path), e.Offset, e.Reason}
	if e.Seq != 0 {
		d.Seq = &e.Seq
	}
	return d
}

func (v verifyResult) print(c *cli.Context, l *segment.Log, took time.Duration) error {
	if c.Bool("json") {
		return term.PrintJSON(c.App.Writer, v)
	}
	if err := printRepaired(c.App.Writer, v.Repaired); err != nil {
		return err
	}
	for _, d := range v.Damaged {
		where := ""
		if d.Seq != nil {
			where = fmt.Sprintf("record %d, ", *d.Seq)
		}
		if _, err := term.Fprintf(c.App.Writer, "DAMAGED  %s%s at offset %d: %s\n", where, d.Segment, d.Offset, d.Reason); err != nil {
			return err
		}
	}
	for _, name := range v.Quarantine {
		if _, err := term.Fprintf(c.App.Writer, "quarantined  %s\n", filepath.Join(l.Dir, filename.Quarantine, name)); err != nil {
			return err
		}
	}
	word := "OK"
	if !v.OK {
		word = "NOT OK"
	}
	lost := ""
	if v.Blank > 0 {
		lost = fmt.Sprintf(" · %d lost, their places kept", v.Blank)
	}
	_, err := term.Fprintf(c.App.Writer, "%s  %s, %s, read in %s · %d damaged · %d in quarantine · %d with rebuilt checksums%s\n",
		word, term.Plural(v.Records, "record"), term.Bytes(v.Bytes), term.Duration(took), len(v.Damaged), len(v.Quarantine), v.Rebuilt, lost)
	if err != nil || v.Against == nil {
		return err
	}
	return v.printAgainst(c, l)
}

func (v verifyResult) printAgainst(c *cli.Context, l *segment.Log) (err error) {
	m, source := v.Against, c.String("against")
	switch {
	case m.Lost > 0:
		_, err = term.Fprintf(c.App.Writer, "%d of %d records are here, %d more are lost in the log; keep %s\n", m.Here-m.Lost, m.Records, m.Lost, source)
	case m.Here < m.Records:
		_, err = term.Fprintf(c.App.Writer, "%d of %d records are here; keep %s, and run: histlog migrate --continue %s %s\n", m.Here, m.Records, source, source, l.Dir)
	case m.Records == 0:
		_, err = term.Fprintf(c.App.Writer, "%s holds no records\n", source)
	default:
		_, err = term.Fprintf(c.App.Writer, "%d of %d records are here as seq %s; %s can be deleted\n", m.Here, m.Records, term.Range(m.First, m.First+segment.Sequence(m.Here)-1), source)
	}
	return err
}
