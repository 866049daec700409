//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// firstMigration is the producer whose records the first migration has.
const firstMigration = 500

// migrate migrates a file to a new log, then continues the log several times with the file,
// which has grown.
func migrate(w *workload, rng *rand.Rand) {
	producer := firstMigration
	if last, ok := newest(w.journal.all(), sourced); ok {
		producer = last.Producer + 1
	}
	codec := pick(rng, []string{"none", "zstd", "gzip"})
	n := 0
	for part := range 4 {
		n += 1 + rng.IntN(60)
		w.journal.add(event{What: sourced, Producer: producer, N: n})
		source, err := w.source(producer, n)
		if err != nil {
			w.journal.fault(err.Error())
			return
		}
		args := []string{"migrate", source, migratedName(producer), "--segment-size", w.SegmentSize, "--time-zone", "UTC", "--compress", codec}
		if part > 0 {
			args = []string{"migrate", source, migratedName(producer), "--continue"}
		}
		if !w.perhaps(rng, args...) {
			return
		}
		w.journal.add(event{What: migrated, Producer: producer, N: n})
	}
}

func migratedName(producer int) string { return fmt.Sprintf("migrated%d", producer) }

// source writes the file to migrate. It is not on the disk whose power is cut.
func (p program) source(producer, n int) (string, error) {
	var records []string
	for i := range n {
		records = append(records, record(producer, i+1))
	}
	name := filepath.Join(p.scratch, fmt.Sprintf("source%d.json", producer))
	text := fmt.Sprintf(`{"total":%d,"history":[%s]}`, n, strings.Join(records, ",\n"))
	return name, os.WriteFile(name, []byte(text), 0o600)
}
