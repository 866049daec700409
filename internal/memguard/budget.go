package memguard

import "runtime/debug"

// A Budget is the maximum resident memory of a process in bytes.
type Budget uint64

const (
	// MinBudget is enough for the program itself and for small records.
	MinBudget Budget = 32 << 20
	// base is the memory of a command in addition to the records that it holds.
	base = 14 << 20
	// copies is the maximum number of times a record is held while the next one is
	// read ahead, buffers grow, and garbage waits to be collected.
	copies = 6
	// minRecord is the size of a record that fits every budget.
	minRecord = 1 << 20
	// soft is the heap above which garbage is collected early. That is cheap,
	// because the program holds a few large buffers and little else. Below soft,
	// garbage may grow to lazy percent of the live memory.
	soft = 22 << 20
	lazy = 400
)

// Safe returns the default budget: three quarters of the memory that is available now,
// so that other processes of the machine or the container keep the rest.
func (f Figures) Safe() Budget {
	return max(MinBudget, Budget(f.Available/4*3))
}

// Record returns the maximum size in bytes of a record that fits the budget.
func (b Budget) Record() int64 {
	if b < base+copies*minRecord {
		return minRecord
	}
	return int64((b - base) / copies)
}

// Apply sets the garbage collector's limits so that the process keeps within the budget.
// If getenv returns a value for GOMEMLIMIT or GOGC, that one is left as the Go runtime
// has set it.
func (b Budget) Apply(getenv func(string) string) {
	if getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(min(soft, b/2)))
	}
	if getenv("GOGC") == "" {
		debug.SetGCPercent(lazy)
	}
}
