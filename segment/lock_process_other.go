//go:build !linux

package segment

import (
	"io/fs"
	"time"
)

// processID returns "", which means unknown.
func processID(int) string { return "" }

// ownProcessID returns "", which means unknown.
func ownProcessID() string { return "" }

func sameSystem(string) bool { return false }

func changedAt(fs.FileInfo) time.Time { return time.Time{} }
