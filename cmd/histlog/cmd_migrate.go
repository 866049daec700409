package main

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/histlog/histlog/internal/eventlog"
	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/seekable"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/internal/timespec"
	"github.com/histlog/histlog/internal/timezone"
	"github.com/histlog/histlog/migrate"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

func migrateCommand() *cli.Command {
	return &cli.Command{
		Name:      "migrate",
		Usage:     "turn a monolithic JSON file into a log, once",
		ArgsUsage: "SOURCE... [DIR]",
		Description: `SOURCE is a file, or - for standard input; the default of DIR is
SOURCE without its ending. SOURCE may be compressed with gzip, zstd, xz or bzip2, or be a zip
archive of one file. The source is never written to. The new log is complete, or, after an
error, there is none. migrate finds the records by itself; if it cannot decide, it lists
the places that may hold them.

The records of several files become one log, in the order of the files; DIR must be named.
Records that two of the files have in common are in it twice. A pattern in quotes stands
for the files that it matches, in the order of their names. --dry-run judges each of the
files by itself.

With --each, every file is one record. White space in the files is not kept, so an export
is one array. The names of the files are held in memory, about 100 bytes for each.

   histlog migrate step2.json
   histlog migrate --dry-run step2.json
   histlog migrate --continue step2.json
   histlog migrate history-2024.json history-2025.json history
   histlog migrate 'history-*.json' history
   histlog migrate --each 'polls/*.json' history`,
		Flags: append(append([]cli.Flag{
			&cli.StringFlag{Name: "records", Usage: "JSON `POINTER` to the array of records: /a/b or .a.b; * for every member or element: /history/* (records keep their keys); '' if each value of SOURCE is a record"},
			&cli.StringFlag{Name: "verify", Usage: "how the log is verified: digest (read it back and compare checksums), roundtrip (also export it and compare with SOURCE) or none", Value: "digest"},
			&cli.BoolFlag{Name: "dry-run", Usage: "show what would be done; write nothing"},
			&cli.BoolFlag{Name: "continue", Usage: "DIR is already the log of SOURCE: append the records that were added to SOURCE since"},
			&cli.BoolFlag{Name: "salvage", Usage: "SOURCE is truncated or damaged: keep every complete record before the damage, and after it if each record begins a line of its own"},
			&cli.BoolFlag{Name: "each", Usage: "every file is one record, whatever it holds"},
			&cli.StringFlag{Name: "sort", Usage: "with --each, the order of the files: name, or time (of their records, or, if no record has one, of the last change of the file)", Value: "name"},
			&cli.StringFlag{Name: "lock-wait", Usage: "with --continue: how long to wait for another writer", Value: "10s"},
			&cli.StringFlag{Name: "compress", Usage: "store full segments as " + seekable.Names() + ", or none", Value: "none"},
			progressFlag(), jsonFlag(),
		}, inputFlags()...), newLogFlags()...),
		Action: runMigrate,
	}
}

func runMigrate(c *cli.Context) error {
	o, err := migrateOptions(c)
	if err != nil {
		return err
	}
	bar, err := newProgress(c, "migrating")
	if err != nil {
		return err
	}
	o.Progress = bar.Set
	var zone *timezone.Zone
	if !c.Bool("continue") { // the log has a zone already
		o.Settings, zone = defaultZone(o.Settings)
	}
	switch is := c.Bool; {
	case is("dry-run") && is("continue"), is("continue") && is("salvage"), is("dry-run") && is("salvage"):
		return usage("migrate", "choose one of --dry-run, --continue and --salvage")
	case o.Each:
		if err := sortFiles(c, &o); err != nil {
			return err
		}
	case len(o.Sources) > 1 && (is("continue") || is("salvage")):
		return usage("migrate", "--continue and --salvage take one SOURCE, not %d", len(o.Sources))
	case is("dry-run"):
		err := eachSource(c, o, func(one migrate.Options) error {
			one.Settings = o.Settings
			plan, err := dryRun(c, one, zone, bar)
			o.Settings = timesOf(plan, o.Settings)
			return err
		})
		if n := len(o.Sources); err == nil && n > 1 {
			say(c.App.ErrWriter, "each of the %d files was judged by itself; the migration needs the time and the disk space of all together", n)
		}
		return err
	case is("continue"):
		return continueMigration(c, o, bar)
	}
	receipt, err := migrate.Run(c.Context, o)
	bar.Finish()
	if err != nil {
		return aboutSources(o, err)
	}
	eventlog.Log(nil, o.Dir, slog.LevelInfo, "migrated", "source", o.Source, "records", receipt.Records, "sha256", receipt.SourceSHA256, "peak_rss", receipt.PeakRSS)
	if err := showReceipt(c, o, zone, receipt); err != nil {
		return err
	}
	if receipt.Salvaged {
		return &exitError{code: exitDamaged, err: errReported}
	}
	return nil
}

