package main

import (
	"errors"
	"testing"

	"github.com/histlog/histlog/internal/health"
)

// TestUsageCodes: the exit codes of check are its own.
func TestUsageCodes(t *testing.T) {
	for command, want := range map[string]int{"": exitUsage, "tail": exitUsage, checkName: int(health.Unknown)} {
		var e *exitError
		if err := error(usage(command, "no")); !errors.As(err, &e) || e.code != want {
			t.Errorf("%q: %v, want %d", command, e.code, want)
		}
	}
}
