package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/dustin/go-humanize/english"
	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/memguard"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/internal/vfs"
	"github.com/histlog/histlog/migrate"
	"github.com/histlog/histlog/segment"
)

// explain returns the exit code and the hint of an error. The first case that matches
// counts, so errors about one file or setting precede errors of a kind.
func explain(err error) (code int, hint string) {
	var own *exitError
	var foreign *segment.LockedError
	var over *memguard.OverError
	var damage *segment.CorruptError
	var order *migrate.OrderError
	switch {
	case errors.As(err, &own):
		return own.code, own.hint
	case errors.Is(err, segment.ErrDraft):
		return exitNoLog, "if no histlog is making it, a migration or a snapshot did not finish there: run it again, which clears what it left"
	case errors.Is(err, segment.ErrNoLog):
		return exitNoLog, "is the disk mounted, the path right? histlog append --create makes a new log"
	case errors.Is(err, segment.ErrNotArchive):
		return exitFailure, "give --archive-to a missing or an empty directory, or the one that took this log's segments before"
	case errors.Is(err, segment.ErrExists):
		return exitFailure, "choose another directory; to append what came to its source since: histlog migrate --continue"
	case errors.Is(err, segment.ErrVersion):
		return exitFailure, "update histlog; the log itself is fine"
	case errors.As(err, &foreign) && foreign.Apart:
		return exitLocked, "write the log by one path and on one machine; if that process does not write it, remove the file LOCK in the log"
	case errors.As(err, &foreign):
		return exitLocked, "wait for it with --lock-wait 60s, or end that process"
	case errors.Is(err, segment.ErrUnfit):
		return exitFailure, "move the log to a local disk, where flock and fsync work; reading it here works"
	case segment.NoRoom(err):
		return exitNoRoom, "free some disk space and run the command again; acknowledged records are safe"
	case errors.Is(err, segment.ErrMemory), errors.Is(err, jsonscan.ErrMemory):
		return exitNoRoom, "a record takes up to six times its size; give more with --memory, if there is more"
	case errors.As(err, &over):
		return exitNoRoom, "give more with --memory, if there is more, or end what else takes it"
	case errors.Is(err, segment.ErrStranger):
		return exitDamaged, "move that file out of the log's directory; or histlog verify --repair moves it to quarantine/"
	case errors.Is(err, segment.ErrSecondWriter):
		return exitFailure, "write the log by one path and on one machine: locks do not meet across some mounts and shares"
	case errors.Is(err, segment.ErrForeign):
		return exitFailure, "find out what else writes into the log's directory; histlog verify shows what it did"
	case errors.Is(err, segment.ErrWindow):
		return exitDamaged, "" // it says what to do
	case errors.Is(err, segment.ErrMarker):
		return exitDamaged, "put HISTLOG back from a copy; to accept it as it is, after an edit by hand: histlog config --accept-edit DIR"
	case errors.As(err, &damage) && damage.Kind == segment.KindMarker:
		return exitDamaged, "put it back from a copy; or make a log of the segments: zstdcat -f DIR/*.ndjson* | histlog migrate --records '' - NEWDIR"
	case errors.Is(err, migrate.ErrOrigin):
		return exitDamaged, "put origin/ back from a copy of the log; --format array exports the records, which are not concerned"
	case errors.Is(err, segment.ErrCorrupt), errors.Is(err, migrate.ErrDiffers):
		return exitDamaged, "histlog verify lists every damaged record; all others stay readable"
	case errors.Is(err, segment.ErrRetired):
		return exitFailure, "ask for a later record; an archive, if there is one (histlog config), has the earlier ones"
	case errors.Is(err, segment.ErrNoRecord):
		return exitFailure, "histlog tail shows the newest ones"
	case errors.Is(err, segment.ErrArchive):
		return exitFailure, "name the log that it belongs to"
	case errors.Is(err, segment.ErrTooLarge), errors.Is(err, jsonscan.ErrTooLarge):
		return exitRejected, "raise the limit with --max-record"
	case errors.Is(err, migrate.ErrTwice):
		return exitUsage, `rename one of the two in a copy: sed '0,/"NAME"/s//"NAME_1"/' SOURCE > COPY; no pointer tells two members of one name apart`
	case errors.As(err, &order):
		return exitUsage, "name the order with --time-format day-first or --time-format month-first, or all of the form: " + formatFlags(order.Patterns)
	case errors.Is(err, migrate.ErrUndecided):
		return exitUsage, "name the one that holds them with --records, a JSON pointer such as /history; an empty one makes each value a record"
	case errors.Is(err, migrate.ErrOnce):
		return exitUsage, "give the name of a file instead of -"
	case errors.Is(err, migrate.ErrNoRoom):
		return exitNoRoom, "make room, or choose a directory on a larger disk"
	case errors.Is(err, migrate.ErrNotHere), errors.Is(err, migrate.ErrDiverged):
		return exitFailure, "check that SOURCE belongs to this log; histlog migrate SOURCE OTHERDIR makes another log, to compare and append from"
	case errors.Is(err, context.Canceled):
		return exitFailure, ""
	case errors.Is(err, syscall.EROFS):
		return exitFailure, "the disk is mounted read-only: mount it read-write to change the log; tail, cat, inspect, check, verify and export work on it"
	case errors.Is(err, fs.ErrPermission):
		return exitFailure, accessHint(err)
	case errors.Is(err, vfs.ErrNotRegular):
		return exitFailure, "put the file back from a copy: a log reads no directory, FIFO or device in its place"
	case errors.Is(err, syscall.ELOOP):
		return exitFailure, "the files of a log must not be links: copy the file to the place of its link"
	case errors.Is(err, fs.ErrNotExist):
		return exitFailure, "is the disk mounted, the path right?"
	case errors.Is(err, syscall.ENOTDIR):
		return exitFailure, "a log is a directory; histlog migrate FILE makes one of a file"
	}
	return explainInput(err)
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
	return e
}

