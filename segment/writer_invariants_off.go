//go:build !histlog_invariants

package segment

const checkInvariants = false
