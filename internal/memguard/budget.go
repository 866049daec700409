package memguard

import (
	"fmt"
	"runtime/debug"

	"github.com/histlog/histlog/internal/size"
)

// A Budget is how many bytes of memory a process may have resident.
type Budget uint64

const (
	// MinBudget is what the program itself takes, with room to work.
	MinBudget Budget = 32 << 20
	// base is what a command takes beside the records that it holds.
	base = 14 << 20
	// copies is how many times a record is held, while one is read ahead of
	// the one being written, buffers grow, and garbage waits to be collected.
	copies = 6
	// leastRecord can always be held.
	leastRecord = 1 << 20
	// soft is where the garbage collector begins to give memory back early: a
	// few large buffers and little else are held, so that collecting often
	// costs next to nothing. Below it, it may lie for a while.
	soft = 24 << 20
	lazy = 400 // percent
)

// Safe returns the budget of a process that was given none: three quarters of
// what is available now, so that whoever shares the machine or the container
// keeps the rest.
func (f Figures) Safe() Budget {
	return max(MinBudget, Budget(f.Available/4*3))
}

// Record returns the largest record that can be held within the budget, in bytes.
func (b Budget) Record() int64 {
	if b < base+copies*leastRecord {
		return leastRecord
	}
	return int64((b - base) / copies)
}

// Apply has the garbage collector keep within the budget. The variables
// GOMEMLIMIT and GOGC win, as the Go runtime reads them.
func (b Budget) Apply(getenv func(string) string) {
	if getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(min(soft, b/2)))
	}
	if getenv("GOGC") == "" {
		debug.SetGCPercent(lazy)
	}
}

// An OverError says that a command could not stay inside its budget.
type OverError struct {
	Budget Budget
	Used   uint64 // bytes resident
}

func (e *OverError) Error() string {
	return fmt.Sprintf("out of the memory budget of %s: %s are in use", size.Text(uint64(e.Budget)), size.Text(e.Used))
}