func showReceipt(c *cli.Context, o migrate.Options, zone *timezone.Zone, receipt migrate.Receipt) error {
	if receipt.Salvaged {
		say(c.App.ErrWriter, "%s: %s", o.Source, receipt.Damage)
		say(c.App.ErrWriter, "%s", salvagedText(o, receipt))
	}
	took := understood{o.Source, receipt.Records, receipt.RecordsAt, receipt.Share, o.Records != nil, receipt.Times, zone}
	took.warnZone(c.App.ErrWriter)
	if c.Bool("json") {
		return term.PrintJSON(c.App.Writer, receipt)
	}
	if receipt.Export == "converted" {
		say(c.App.ErrWriter, "tokens of %s were converted, as --non-finite or --invalid-utf8 has it; an export has the converted ones", o.Source)
	}
	took.warn(c.App.ErrWriter)
	warnCount(c, o, receipt.Declared, receipt.Records)
	proof := "verified"
	if o.Verify == migrate.VerifyNone {
		proof = "not read back"
	}
	_, err := term.Fprintf(c.App.Writer, "%s of %s (%s) %s in %s (%s), %s, in %s; see: histlog inspect %s\n",
		term.Plural(receipt.Records, "record"), o.Source, term.Bytes(receipt.SourceBytes), term.IsAre(receipt.Records), o.Dir, term.Bytes(receipt.LogBytes), proof,
		term.Duration(time.Duration(receipt.Elapsed*float64(time.Second))), o.Dir)
	return errors.Join(err, took.print(c.App.Writer))
}

// salvagedText describes what a salvage kept, and where the rest is.
func salvagedText(o migrate.Options, receipt migrate.Receipt) string {
	quarantine := filepath.Join(o.Dir, filename.Quarantine)
	size := term.Plural(uint64(receipt.Quarantined), "byte")
	if receipt.Quarantined >= 1000 {
		size = term.Bytes(receipt.Quarantined)
	}
	switch {
	case receipt.Records == 0:
		return fmt.Sprintf("salvaged no record; all %s are in %s; if the records are nested deeper than in the root, remove %s and name their array with --records, such as /data/history", size, quarantine, o.Dir)
	case receipt.Pieces > 1:
		return fmt.Sprintf("salvaged %s; the %d damaged pieces, of %s, are in %s", term.Plural(receipt.Records, "complete record"), receipt.Pieces, size, quarantine)
	}
	return fmt.Sprintf("salvaged %s; the %s that are damaged, or after the damage, are in %s", term.Plural(receipt.Records, "complete record"), size, quarantine)
}

// warnCount warns if the source declares another number of records.
func warnCount(c *cli.Context, o migrate.Options, declared *int64, records uint64) {
	if declared != nil && *declared != int64(records) {
		say(c.App.ErrWriter, "%s says that it holds %d entries, but %d were found; no other record was found in it", o.Source, *declared, records)
	}
}

func migrateOptions(c *cli.Context) (o migrate.Options, err error) {
	if err := setSources(c, &o); err != nil {
		return o, err
	}
	o.Accept, err = acceptOf(c)
	if o.Accept.Memory = maxRecord(c); err != nil {
		return o, err
	}
	if o.Settings, err = settingsOf(c); err != nil {
		return o, err
	}
	if c.IsSet("records") {
		if o.Records, err = jsonscan.ParsePattern(c.String("records")); err != nil {
			return o, usage("migrate", "--records: %v", err)
		}
	}
	switch c.String("verify") {
	case "digest":
	case "roundtrip":
		o.Verify = migrate.VerifyRoundtrip
	case "none":
		o.Verify = migrate.VerifyNone
	default:
		return o, usage("migrate", "--verify %s: want digest, roundtrip or none", c.String("verify"))
	}
	if name := c.String("compress"); name != "none" {
		if o.Compress, err = seekable.ParseCodec(name); err != nil {
			return o, usage("migrate", "--compress: %v, or none", err)
		}
	}
	o.Salvage = c.Bool("salvage")
	return o, nil
}

// withoutEnding removes the extension of a compressor, if any, and then one more.
func withoutEnding(name string) string {
	name = migrate.TrimEnding(name)
	return strings.TrimSuffix(name, filepath.Ext(name))
}

