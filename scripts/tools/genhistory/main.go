// Command genhistory writes a step2.json of any size, as the pipeline's own
// json.dump would have: genhistory -records 800 -o step2.json
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/histlog/histlog/internal/genhistory"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "genhistory:", err)
		os.Exit(1)
	}
}

// run reads the flags and writes the history.
func run() error {
	records := flag.Int("records", 100, "number of batches")
	batchBytes := flag.Int("batch-bytes", 1_800_000, "indented size to aim at for a batch, in `bytes`")
	seed := flag.Uint64("seed", 1, "selects the content; the same seed gives the same bytes")
	shape := flag.String("shape", "history", "history, array, ndjson, or batch (the one that follows -records others)")
	indent := flag.String("indent", "2", "`spaces` a level, none or compact")
	path := flag.String("o", "", "`file` to write (default standard output)")
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}
	spaces, err := genhistory.ParseIndent(*indent)
	if err != nil {
		return err
	}
	options := genhistory.Options{
		Records:    *records,
		BatchBytes: *batchBytes,
		Seed:       *seed,
		Shape:      genhistory.Shape(*shape),
		Indent:     spaces,
	}
	if err := options.Validate(); err != nil {
		return err // before the output file is truncated
	}
	out := os.Stdout
	if *path != "" {
		if out, err = os.Create(*path); err != nil {
			return fmt.Errorf("create output: %w", err)
		}
	}
	err = genhistory.Write(out, options)
	if closeErr := out.Close(); closeErr != nil {
		err = errors.Join(err, fmt.Errorf("close output: %w", closeErr))
	}
	return err
}
