package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/histlog/histlog/segment"
)

// already answers for the first value if its producer retries it and it is
// there: it lost the acknowledgement, not the record.
func (f *feeder) already(ctx context.Context, v value) (there bool, err error) {
	if f.retry == nil {
		return false, nil
	}
	after := *f.retry
	f.retry = nil
	ack, there, err := f.writer.Find(ctx, after, v.text)
	if err != nil {
		err = fmt.Errorf("append to %s: look whether the first value is there: %w", f.dir, err)
	}
	switch {
	case errors.Is(err, segment.ErrNoRecord):
		return false, &exitError{code: exitFailure, err: err, hint: "is it the log that gave that sequence? without --retry-after the value is appended"}
	case errors.Is(err, segment.ErrRetired):
		return false, &exitError{code: exitFailure, err: err, hint: "nobody can tell whether the value was among those; without --retry-after it is appended"}
	case err != nil || !there:
		return false, err
	}
	f.count++
	return true, f.answer(ack)
}
