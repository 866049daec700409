package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/genhistory"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/rogpeppe/go-internal/testscript"
)

// raceEnv is what the race detector reads.
const raceEnv = "GORACE"

// TestMain makes programs of the test binary, for the scripts and for tests
// that run them as processes of their own.
func TestMain(m *testing.M) {
	if os.Getenv(raceEnv) == "" {
		os.Setenv(raceEnv, "atexit_sleep_ms=0") // else each process takes a second to end
	}
	if strings.Contains(filepath.Base(os.Args[0]), ".test") { // and none of the programs
		os.Setenv("TZ", "UTC") // whatever the machine's is
	}
	testscript.Main(testutil.Tmpfs{M: m}, map[string]func(){
		"histlog":    histlogMain,
		"genhistory": genhistoryMain,
		"exits":      exitsMain,
		"filler":     fillerMain,
		"measured":   measuredMain,
	})
}

// TestScripts runs testdata/*.txtar: one for each command, one for what
// arguments may look like, one for input that is no good.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:             "testdata",
		ContinueOnError: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("TZ", "UTC")
			e.Setenv(raceEnv, os.Getenv(raceEnv))
			e.Values[sessionsKey{}] = sessions{}
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"cut": cutCommand, "flip": flipCommand, "edit": editCommand, "replace": replaceCommand, "json": jsonCommand, "fields": fieldsCommand, "pack": packCommand,
			"start": startCommand, "send": sendCommand, "close": closeCommand, "expect": expectCommand,
			"hangup": hangupCommand, "signal": signalCommand, "ended": endedCommand,
		},
	})
}

// The environment names a file for each figure that histlog is to leave behind.
const (
	peakEnv = "HISTLOG_TEST_PEAK" // bytes of memory at most resident
	readEnv = "HISTLOG_TEST_READ" // bytes read, of everything
)

// threadEnv keeps the command on one thread, for strace counts calls by thread.
const threadEnv = "HISTLOG_TEST_THREAD"

// histlogMain is the command, which leaves its figures when it ends by itself.
func histlogMain() {
	if os.Getenv(threadEnv) != "" {
		runtime.LockOSThread()
	}
	code := run(os.Args)
	writeFigure(peakEnv, "/proc/self/status", "VmHWM:", 1024)
	writeFigure(readEnv, "/proc/self/io", "rchar:", 1)
	os.Exit(code)
}

// writeFigure writes the number behind label in a file of /proc, times unit.
func writeFigure(env, from, label string, unit int) {
	to := os.Getenv(env)
	if to == "" {
		return
	}
	text, err := os.ReadFile(from)
	if err != nil {
		panic(err)
	}
	_, rest, _ := bytes.Cut(text, []byte(label))
	n, err := strconv.Atoi(string(bytes.Fields(rest)[0]))
	if err == nil {
		err = os.WriteFile(to, []byte(strconv.Itoa(n*unit)), 0o600)
	}
	if err != nil {
		panic(err)
	}
}

// genhistoryMain has the flags of scripts/tools/genhistory.
func genhistoryMain() {
	records := flag.Int("records", 100, "")
	batchBytes := flag.Int("batch-bytes", 1_800_000, "")
	seed := flag.Uint64("seed", 1, "")
	shape := flag.String("shape", "history", "")
	indent := flag.String("indent", "2", "")
	path := flag.String("o", "", "")
	flag.Parse()
	spaces, err := genhistory.ParseIndent(*indent)
	out := os.Stdout
	if err == nil && *path != "" {
		out, err = os.Create(*path)
	}
	if err == nil {
		err = genhistory.Write(out, genhistory.Options{
			Records: *records, BatchBytes: *batchBytes, Seed: *seed, Shape: genhistory.Shape(*shape), Indent: spaces,
		})
	}
	if err == nil {
		err = out.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "genhistory:", err)
		os.Exit(1)
	}
}
