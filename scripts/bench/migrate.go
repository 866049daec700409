//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/histlog/histlog/internal/genhistory"
)

// migrations read the same file, in one way or another.
var migrations = []contestant{
	{"openssl dgst -sha256", "openssl", []string{"openssl", "dgst", "-sha256", "$SOURCE"}, false},
	{"histlog migrate", "", []string{"$HISTLOG", "migrate", "$SOURCE", "$DIR/log"}, false},
	{"histlog migrate --verify roundtrip", "", []string{"$HISTLOG", "migrate", "--verify", "roundtrip", "$SOURCE", "$DIR/log"}, false},
	{"dd bs=1M conv=fsync", "dd", []string{"dd", "if=$SOURCE", "of=$DIR/copy", "bs=1M", "conv=fsync"}, false},
	{"jsontext, tokens to NDJSON", "", shell(`"$BENCH" -jsontext "$SOURCE" > "$DIR/out"`), false},
	{"jq -c .history[]", "jq", shell(`jq -c '.history[]' "$SOURCE" > "$DIR/out"`), true},
	{"Python json", "python3", shell(`python3 -c 'import json,sys
for r in json.load(open(sys.argv[1], encoding="utf-8"))["history"]: print(json.dumps(r, ensure_ascii=False, separators=(",", ":")))' "$SOURCE" > "$DIR/out"`), true},
}

func benchMigrate(source string, rounds int, slow bool) (err error) {
	work, clear, err := workplace()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clear()) }()
	if source, err = sourceIn(work, source); err != nil {
		return err
	}
	os.Setenv("SOURCE", source)
	times, err := contest(migrations, rounds, slow)
	if err != nil {
		return err
	}
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	fmt.Printf("\n%s, %d bytes; medians\n\n%8s  %8s  %6s\n", filepath.Base(source), info.Size(), "seconds", "MB/s", "ratio")
	var first time.Duration
	for _, c := range migrations {
		t, ran := times[c.name]
		if !ran {
			continue
		}
		if first == 0 {
			first = t
		}
		fmt.Printf("%8.2f  %8.0f  %6.2f  %s\n", t.Seconds(), float64(info.Size())/1e6/t.Seconds(), t.Seconds()/first.Seconds(), c.name)
	}
	return nil
}

// sourceIn returns the file to migrate; one that was not given is made in work.
func sourceIn(work, source string) (string, error) {
	if source != "" {
		return source, nil
	}
	source = filepath.Join(work, "step2.json")
	return source, makeSource(source, genhistory.Options{Records: 787, BatchBytes: 1_880_000, Seed: 1})
}

func makeSource(name string, o genhistory.Options) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return genhistory.Write(f, o)
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
