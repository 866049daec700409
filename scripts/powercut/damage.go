//go:build linux

package main

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// damage flips a bit of a record in a sealed plain segment.
func damage(w *workload, rng *rand.Rand) {
	segments, _ := filepath.Glob(w.path("log/*.ndjson"))
	if len(segments) < 2 {
		return
	}
	slices.Sort(segments)
	name := segments[rng.IntN(len(segments)-1)]
	text, err := os.ReadFile(name)
	base, err2 := strconv.ParseUint(strings.TrimSuffix(filepath.Base(name), ".ndjson"), 10, 64)
	if errors.Join(err, err2) != nil {
		return // it was repaired or removed
	}
	lines := strings.SplitAfter(string(text), "\n")
	line := rng.IntN(len(lines) - 1)
	e := event{What: damaging, Seq: base + uint64(line)}
	if e.Producer, e.N, err = parse(strings.TrimSuffix(lines[line], "\n")); err != nil {
		return // it is damaged or lost
	}
	w.journal.add(e)
	at := len(strings.Join(lines[:line], "")) + strings.Index(lines[line], damagedAt)
	if err := flipBit(name, int64(at)); err != nil {
		w.journal.fault(err.Error())
		return
	}
	e.What = damaged
	w.journal.add(e)
}

// damagedAt begins with the byte of a record in which damage flips a bit.
const damagedAt = `"n":`

// damagedText returns a record with that bit flipped.
func damagedText(producer, n int) string {
	return strings.Replace(record(producer, n), damagedAt, "#"+damagedAt[1:], 1)
}

// flipBit flips a bit of a byte of a file, durably.
func flipBit(name string, at int64) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	b := make([]byte, 1)
	_, err = f.ReadAt(b, at)
	b[0] ^= 1
	if err == nil {
		_, err = f.WriteAt(b, at)
	}
	return errors.Join(err, f.Sync(), f.Close())
}
