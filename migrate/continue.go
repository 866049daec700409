package migrate

import (
	"context"
	"errors"
	"time"

	"github.com/histlog/histlog/segment"
)

// A ContinueResult says what Continue did.
type ContinueResult struct {
	Comparison
	Appended uint64
	FirstNew segment.Sequence // 0 if there was nothing new
	LastNew  segment.Sequence
}

// groupRecords and groupBytes are how much Continue commits at once, at most.
const (
	groupRecords = 1000
	groupBytes   = 4 << 20
)

// Continue appends to the log at o.Dir those records of a source that came
// since it was migrated, under the writer's lock. It compares the records that
// are there already, byte for byte, before it appends, and appends nothing that
// it read from a source that had changed by then. Killed at any moment, it has
// appended some, and can be run again.
func Continue(ctx context.Context, o Options, wait time.Duration) (c ContinueResult, err error) {
	if readOnce(o.Source) {
		return c, ErrOnce
	}
	w, err := segment.OpenWriter(ctx, o.Dir, segment.Options{FS: o.FS, LockWait: wait, Settings: o.Settings, Memory: o.Accept.Memory})
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	l, err := segment.OpenContext(ctx, o.Dir, o.FS)
	if err != nil {
		return c, err
	}
	var first *sourcePass
	if c.Comparison, first, err = locate(ctx, o, l); err != nil {
		return c, err
	}
	bytes := 0
	err = c.compareBytes(first, l, func(p *sourcePass, compact, timeScalar []byte) error {
		// What was read may be of two versions of the source; Write may commit, to begin a segment.
		if err := checkUnchanged(p.file, p.info); err != nil {
			return p.errorHere(err)
		}
		ack, err := w.Write(compact, timeScalar)
		if err != nil {
			return err
		}
		if c.Appended++; c.Appended == 1 {
			c.FirstNew = ack.Seq
		}
		c.LastNew = ack.Seq
		if bytes += len(compact); bytes < groupBytes && c.Appended%groupRecords != 0 {
			return nil
		}
		bytes = 0
		return w.Commit()
	})
	if err != nil {
		return c, errors.Join(err, w.Rollback())
	}
	return c, w.Commit()
}
