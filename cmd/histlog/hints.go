package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/dustin/go-humanize/english"
	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/memguard"
	"github.com/histlog/histlog/internal/recordtime"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/internal/vfs"
	"github.com/histlog/histlog/migrate"
	"github.com/histlog/histlog/segment"
)

// explain returns the exit code and the hint of an error.
func explain(err error) (code int, hint string) {
	if own := (*exitError)(nil); errors.As(err, &own) {
		return own.code, own.hint
	}
	for _, e := range explanations {
		if e.of(err) {
			return e.code, e.hint(err)
		}
	}
	return exitFailure, ""
}

// An explanation is the exit code and the hint of the errors that it is of.
type explanation struct {
	of   func(error) bool
	code int
	hint func(error) string
}

// isAny returns a function that reports whether an error is one of targets.
func isAny(targets ...error) func(error) bool {
	return func(err error) bool {
		return slices.ContainsFunc(targets, func(target error) bool { return errors.Is(err, target) })
	}
}

// as reports whether an error is a T.
func as[T error](err error) bool {
	_, ok := errorOf[T](err)
	return ok
}

// errorOf returns the T that an error is or wraps.
func errorOf[T error](err error) (found T, ok bool) {
	ok = errors.As(err, &found)
	return found, ok
}

// text returns a hint that does not depend on the error.
func text(hint string) func(error) string { return func(error) string { return hint } }

// explanations are tried in order. Errors about one file or setting precede errors of a
// kind, and those of a log precede those of the input.
var explanations = slices.Concat(aboutLogs, aboutFiles, aboutInput)

var aboutLogs = []explanation{
	{isAny(segment.ErrDraft), exitNoLog, text("run the migration or snapshot that did not finish there again: it removes the incomplete log first")},
	{isAny(segment.ErrNoLog), exitNoLog, text("check the path and whether the disk is mounted; histlog append --create makes a new log")},
	{isAny(segment.ErrOthersSetting), exitFailure, text("run the command as the owner of the log, or give --archive-to to prune: another account must not decide where this one writes")},
	{isAny(segment.ErrNotArchive), exitFailure, text("give --archive-to a missing or an empty directory, or the one that took this log's segments before")},
	{isAny(segment.ErrExists), exitFailure, text("choose another directory; if this is the log of that source, histlog migrate --continue appends new records")},
	{isAny(segment.ErrVersion), exitFailure, text("update histlog; the log itself is intact")},
	{isApart, exitLocked, text("write the log by one path and on one machine; if that process does not write it, remove the file LOCK in the log")},
	{as[*segment.LockedError], exitLocked, text("wait for it with --lock-wait 60s, or end that process")},
	{isAny(segment.ErrUnfit), exitFailure, text("move the log to a local disk, where flock and fsync work; reading it here works")},
	{segment.NoRoom, exitNoRoom, text("free some disk space and run the command again; acknowledged records are safe")},
	{isAny(segment.ErrMemory, jsonscan.ErrMemory), exitNoRoom, text("raise --memory, if more is available; a record takes up to six times its size")},
	{as[*memguard.OverError], exitNoRoom, text("raise --memory, if more is available, or end other programs")},
	{isAny(segment.ErrByHand), exitDamaged, text("")}, // the error itself has the instruction
	{isAny(segment.ErrStranger), exitDamaged, text("move that file out of the log's directory; or histlog verify --repair moves it to quarantine/")},
	{isAny(segment.ErrSecondWriter), exitFailure, text("write the log by one path and on one machine: across some mounts and shares locks do not exclude each other")},
	{isAny(segment.ErrForeign), exitFailure, text("stop the other program that writes into the log's directory; histlog verify lists the damage")},
	{isAny(segment.ErrWindow), exitDamaged, text("")}, // the error itself has the instruction
	{isAny(segment.ErrMarker), exitDamaged, text("put HISTLOG back from a copy; to accept it as it is, after an edit by hand: histlog config --accept-edit DIR")},
	{isMarker, exitDamaged, text("put it back from a copy; or make a log of the segments: zstdcat -f DIR/*.ndjson* | histlog migrate --records '' - NEWDIR")},
	{isAny(migrate.ErrOrigin), exitDamaged, text("put origin/ back from a copy of the log; --format array exports the records, which are intact")},
	{isAny(segment.ErrCorrupt, migrate.ErrDiffers), exitDamaged, text("histlog verify lists every damaged record; all others stay readable")},
	{isAny(segment.ErrRetired), exitFailure, text("ask for a later record; an archive, if there is one (histlog config), has the earlier ones")},
	{isAny(segment.ErrNoRecord), exitFailure, text("histlog tail shows the newest records")},
	{isAny(segment.ErrRestamped), exitFailure, text("wait for the other restamp, which reads all records again by its own settings")},
	{isAny(segment.ErrArchive), exitFailure, text("name the log that the archive belongs to")},
	{isAny(segment.ErrTooLarge, jsonscan.ErrTooLarge), exitRejected, text("raise the limit with --max-record")},
	{isAny(migrate.ErrTwice), exitUsage, text(`rename one of the two in a copy: sed '0,/"NAME"/s//"NAME_1"/' SOURCE > COPY; a pointer cannot distinguish two members of one name`)},
	{as[*migrate.OrderError], exitUsage, orderHint},
	{isAny(migrate.ErrUndecided), exitUsage, undecidedHint},
	{isAny(migrate.ErrOnce), exitUsage, text("give the name of a file instead of -")},
	{isAny(migrate.ErrNoRoom), exitNoRoom, text("make room, or choose a directory on a larger disk")},
	{isAny(migrate.ErrNotHere, migrate.ErrDiverged), exitFailure, text("check that SOURCE belongs to this log; histlog migrate SOURCE OTHERDIR makes another log, to compare and append from")},
}

