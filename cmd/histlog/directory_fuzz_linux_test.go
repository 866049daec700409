package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// readingCommands read a log. The texts of raw may contain any byte of a record.
var readingCommands = [][]string{
	{"cat", "log"}, {"export", "log"}, {"tail", "log"}, {"tail", "-n", "1", "log"}, {"diff", "log"}, {"changes", "log", "/a", "/*", ""}, {"changes", "--json", "log", ""}, {"diff", "--json", "log"}, {"inspect", "log"}, {"inspect", "log", "1"}, {"inspect", "--json", "log"}, {"check", "log"},
	{"check", "--json", "log"}, {"verify", "log"}, {"verify", "--json", "log"}, {"config", "log"}, {"compact", "--dry-run", "--older-than", "0s", "log"}, {"prune", "--max-records", "1", "--dry-run", "log"},
}

var rawCommands = []string{"cat", "export"}

// FuzzDirectory changes the files of a log and their names, and runs each command that
// reads: none may panic, hang, take memory out of proportion to the bytes of the directory,
// or send the terminal a control character.
func FuzzDirectory(f *testing.F) {
	files := fuzzedLog(f)
	names := filenamesOf(files)
	f.Add([]byte{})
	edits := [][]byte{
		{0, 0, 40, 3, 1, 2, 3}, // overwritten
		{1, 0, 30},             // truncated
		{2},                    // removed
		{3, 1},                 // a copy of another one
		append([]byte{4, 30}, "{\"a\":\"\x1b[31m\a\"}\x00\xff"...), // replaced
		append([]byte{5, 20}, "\x1b]0;title\a\n\xc2\x9b2J"...),     // longer
	}
	for i := range names { // one edit of each file, because each seed runs every command
		f.Add(append([]byte{byte(i)}, edits[i%len(edits)]...))
	}
	f.Add(append([]byte{0, 6, 2, 11}, "\x1b[2J\x1b]0;x\a"...))
	f.Fuzz(func(t *testing.T, edits []byte) {
		dir := t.TempDir()
		size := int64(0)
		for name, text := range edit(files, names, edits) {
			path := filepath.Join(dir, "log", name)
			testutil.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			if err := os.WriteFile(path, text, 0o644); err != nil {
				t.Skip("no file has this name: ", err)
			}
			size += int64(len(text))
		}
		t.Chdir(dir)
		for _, args := range readingCommands {
			runFuzzed(t, args, size)
		}
	})
}

// runFuzzed runs a command in this process.
func runFuzzed(t *testing.T, args []string, size int64) {
	t.Helper()
	const patience = time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var out, errOut bytes.Buffer
	ended := make(chan error, 1)
	go func() {
		ended <- runHere(ctx, &out, &errOut, args...)
	}()
	select {
	case err := <-ended:
		printError(&out, &errOut, err)
	case <-time.After(2 * patience):
		t.Fatalf("histlog %q does not end", args)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Errorf("histlog %q takes more than %v for %d bytes", args, patience, size)
	}
	runtime.ReadMemStats(&after)
	if n := int64(after.TotalAlloc - before.TotalAlloc); n > fuzzedMemory+fuzzedMemoryPerByte*size {
		t.Errorf("histlog %q allocates %s for %d bytes", args, term.Bytes(n), size)
	}
	text := errOut.String()
	if !slices.Contains(rawCommands, args[0]) {
		text += out.String()
	}
	for _, r := range text {
		if r != '\n' && term.Safe(string(r)) != string(r) {
			t.Errorf("histlog %q: %U in %q", args, r, text)
			return
		}
	}
}

// runHere runs a command in this process.
func runHere(ctx context.Context, out, errOut io.Writer, args ...string) error {
	app := newApp()
	app.Writer, app.ErrWriter = out, errOut
	args, err := normalize(app.Commands, append([]string{"histlog"}, args...))
	if err != nil {
		return err
	}
	return app.RunContext(ctx, args)
}

// These bound the memory that a command allocates in total, which is more than it holds.
const fuzzedMemory, fuzzedMemoryPerByte = 256 << 20, 1000

// fuzzedLog returns the files of a migrated log with a plain, a compressed and an active
// segment and a small index. HISTLOG has no checksum, so that a change of it counts.
func fuzzedLog(f *testing.F) map[string][]byte {
	f.Helper()
	dir := f.TempDir()
	text := "[" + strings.ReplaceAll(strings.TrimSpace(values(1, 200)), "\n", ",") + "]"
	testutil.WriteFile(f, filepath.Join(dir, "old.json"), []byte(text))
	testutil.WriteFile(f, filepath.Join(dir, "more.json"), []byte(values(201, 300)))
	f.Chdir(dir)
	for _, args := range [][]string{
		{"migrate", "old.json", "log"}, {"config", "log", "maintain=manual"}, {"compact", "--seal", "--older-than", "0s", "log"}, {"append", "log", "more.json", "--segment-size", "2K"}, {"verify", "log"},
	} {
		if err := runHere(f.Context(), io.Discard, io.Discard, args...); err != nil {
			f.Fatal(args, err)
		}
	}
	files := map[string][]byte{"quarantine/" + filename.Text(1): []byte("x")}
	err := filepath.WalkDir("log", func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			files[strings.TrimPrefix(filepath.ToSlash(path), "log/")], err = os.ReadFile(path)
		}
		return err
	})
	testutil.NoError(f, err)
	files["HISTLOG"] = regexp.MustCompile(`,\s*"checksum": "[^"]*"`).ReplaceAll(files["HISTLOG"], nil)
	return files
}

// filenamesOf returns the names that are edited: those of files, and others that a log may
// have.
func filenamesOf(files map[string][]byte) []string {
	merged := filename.Stem{Base: 1, End: 200} // of the first segment and maybe others
	names := []string{".HISTLOG.draft", ".waiting", filename.Text(9), filename.Index(9), filename.Segment(1, segment.Gzip), merged.Text(segment.Zstd), merged.Index(), merged.SmallIndex(), filename.Stem{Base: 9, End: 1 << 62}.Text(segment.Plain)}
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// edit returns the files after the edits: each is the index of a name, the kind of the
// edit, and its arguments. Arguments that are missing are 0.
func edit(files map[string][]byte, names []string, edits []byte) map[string][]byte {
	next := func() (b byte) {
		if len(edits) > 0 {
			b, edits = edits[0], edits[1:]
		}
		return b
	}
	some := func() []byte {
		n := min(int(next()), len(edits))
		b := edits[:n]
		edits = edits[n:]
		return b
	}
	edited := map[string][]byte{}
	for name, text := range files {
		edited[name] = text
	}
	for len(edits) > 0 {
		name, kind := names[int(next())%len(names)], next()
		text := slices.Clone(edited[name])
		at := func() int { return min(int(next())<<8|int(next()), len(text)) }
		switch kind % 7 {
		case 0:
			from := at()
			copy(text[from:], some())
		case 1:
			text = text[:at()]
		case 2:
			delete(edited, name)
			continue
		case 3:
			text = edited[names[int(next())%len(names)]]
		case 4:
			text = some()
		case 5:
			text = append(text, some()...)
		case 6:
			folder := []string{"", "origin", "quarantine"}[next()%3]
			if own := string(some()); own != "" && filepath.IsLocal(own) && !strings.ContainsAny(own, "/\x00") {
				edited[filepath.Join(folder, own)] = text
			}
			continue
		}
		edited[name] = text
	}
	return edited
}
