//go:build histlog_invariants

package segment

// checkInvariants has Write check that its value is compact JSON, which the callers of
// this repository ensure. The tests run once with it.
const checkInvariants = true
