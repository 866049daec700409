// Package testutil has helpers for the tests of several packages.
//
// Tests run at two speeds. `go test ./...` covers each behaviour once. With
// HISTLOG_PROOFS=1 the same tests enumerate: every operation, every fault, full
// sizes, all rounds.
package testutil

import (
	"os"
	"testing"
)

// Proofs reports whether the tests run at their full size.
func Proofs() bool { return os.Getenv("HISTLOG_PROOFS") == "1" }

// Proof skips a test that the fast run does without.
func Proof(t testing.TB) {
	t.Helper()
	if !Proofs() {
		t.Skip("a proof: run make proofs")
	}
}

// Rounds returns proof if the proofs run, else fast.
func Rounds(fast, proof int) int {
	if Proofs() {
		return proof
	}
	return fast
}
