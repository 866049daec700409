package feed

import (
	"context"
	"fmt"
)

// A RetryError is returned if it cannot be determined whether the first value was
// appended before.
type RetryError struct {
	Dir string
	Err error
}

func (e *RetryError) Error() string {
	return fmt.Sprintf("append to %s: search for the first value: %v", e.Dir, e.Err)
}

func (e *RetryError) Unwrap() error { return e.Err }

// findDuplicate acknowledges the first value if its producer retries it and it was
// appended before: the producer did not read the acknowledgement.
func (a *Appender) findDuplicate(ctx context.Context, v value) (found bool, err error) {
	if a.retry == nil {
		return false, nil
	}
	after := *a.retry
	a.retry = nil
	ack, found, err := a.writer.Find(ctx, after, v.text)
	if err != nil {
		return false, &RetryError{a.dir, err}
	}
	if !found {
		return false, nil
	}
	a.count++
	return true, a.acknowledge(ack)
}
