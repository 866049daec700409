package migrate

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

const mib = 1 << 20

// The child's source, where its log goes, and where its records are, if they are named.
const (
	sourceEnv  = "HISTLOG_TEST_SOURCE" // a directory is one of files of one record each
	dirEnv     = "HISTLOG_TEST_DIR"
	recordsEnv = "HISTLOG_TEST_RECORDS" // a pointer or pattern
)

// TestMemoryChild is not a test: it migrates for TestMemory in a process of its own.
func TestMemoryChild(t *testing.T) {
	source := os.Getenv(sourceEnv)
	if source == "" {
		t.Skip("TestMemory runs it")
	}
	debug.SetMemoryLimit(24 * mib) // as histlog does
	o := Options{Source: source, Dir: os.Getenv(dirEnv), FS: testutil.NoSync{}}
	if at := os.Getenv(recordsEnv); at != "" {
		o.Records = pattern(t, at)
		o.Verify = VerifyRoundtrip // by an export
	}
	if names, err := filepath.Glob(filepath.Join(source, "*")); err == nil && names != nil { // a directory
		o.Each, o.Sources, o.Settings = true, names, segment.Settings{}
		_, err := SortByTime(t.Context(), o)
		testutil.NoError(t, err)
	}
	r, err := Run(t.Context(), o)
	testutil.NoError(t, err)
	if o.Records != nil && r.LogBytes < mib { // a comparison holds a record of the log, too
		l, err := segment.OpenContext(t.Context(), o.Dir, o.FS)
		testutil.NoError(t, err)
		match, err := Compare(t.Context(), o, l)
		testutil.NoError(t, err)
		if match.Here != r.Records {
			t.Errorf("of %d records %d are there", r.Records, match.Here)
		}
	}
	status, err := os.ReadFile("/proc/self/status")
	testutil.NoError(t, err)
	fmt.Printf("\n%s\n", regexp.MustCompile(`VmHWM:.*`).Find(status))
}

