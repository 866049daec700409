package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// records2025 are values that are old enough to be compressed.
func records2025(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"timestamp\":\"2025-05-30T07:%02d:00Z\",\"n\":%d}\n", i, i+1)
	}
	return b.String()
}

// upkeptLog makes an empty log with a segment for each record.
func upkeptLog(t *testing.T, settings ...string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "log")
	upkeepEnds(t, dir)
	histlog(t, nil, "append", "--create", "--allow-empty", "--segment-size", "1", dir)
	histlog(t, nil, append([]string{"config", dir, "compress-after=24h"}, settings...)...)
	return dir
}

// eventually waits until ok is true, but not for ever.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("in vain: ", what)
		}
	}
}

func is(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