var aboutFiles = []explanation{
	{isAny(context.Canceled), exitFailure, text("")},
	{vfs.ReadOnly, exitFailure, text("mount the disk read-write to change the log; tail, cat, inspect, check, verify and export work read-only")},
	{isAny(fs.ErrPermission), exitFailure, accessHint},
	{isAny(vfs.ErrNotRegular), exitFailure, text("put the file back from a copy: a log reads no directory, FIFO or device in its place")},
	{isAny(syscall.ELOOP), exitFailure, text("copy the file to the place of its link: the files of a log must not be links")},
	{isAny(fs.ErrNotExist), exitFailure, text("check the path and whether the disk is mounted")},
	{isAny(syscall.EIO), exitFailure, text("check the device that holds the file (dmesg shows its errors): the file itself may be intact")},
	{isAny(syscall.ENOTDIR), exitFailure, text("name a directory, as a log is; histlog migrate FILE makes a log of a file")},
}

var aboutInput = []explanation{
	{as[*migrate.PackedError], exitRejected, decompressHint},
	{as[*migrate.ColumnsError], exitRejected, columnsHint},
	{isAny(migrate.ErrCommas), exitRejected, text("put brackets around them: (echo [; sed '$s/,[[:space:]]*$//' FILE; echo ]) > OTHER; then name OTHER instead")},
	{isAny(migrate.ErrWindow), exitRejected, text("decompress it: zstd -dc --long=31 FILE > OTHER; then name OTHER instead, or raise --memory")},
	{isAny(migrate.ErrNotOne), exitRejected, text("leave out --each: migrate then takes the records of each file")},
	{isAny(migrate.ErrSomeTimes), exitRejected, text("name the member that all records have with --time-field, or sort the files by name")},
	{isAny(migrate.ErrDictionary), exitRejected, text("decompress it in a pipe: xz -dc FILE | histlog migrate - DIR; or raise --memory")},
	{as[*migrate.ArchiveError], exitRejected, text("choose one of its files, which unzip -l FILE lists: unzip -p FILE MEMBER | histlog migrate - DIR")},
	{isAny(migrate.ErrEmpty), exitRejected, text("check the writer, which may have been killed before it wrote; no log was made")},
	{isAny(migrate.ErrChanged), exitRejected, text("retry when nothing is writing the file; use migrate --continue for later records")},
	{isAny(migrate.ErrCompressed), exitRejected, text("test the file with " + english.WordSeries(migrate.CheckCommands(), "or") + "; --salvage keeps the intact records")},
	{isAny(migrate.ErrNoArray), exitRejected, text("name an array of the source, as /history does, or the members of an object, as /history/* does")},
	{isAny(migrate.ErrLongPointer), exitRejected, text("shorten the names of the members that lead to the records, in a copy of the source")},
	{isAny(migrate.ErrEncoding), exitRejected, text("convert it first: iconv -f UTF-16 -t UTF-8 FILE > OTHER")},
	{isAny(migrate.ErrNUL), exitRejected, text("look for an older copy of it; if there are lines after the NUL bytes, --salvage keeps them")},
	{isAny(jsonscan.ErrPython), exitRejected, text(`convert it, because print or repr wrote it: python3 -c "import ast, json, sys; json.dump(ast.literal_eval(sys.stdin.read()), sys.stdout)" < FILE > OTHER`)},
	{all(isAny(jsonscan.ErrCut), as[*migrate.SourceError]), exitRejected, text("keep every complete record with --salvage; a killed writer leaves such a file")},
	{isAny(jsonscan.ErrCut), exitRejected, text("check the program that writes it, which may have been killed")},
	{isAny(jsonscan.ErrNonFinite), exitRejected, text("choose --non-finite null, string or keep: Python writes such tokens")},
	{isAny(jsonscan.ErrUTF8), exitRejected, text("if it is text of Windows or in another 8-bit encoding, convert it: iconv -f cp1252 -t UTF-8 FILE > OTHER; --invalid-utf8 replace writes U+FFFD instead of invalid bytes")},
	{as[*migrate.SourceError], exitRejected, text("correct the text at that place, or keep the complete records with --salvage")},
	{isAny(jsonscan.ErrInvalid, jsonscan.ErrDepth), exitRejected, text("correct the text at that place")},
}

