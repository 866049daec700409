package memguard

import (
	"fmt"

	"github.com/histlog/histlog/internal/size"
)

// An OverError is the cause of the context of Watch when a process exceeds its budget.
type OverError struct {
	Budget Budget
	Used   uint64 // bytes resident
}

func (e *OverError) Error() string {
	return fmt.Sprintf("out of the memory budget of %s: %s are in use", size.Text(uint64(e.Budget)), size.Text(e.Used))
}