// explainInput is explain for errors of the input.
func explainInput(err error) (code int, hint string) {
	var inSource *migrate.SourceError
	var packed *migrate.PackedError
	var archive *migrate.ArchiveError
	migrating := errors.As(err, &inSource)
	switch {
	case errors.As(err, &packed):
		return exitRejected, fmt.Sprintf("decompress it: %s FILE > OTHER; then name OTHER instead", packed.Command)
	case errors.Is(err, migrate.ErrWindow):
		return exitRejected, "decompress it: zstd -dc --long=31 FILE > OTHER; then name OTHER instead, or give more with --memory"
	case errors.Is(err, migrate.ErrDictionary):
		return exitRejected, "decompress it in a pipe: xz -dc FILE | histlog migrate - DIR; or give more with --memory"
	case errors.As(err, &archive):
		return exitRejected, "take one: unzip -p FILE MEMBER | histlog migrate - DIR; unzip -l FILE lists them"
	case errors.Is(err, migrate.ErrEmpty):
		return exitRejected, "check the writer, which may have been killed before it wrote; no log was made"
	case errors.Is(err, migrate.ErrChanged):
		return exitRejected, "retry when nothing is writing the file; use migrate --continue for later records"
	case errors.Is(err, migrate.ErrCompressed):
		return exitRejected, "test the file with " + english.WordSeries(migrate.CheckCommands(), "or") + "; --salvage keeps the intact records"
	case errors.Is(err, migrate.ErrNoArray):
		return exitRejected, "name an array of the source, as /history does, or the members of an object, as /history/* does"
	case errors.Is(err, migrate.ErrEncoding):
		return exitRejected, "convert it first: iconv -f UTF-16 -t UTF-8"
	case errors.Is(err, migrate.ErrNUL):
		return exitRejected, "look for an older copy of it; if there are lines behind the NUL bytes, --salvage keeps them"
	case errors.Is(err, jsonscan.ErrPython):
		return exitRejected, `it was written with print or repr; convert it: python3 -c "import ast, json, sys; json.dump(ast.literal_eval(sys.stdin.read()), sys.stdout)" < FILE > OTHER`
	case errors.Is(err, jsonscan.ErrCut) && migrating:
		return exitRejected, "it was cut off, as a killed writer leaves it; --salvage keeps every whole record before the end"
	case errors.Is(err, jsonscan.ErrCut):
		return exitRejected, "was the program that writes it killed?"
	case errors.Is(err, jsonscan.ErrNonFinite):
		return exitRejected, "Python writes that; choose --non-finite null, string or keep"
	case errors.Is(err, jsonscan.ErrUTF8):
		return exitRejected, "if it is text of Windows or in another 8-bit encoding, convert it: iconv -f cp1252 -t UTF-8 FILE > OTHER; --invalid-utf8 replace puts U+FFFD in the place of what is lost"
	case migrating:
		return exitRejected, "correct the text at that place, or keep the complete records with --salvage"
	case errors.Is(err, jsonscan.ErrInvalid), errors.Is(err, jsonscan.ErrDepth):
		return exitRejected, "correct the text at that place"
	}
	return exitFailure, ""
}

// aboutSource annotates an error of a source with what was being done, and replaces FILE
// and OTHER in its hint by the names of the source and of a copy.
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

// annotate prefixes err with what was being done, unless err names it itself.
func annotate(what string, err error) error {
	var path *os.PathError
	if errors.As(err, &path) && strings.Contains(err.Error(), strings.TrimPrefix(what, "migrate ")) {
		return err
	}
	return fmt.Errorf("%s: %w", what, err)
}