func TestMemory(t *testing.T) {
	switch {
	case runtime.GOOS != "linux":
		t.Skip("no /proc")
	case raceDetector:
		t.Skip("memory is not what it is otherwise")
	}
	const member = `"a name": {"numbers": [1, 2.5, 3e7], "text": "` + "0123456789abcdef" + `"},` + "\n"
	members := func(w *bufio.Writer) { // a few MB of small ones, then some large
		for n := 0; n < 2*mib; n += len(member) {
			w.WriteString(member)
		}
		for range 9 {
			w.WriteString(`"a list": [`)
			for n := 0; n < 11*mib; n += len(member) {
				w.WriteString("{" + member[:len(member)-2] + "},\n")
			}
			w.WriteString("0], ")
		}
	}
	array := func(w *bufio.Writer, bytes int) {
		w.WriteString(`{"list": [0`)
		for n := 0; n < bytes; n += 10 {
			w.WriteString(",\n  1234567")
		}
		w.WriteString("]}")
	}
	groups := func(groups, members int) func(w *bufio.Writer) {
		return func(w *bufio.Writer) {
			w.WriteString("{")
			for i := range groups {
				fmt.Fprintf(w, "\"%d\": {\n", i)
				for n := range members {
					fmt.Fprintf(w, "  \"%d\": {\"text\": \"%080d\"},\n", n, n)
				}
				w.WriteString("  \"last\": []},\n")
			}
			w.WriteString("\"none\": {}}")
		}
	}
	white := func(bytes int, parts ...string) func(w *bufio.Writer) {
		return func(w *bufio.Writer) {
			for i, part := range parts {
				for n := 0; i > 0 && n < bytes; n += 16 {
					w.WriteString("\n               ")
				}
				w.WriteString(part)
			}
		}
	}
	rows := []struct {
		name    string
		records uint64
		largest int
		at      string // names the records; "" means that they are found
		write   func(w *bufio.Writer)
	}{
		{"a record of 40 MB", 3, 40 * mib, "", func(w *bufio.Writer) {
			w.WriteString(`{"history": [{"a":1},`)
			array(w, 50*mib) // a fifth of it is white space
			w.WriteString(`,{"a":2}]}`)
		}},
		{"a text of 40 MB", 2, 40 * mib, "", func(w *bufio.Writer) {
			w.WriteString(`["`)
			for range 40 * mib / 16 {
				w.WriteString("0123456789abcdef")
			}
			w.WriteString(`",1]`)
		}},
		{"a prefix of 100 MB", 2, 0, "/history", func(w *bufio.Writer) {
			w.WriteString("{")
			members(w)
			w.WriteString(`"history": [{"a":1}, {"a":2}]}`)
		}},
		{"a suffix of 100 MB", 2, 0, "/history", func(w *bufio.Writer) {
			w.WriteString(`{"history": [{"a":1}, {"a":2}],`)
			members(w)
			w.WriteString(`"n":1}`)
		}},
		{"a survey of 100 MB of different names", 2 * mib, 0, "", func(w *bufio.Writer) {
			w.WriteString(`{"a": {"rows": [`)
			for i := range 2 * mib {
				if i > 0 {
					w.WriteString(",\n")
				}
				fmt.Fprintf(w, `{"n%d": {"o%d": [{"p": %d}]}, "q": [%d]}`, i, i, i, i)
			}
			w.WriteString("]}}")
		}},
		{"white space of 100 MB", 2, 0, "", func(w *bufio.Writer) {
			w.WriteString("[1,")
			for range 100 * mib / 16 {
				w.WriteString("                ")
			}
			w.WriteString("2]")
		}},
		{"lines of 9,000 levels", 2, 0, "", func(w *bufio.Writer) {
			line := strings.Repeat(" ", 9000)
			w.WriteString("[1,")
			for n := range line {
				w.WriteString("[\n" + line[:n])
			}
			for n := len(line); n > 0; n-- {
				w.WriteString("\n" + line[:n-1] + "]")
			}
			w.WriteString("]")
		}},
		{"white space of 100 MiB in the first record", 2, 0, "/history", white(100*mib, `{"history":[{"a":`, `1},{"a":2}]}`)},
		{"white space of 20 MiB at each place", 3, 0, "/history", white(20*mib, "", `{`, `"n":`, `[`, `1],"history":[`, `{"a"`, `:1},{"a":2`, `}`, `,[{`, `}]`, `],"m":`, `0}`, "")},
		{"white space of 20 MiB at each place of groups", 3, 0, "/*/*", white(20*mib, `{"x":{"k"`, `:{"a"`, `:1}`, `,"l":`, `{}},"y"`, `:{`, `"m":[`, `3],"n":[]`, `}`, `,"z":{`, `}`, `}`)},
		// The dictionary counts like a record.
		{"xz of 100 MB", 1_000_000, 8 * mib, "", func(w *bufio.Writer) {
			x := testutil.NewXZ(w, testutil.Dict8MB)
			text := []byte(strings.Repeat("{\"a\":\""+strings.Repeat("x", 92)+"\"}\n", 1000))
			for range 1000 {
				x.Write(text)
			}
			x.Close()
		}},
		{"an object of 100 MB", 1_000_000, 0, "/*/*", groups(1, 1_000_000)},
		{"groups of 100 MB", 1_000_000, 0, "/*/*", groups(100_000, 10)},
		// Keys are held in addition to the record that they are in.
		{"keys of 10 MB", 2, 2 * 10 * mib, "/*/*", func(w *bufio.Writer) {
			fmt.Fprintf(w, `{"%s": {"%s": 1, "b": 2}}`, strings.Repeat("a", 5*mib), strings.Repeat("b", 5*mib))
		}},
		{"other members of 100 MB", 2, 0, "/*/l", func(w *bufio.Writer) {
			w.WriteString(`{"a": {"l": [1], `)
			members(w)
			w.WriteString(`"n": 1}, "b": {"l": [2]}}`)
		}},
	}
	for _, c := range rows[:testutil.Rounds(1, len(rows))] {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			f, err := os.Create(p.source)
			testutil.NoError(t, err)
			w := bufio.NewWriter(f)
			c.write(w)
			testutil.NoError(t, w.Flush())
			testutil.NoError(t, f.Close())
			checkMemory(t, p, 32*mib+2*c.largest, c.at)
			var records uint64
			l := p.log()
			for _, s := range l.Segments {
				sum, err := l.Summary(s)
				testutil.NoError(t, err)
				records += sum.Records
			}
			if records != c.records {
				t.Errorf("%d records, want %d", records, c.records)
			}
		})
	}
}

// checkMemory migrates the source at p in a process of its own, of which at most so many bytes
// may be resident.
func checkMemory(t *testing.T, p *place, most int, at string) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestMemoryChild$", "-test.v")
	child.Env = append(os.Environ(), sourceEnv+"="+p.source, dirEnv+"="+p.dir, recordsEnv+"="+at)
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	found := regexp.MustCompile(`VmHWM:\s*(\d+) kB`).FindSubmatch(out)
	if found == nil {
		t.Fatalf("no VmHWM in %s", bytes.TrimSpace(out))
	}
	peak, err := strconv.Atoi(string(found[1]))
	testutil.NoError(t, err)
	t.Logf("%.1f MiB of at most %d", float64(peak)/1024, most/mib)
	if peak*1024 > most {
		t.Errorf("%.1f MiB were resident, want at most %d", float64(peak)/1024, most/mib)
	}
}

// TestMemoryFiles: only the names of files of one record each are held. All files are searched
// for the order of day and month, as the last one decides it.
func TestMemoryFiles(t *testing.T) {
	if runtime.GOOS != "linux" || raceDetector {
		t.Skip("no /proc, or memory is not what it is otherwise")
	}
	p := newPlace(t)
	p.source = t.TempDir()
	files := testutil.Rounds(1000, 10_000)
	text := []byte(`{"date":"05/06/2025","x":"` + strings.Repeat("x", 2000) + `"}`)
	for i := range files {
		if i == files-1 {
			text = []byte(`{"date":"28/05/2025"}`)
		}
		testutil.WriteFile(t, filepath.Join(p.source, fmt.Sprintf("%06d.json", i)), text)
	}
	checkMemory(t, p, 40*mib, "")
	if l := p.log(); l.Marker.Settings["time-format"] != "day-first" {
		t.Errorf("%v", l.Marker.Settings)
	}
}
