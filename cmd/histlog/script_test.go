package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/histlog/histlog/internal/health"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/rogpeppe/go-internal/testscript"
)

// exitsMain is the program `exits CODE PROGRAM ARGS…`: it succeeds if PROGRAM
// ends with exactly that code, and says it as the contract wants: an error's
// first line begins with "histlog: "; a usage error is two lines on stderr, the
// second of which may have a list of flags below it, and nothing on stdout. Of check, which has codes of its own, it is unknown, and
// stands on stdout, too.
func exitsMain() {
	want, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	var stdout, stderr bytes.Buffer
	c := exec.Command(os.Args[2], os.Args[3:]...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, io.MultiWriter(os.Stdout, &stdout), io.MultiWriter(os.Stderr, &stderr)
	err = c.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		panic(err)
	}
	wrong := ""
	said, got := stderr.String(), c.ProcessState.ExitCode()
	isUsage, isSilent := got == exitUsage, stdout.Len() == 0
	if slices.Contains(os.Args, checkName) {
		isUsage, isSilent = got == int(health.Unknown) && said != "", strings.HasPrefix(stdout.String(), "UNKNOWN - ")
	}
	switch {
	case got != want:
		wrong = fmt.Sprintf("%v, want exit code %d", c.ProcessState, want)
	case isUsage && (strings.Count(said, "\n")-strings.Count(said, "\n  --records ") != 2 || !strings.Contains(said, "\nhint: ") || !isSilent):
		wrong = "a usage error is an error and a hint on stderr, and nothing on stdout"
	case got != exitOK && said != "" && !strings.HasPrefix(said, "histlog: "):
		wrong = "an error begins with histlog:"
	}
	if wrong != "" {
		fmt.Fprintln(os.Stderr, "exits:", wrong)
		os.Exit(1)
	}
}

// cutCommand is `cut FILE BYTES`: FILE keeps that many bytes, or loses so many
// at its end if the number is negative.
func cutCommand(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	if n < 0 {
		n += int64(len(ts.ReadFile(args[0])))
	}
	ts.Check(os.Truncate(ts.MkAbs(args[0]), n))
}

// flipCommand is `flip FILE OFFSET`: a bit of the byte there changes.
func flipCommand(ts *testscript.TestScript, _ bool, args []string) {
	text := []byte(ts.ReadFile(args[0]))
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	text[at] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o600))
}

// editCommand is `edit FILE OLD NEW`: OLD, which is there once, becomes NEW,
// which may hold Go's escapes, such as \xff. A HISTLOG gets the checksum that
// belongs to the new text.
func editCommand(ts *testscript.TestScript, _ bool, args []string) {
	text, old := ts.ReadFile(args[0]), args[1]
	replacement, err := strconv.Unquote("`" + args[2] + "`")
	if strings.Contains(args[2], `\`) {
		replacement, err = strconv.Unquote(`"` + strings.ReplaceAll(args[2], `"`, `\"`) + `"`)
	}
	ts.Check(err)
	if strings.Count(text, old) != 1 {
		ts.Fatalf("%s holds %q %d times", args[0], old, strings.Count(text, old))
	}
	text = strings.Replace(text, old, replacement, 1)
	if before, digits, ok := strings.Cut(text, `"checksum": "`); ok {
		const zeros = "00000000"
		end := digits[len(zeros):]
		text = before + `"checksum": "` + zeros + end
		sum := crc32.Checksum([]byte(text), crc32.MakeTable(crc32.Castagnoli))
		text = fmt.Sprintf(`%s"checksum": "%08x%s`, before, sum, end)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// replaceCommand is `replace FILE OLD NEW`: OLD becomes NEW, as an editor would
// have it, without regard to a checksum.
func replaceCommand(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o600))
}

// packCommand is `pack ARCHIVE FILE…`: ARCHIVE is a zip archive of FILEs, or an
// xz file that says that it needs 1.5 GB to decompress. A FILE that is not there
// becomes an empty member.
func packCommand(ts *testscript.TestScript, _ bool, args []string) {
	if strings.HasSuffix(args[0], ".xz") {
		ts.Check(os.WriteFile(ts.MkAbs(args[0]), testutil.XZ(ts.ReadFile(args[1]), testutil.Dict1500M), 0o600))
		return
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range args[1:] {
		m, err := w.Create(name)
		ts.Check(err)
		if text, err := os.ReadFile(ts.MkAbs(name)); err == nil {
			_, err = m.Write(text)
			ts.Check(err)
		}
	}
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o600))
}

// jsonCommand is `json PATH VALUE`: stdout is JSON and holds VALUE at PATH,
// such as .segments.0.name. Several values are taken as an array of them.
func jsonCommand(ts *testscript.TestScript, neg bool, args []string) {
	var want any
	ts.Check(json.Unmarshal([]byte(args[1]), &want))
	got := lookup(ts, args[0])
	if reflect.DeepEqual(got, want) == neg {
		ts.Fatalf("%s is %v", args[0], got)
	}
}

// fieldsCommand is `fields PATH NAME…`: the object at PATH has these members.
func fieldsCommand(ts *testscript.TestScript, _ bool, args []string) {
	object, ok := lookup(ts, args[0]).(map[string]any)
	if !ok {
		ts.Fatalf("%s is no object", args[0])
	}
	for _, name := range args[1:] {
		if _, ok := object[name]; !ok {
			ts.Fatalf("%s has no %s", args[0], name)
		}
	}
}

func lookup(ts *testscript.TestScript, path string) any {
	var all []any
	for d := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout"))); ; {
		var v any
		err := d.Decode(&v)
		if err == io.EOF {
			break
		}
		ts.Check(err)
		all = append(all, v)
	}
	var at any = all
	if len(all) == 1 {
		at = all[0]
	}
	for _, name := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' }) {
		switch v := at.(type) {
		case map[string]any:
			if _, ok := v[name]; !ok {
				ts.Fatalf("%s: there is no %s", path, name)
			}
			at = v[name]
		case []any:
			i, err := strconv.Atoi(name)
			ts.Check(err)
			if i >= len(v) {
				ts.Fatalf("%s: there are %d elements", path, len(v))
			}
			at = v[i]
		default:
			ts.Fatalf("%s: there is nothing in %v", path, at)
		}
	}
	return at
}
