//go:build !linux && !windows

package main

import (
	"path/filepath"
	"testing"

	"github.com/histlog/histlog/segment"
)

// upkeepEnds waits at the end of a test, before the log is removed, until no process has held
// the maintenance lock for a while.
func upkeepEnds(t *testing.T, dir string) {
	t.Cleanup(func() {
		free := 0
		eventually(t, "upkeep ends", func() bool {
			release, ok, err := segment.OS{}.TryLock(filepath.Join(dir, "UPKEEP"))
			if free++; err == nil && !ok {
				free = 0
			}
			return (!ok || release() == nil) && free > 20
		})
	})
}