// all returns a function that reports whether an error matches each of conditions.
func all(conditions ...func(error) bool) func(error) bool {
	return func(err error) bool {
		return !slices.ContainsFunc(conditions, func(matches func(error) bool) bool { return !matches(err) })
	}
}

// isApart reports whether the lock of the other writer does not exclude this process.
func isApart(err error) bool {
	locked, ok := errorOf[*segment.LockedError](err)
	return ok && locked.Apart
}

// isMarker reports whether HISTLOG is damaged or missing.
func isMarker(err error) bool {
	damage, ok := errorOf[*segment.CorruptError](err)
	return ok && damage.Kind == segment.KindMarker
}

// orderHint lists the formats that decide the order of day and month.
func orderHint(err error) string {
	order, _ := errorOf[*migrate.OrderError](err)
	return "name the order with --time-format day-first or --time-format month-first, or the whole format: " + formatFlags(order.Patterns)
}

// decompressHint names the program that decompresses a source.
func decompressHint(err error) string {
	packed, _ := errorOf[*migrate.PackedError](err)
	return fmt.Sprintf("decompress it: %s FILE > OTHER; then name OTHER instead", packed.Command)
}

// accessHint names the owner of the file that err is about. If this account cannot stat
// the file, the directory above denies access, and so on.
func accessHint(err error) string {
	const general = "check the owner and the mode of the file and its directory"
	var at *fs.PathError
	if !errors.As(err, &at) {
		return general
	}
	for path := at.Path; ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		if owner := ownerOf(path); err == nil && owner != "" {
			return fmt.Sprintf("run histlog as %s, which owns %s (mode %04o); or let that owner give this account access", owner, path, info.Mode().Perm())
		}
		if err == nil || path == filepath.Dir(path) {
			return general
		}
	}
}

// badSetting returns a usage error for settings that are rejected.
func badSetting(command string, s segment.Settings, err error) *exitError {
	e := usage(command, "%w", err)
	if _, unknown := time.LoadLocation(s["time-zone"]); unknown != nil {
		e.hint = "write an IANA name such as America/New_York; `timedatectl list-timezones` lists them"
	}
	if format := s["time-format"]; format != "" {
		if _, err := recordtime.ParseFormat(format); err != nil {
			e.hint = "write the letters of strptime, as in Python: '%d/%m/%Y %H:%M:%S'"
		}
	}
	return e
}

// aboutSource annotates an error of a source with the operation that failed, and replaces
// FILE and OTHER in its hint by the names of the source and of a copy.
func aboutSource(what, source string, err error) error {
	code, hint := explain(err)
	err = annotate(what, err)
	if source == "-" || !strings.Contains(hint, "FILE") {
		return err
	}
	hint = strings.NewReplacer("FILE", shellWord(source), "OTHER", shellWord(otherName(source))).Replace(hint)
	return &exitError{code: code, err: err, hint: hint}
}

// otherName returns a name for a decompressed or converted copy of a source.
func otherName(source string) string {
	ext := filepath.Ext(source)
	base := strings.TrimSuffix(source, ext)
	switch {
	case strings.HasPrefix(strings.ToLower(ext), ".js"), strings.EqualFold(ext, ".ndjson"):
		return base + ".new" + ext
	case filepath.Ext(base) == "":
		return base + ".json"
	}
	return base
}

// shellWord quotes name for a shell, if necessary.
func shellWord(name string) string {
	if strings.HasPrefix(name, "-") {
		name = "./" + name
	}
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./+@%,:=-"
	if name != "" && strings.Trim(name, plain) == "" {
		return name
	}
	return "'" + strings.ReplaceAll(term.Safe(name), "'", `'\''`) + "'"
}

// annotate prefixes err with the operation that failed, unless err names the same file.
func annotate(what string, err error) error {
	var path *os.PathError
	if errors.As(err, &path) && strings.Contains(err.Error(), strings.TrimPrefix(what, "migrate ")) {
		return err
	}
	return fmt.Errorf("%s: %w", what, err)
}
