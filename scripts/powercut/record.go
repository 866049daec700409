//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// record returns the n-th record of a producer: always the same bytes, of 60 bytes to 300 KB.
func record(producer, n int) string {
	rng := rand.New(rand.NewPCG(uint64(producer), uint64(n)))
	var length int
	switch odds := rng.IntN(1000); {
	case odds < 600:
		length = rng.IntN(100)
	case odds < 900:
		length = rng.IntN(2000)
	case odds < 995:
		length = rng.IntN(30_000)
	default:
		length = rng.IntN(300_000)
	}
	var pad strings.Builder
	word := fmt.Sprintf("%016x", rng.Uint64())
	for pad.Len() < length {
		if rng.IntN(2) == 0 {
			word = fmt.Sprintf("%016x", rng.Uint64())
		}
		pad.WriteString(word)
	}
	return fmt.Sprintf(`{"timestamp":%q,"producer":%d,"n":%d,"pad":%q}`, recordTime(n).Format("2006-01-02T15:04:05"), producer, n, pad.String())
}

// recordTime returns the time of the n-th record, which names no zone.
func recordTime(n int) time.Time {
	return time.Date(2025, 5, 1, 0, 0, n, 0, time.UTC)
}

// parse returns the producer and the number of a record. It is an error if the text is not
// that record's.
func parse(text string) (producer, n int, err error) {
	var v struct{ Producer, N int }
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return 0, 0, fmt.Errorf("not JSON: %.80q", text)
	}
	if text != record(v.Producer, v.N) {
		return 0, 0, fmt.Errorf("not what was written: %.80q", text)
	}
	return v.Producer, v.N, nil
}
