package migrate

import (
	"context"
	"errors"
	"time"

	"github.com/histlog/histlog/segment"
)

// A ContinueResult is the result of Continue.
type ContinueResult struct {
	Comparison
	Appended uint64           // number of new records
	FirstNew segment.Sequence // 0 if there were none
	LastNew  segment.Sequence
}

// groupRecords and groupBytes are the numbers of records and bytes at which Continue commits.
const (
	groupRecords = 1000
	groupBytes   = 4 << 20
)

// Continue appends to the log at o.Dir the records that were added to its source since
// it was migrated. It holds the writer's lock, and waits for that lock for at most wait.
// Before it appends, it compares the records that are in the log already byte for
// byte, and it appends nothing that it read after the source had changed. A kill at any
// moment leaves the records that were committed, and Continue can be run again.
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
		// Bytes read after a change may mix two versions of the source. Check before each
		// Write, because Write commits when it begins a new segment.
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
		// A crash between two commits leaves the records of the first ones: the next run
		// finds them in the log and continues after them.
		bytes = 0
		return w.Commit()
	})
	if err != nil {
		return c, errors.Join(err, w.Rollback())
	}
	return c, w.Commit()
}
