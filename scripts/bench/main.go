// Command bench measures a migration beside other programs that read the same
// file, in turn in one run, and prints medians and ratios to the first of them.
// What is not installed is left out.
//
//	go run ./scripts/bench [-source step2.json] [-rounds 5] [-slow]
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/histlog/histlog/internal/genhistory"
)

// A contestant is a shell command; SOURCE, DIR, HISTLOG and BENCH stand for
// what their names say. DIR is empty before each run.
type contestant struct {
	name, needs, command string
	slow                 bool // runs once, and only with -slow
}

var contestants = []contestant{
	{"openssl dgst -sha256", "openssl", `openssl dgst -sha256 "$SOURCE"`, false},
	{"histlog migrate", "", `"$HISTLOG" migrate "$SOURCE" "$DIR/log"`, false},
	{"histlog migrate --verify roundtrip", "", `"$HISTLOG" migrate --verify roundtrip "$SOURCE" "$DIR/log"`, false},
	{"dd bs=1M conv=fsync", "dd", `dd if="$SOURCE" of="$DIR/copy" bs=1M conv=fsync`, false},
	{"jsontext, tokens to NDJSON", "", `"$BENCH" -jsontext "$SOURCE" > "$DIR/out"`, false},
	{"jq -c .history[]", "jq", `jq -c '.history[]' "$SOURCE" > "$DIR/out"`, true},
	{"Python json", "python3", `python3 -c 'import json,sys
for r in json.load(open(sys.argv[1], encoding="utf-8"))["history"]: print(json.dumps(r, ensure_ascii=False, separators=(",", ":")))' "$SOURCE" > "$DIR/out"`, true},
}

func main() {
	source := flag.String("source", "", "the file to migrate; made if not given")
	rounds := flag.Int("rounds", 5, "measured rounds, after one that is not")
	slow := flag.Bool("slow", false, "also those that take half a minute and gigabytes of memory")
	tokens := flag.String("jsontext", "", "be the jsontext contestant on `FILE`")
	flag.Parse()
	err := errors.New("want no arguments")
	switch {
	case *tokens != "":
		err = withJSONText(*tokens)
	case flag.NArg() == 0:
		err = bench(*source, *rounds, *slow)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(source string, rounds int, slow bool) (err error) {
	work, err := os.MkdirTemp(".", "bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if work, err = filepath.Abs(work); err != nil {
		return err
	}
	if source == "" {
		source = filepath.Join(work, "step2.json")
		if err := makeSource(source); err != nil {
			return err
		}
	}
	histlog := filepath.Join(work, "histlog")
	if out, err := exec.Command("go", "build", "-o", histlog, "./cmd/histlog").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	os.Setenv("SOURCE", source)
	os.Setenv("HISTLOG", histlog)
	os.Setenv("BENCH", self)
	os.Setenv("DIR", filepath.Join(work, "dir"))
	times := map[string][]time.Duration{}
	for round := range rounds + 1 { // the first warms up
		for _, c := range contestants {
			if _, err := exec.LookPath(c.needs); c.needs != "" && err != nil || c.slow && (!slow || round != 1) {
				continue
			}
			took, err := c.run()
			if err != nil {
				return err
			}
			if round > 0 {
				times[c.name] = append(times[c.name], took)
			}
		}
	}
	return report(source, times)
}

func makeSource(name string) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return genhistory.Write(f, genhistory.Options{Records: 787, BatchBytes: 1_880_000, Seed: 1})
}

// run runs the command once and returns how long it took.
func (c contestant) run() (time.Duration, error) {
	dir := os.Getenv("DIR")
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o755)); err != nil {
		return 0, err
	}
	started := time.Now()
	out, err := exec.Command("sh", "-c", c.command).CombinedOutput()
	took := time.Since(started)
	if err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", c.name, err, out)
	}
	return took, nil
}

func report(source string, times map[string][]time.Duration) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	fmt.Printf("%s, %d bytes; medians\n\n%8s  %8s  %6s\n", filepath.Base(source), info.Size(), "seconds", "MB/s", "ratio")
	var first time.Duration
	for _, c := range contestants {
		t := times[c.name]
		if len(t) == 0 {
			continue
		}
		slices.Sort(t)
		median := t[len(t)/2]
		if first == 0 {
			first = median
		}
		fmt.Printf("%8.2f  %8.0f  %6.2f  %s\n", median.Seconds(), float64(info.Size())/1e6/median.Seconds(), median.Seconds()/first.Seconds(), c.name)
	}
	return nil
}

// withJSONText does with a streaming JSON library what a migration does first:
// one line for each element of "history".
func withJSONText(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	d := jsontext.NewDecoder(bufio.NewReaderSize(f, 1<<20), jsontext.AllowDuplicateNames(true))
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	for d.StackDepth() < 2 { // { "history" [
		if _, err := d.ReadToken(); err != nil {
			return err
		}
	}
	for d.PeekKind() != ']' {
		v, err := d.ReadValue()
		if err == nil {
			err = v.Compact(jsontext.AllowDuplicateNames(true), jsontext.PreserveRawStrings(true))
		}
		if err != nil {
			return err
		}
		if _, err := io.WriteString(out, string(v)+"\n"); err != nil {
			return err
		}
	}
	return out.Flush()
}