// dryRun prints what a migration would do.
func dryRun(c *cli.Context, o migrate.Options, zone *timezone.Zone, bar *term.Progress) (migrate.DryRunReport, error) {
	plan, err := migrate.DryRun(c.Context, o)
	bar.Finish()
	if err != nil {
		return plan, aboutSource("migrate "+o.Source, o.Source, err)
	}
	took := understood{o.Source, plan.Records, plan.RecordsAt, plan.Share, o.Records != nil, plan.Times, zone}
	took.warnZone(c.App.ErrWriter)
	if c.Bool("json") {
		return plan, term.PrintJSON(c.App.Writer, plan)
	}
	out := c.App.Writer
	took.warn(c.App.ErrWriter)
	warnCount(c, o, plan.Declared, plan.Records)
	took.print(out)
	if others := otherCandidates(plan); len(others) > 0 {
		term.Fprintf(out, "other values that may be records:\n")
		listCandidates(out, others)
	}
	if plan.FirstTime != nil {
		term.Fprintf(out, "times: %s to %s\n", plan.FirstTime.UTC().Format(time.RFC3339), plan.LastTime.UTC().Format(time.RFC3339))
	}
	term.Fprintf(out, "%s of JSON become %s of records, the largest %s; %s are free\n", term.Bytes(plan.SourceBytes), term.Bytes(plan.LogBytes), term.Bytes(plan.Largest), term.Bytes(int64(plan.FreeBytes)))
	if plan.NonFinite > 0 && o.Accept.NonFinite == jsonscan.RejectNonFinite {
		term.Fprintf(out, "%d NaN or Infinity, which --non-finite must allow\n", plan.NonFinite)
	}
	_, err = term.Fprintf(out, "it will take about %s; nothing was written\n", term.Duration(time.Duration(plan.Seconds*1.2*float64(time.Second))))
	return plan, err
}

// timesOf returns s with the time field and the time format of a source, so that the next
// sources are read in the same way.
func timesOf(plan migrate.DryRunReport, s segment.Settings) segment.Settings {
	if plan.Records == 0 {
		return s
	}
	s = s.With(segment.Settings{"time-field": plan.TimeField})
	if plan.TimeFormat != "auto" {
		s = s.With(segment.Settings{"time-format": plan.TimeFormat})
	}
	return s
}

// continueMigration appends the records that the source got since it was migrated.
func continueMigration(c *cli.Context, o migrate.Options, bar *term.Progress) (err error) {
	wait, err := timespec.ParseDuration(c.String("lock-wait"))
	if err != nil {
		return usage("migrate", "--lock-wait: %v", err)
	}
	done, err := migrate.Continue(c.Context, o, wait)
	bar.Finish()
	if err != nil {
		return aboutSource("migrate "+o.Source, o.Source, beingWritten(err))
	}
	if done.Appended > 0 {
		eventlog.Log(nil, o.Dir, slog.LevelInfo, "continued", "source", o.Source, "appended", done.Appended)
	}
	if done.Lost > 0 {
		say(c.App.ErrWriter, "%s of these are lost in the log: keep %s", term.Count(done.Lost), o.Source)
		defer func() {
			if err == nil {
				err = &exitError{code: exitDamaged, err: errReported}
			}
		}()
	}
	if c.Bool("json") {
		return term.PrintJSON(c.App.Writer, map[string]any{
			"records": done.Records, "here": done.Here, "lost": done.Lost, "first_seq": seqOrNil(done.First), "appended": done.Appended,
			"appended_first_seq": seqOrNil(done.FirstNew), "appended_last_seq": seqOrNil(done.LastNew),
		})
	}
	if done.Records == 0 {
		_, err = term.Fprintf(c.App.Writer, "nothing new: %s holds no records\n", o.Source)
		return err
	}
	if done.Appended == 0 {
		_, err = term.Fprintf(c.App.Writer, "nothing new: all %s of %s are in %s as seq %s\n", term.Plural(done.Records, "record"), o.Source, o.Dir, term.Range(done.First, done.First+segment.Sequence(done.Here)-1))
		return err
	}
	_, err = term.Fprintf(c.App.Writer, "%s of %s %s in %s as seq %s; the %d before were there\n", term.Plural(done.Appended, "new record"), o.Source, term.IsAre(done.Appended), o.Dir, term.Range(done.FirstNew, done.LastNew), done.Here)
	return err
}

// beingWritten adds a hint to the error of a source that ends too early. Its log exists,
// so most likely the source is being rewritten.
func beingWritten(err error) error {
	if errors.Is(err, jsonscan.ErrCut) || errors.Is(err, migrate.ErrEmpty) {
		return &exitError{code: exitRejected, err: err, hint: "run the command again when the source was rewritten; if its writer was killed: histlog migrate --salvage SOURCE OTHERDIR"}
	}
	return err
}

func seqOrNil(seq segment.Sequence) *segment.Sequence {
	if seq == 0 {
		return nil
	}
	return &seq
}
