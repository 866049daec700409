package segment

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/histlog/histlog/internal/vfs"
)

// settleWait is how long Snapshot waits for the index entries of acknowledged records:
// under sync none they follow a tenth of a second later.
const settleWait = 2 * time.Second

// copyUnsealed copies the segment that is being written, up to the last record that
// readers see, and recovers the copy, so that it opens without recovery later.
func (s *snapshotter) copyUnsealed(ctx context.Context, from Segment) (found *CorruptError, err error) {
	r, err := s.from.openFile(from)
	if err != nil {
		return nil, err
	}
	// An entry is written after its record, and copyText counts the entries before it copies
	// the text. So each entry that is copied has its record.
	err = s.copyActive(ctx, r)
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	// The copy is recovered as the log itself would be, so that its records are those
	// that the log's next writer finds.
	w := &s.draft.w
	if _, err := w.openActive(from.Base); err != nil {
		return nil, w.recoveryError(err)
	}
	if len(w.recovery.Damage) > 0 {
		return nil, nil // recovery.Damage reports the damage
	}
	return s.compareCopies(from, func(r *Reader) error {
		//mutant:snapshot-the-active-copy-is-not-compared
		_, _, err := r.verifyRecords(ctx, r.text, nil)
		return err
	})
}

// copyActive copies the text and the index of the active segment. Publish syncs them.
func (s *snapshotter) copyActive(ctx context.Context, r *Reader) error {
	w, base := &s.draft.w, r.segment.Base
	text, err := w.fs.OpenFile(filepath.Join(w.dir, textName(base)), os.O_RDWR|os.O_CREATE|os.O_EXCL, w.mode)
	if err != nil {
		return err
	}
	err = s.copyText(ctx, r, text)
	if err = errors.Join(err, text.Close()); err != nil || r.index == nil {
		return err
	}
	// Only complete entries are copied, and no trailer: the copy is an active segment, even if
	// the writer seals the log's segment now.
	n := headerSize + int64(r.index.count)*entrySize
	return vfs.CopyRange(w.fs, filepath.Join(w.dir, indexName(base)), &progressFile{r.index.file, ctx, s}, 0, n, w.mode)
}

// copyText copies the text of the records in the index of the active segment. If the last
// writer was killed, copyText also copies the bytes after them: these may be records that
// were acknowledged under sync none.
func (s *snapshotter) copyText(ctx context.Context, r *Reader, text File) error {
	from := &progressFile{r.file, ctx, s}
	release, err := s.awaitIndex(ctx, r)
	if err != nil {
		return err
	}
	end, err := r.Size()
	if release != nil {
		if err == nil { // while the lock is held, because the next writer may truncate it
			//mutant:snapshot-the-tail-of-a-killed-writer-is-left-out
			err = copyTo(text, from, int64(end), int64(r.size))
		}
		// [0, end) does not change any more, so it is copied without the lock: the next writer
		// waits for the tail only.
		err = errors.Join(err, release())
	}
	if err != nil {
		return err
	}
	// After a power cut the index may have entries of records that the text lacks. Recovery of
	// the copy treats them.
	return copyTo(text, from, 0, int64(min(end, r.size)))
}

// awaitIndex waits until the index has the entries of all records that the text held when
// awaitIndex was called, but at most settleWait. If no writer is running that would write the
// entries, awaitIndex acquires the writer's lock and returns the function that releases it.
func (s *snapshotter) awaitIndex(ctx context.Context, r *Reader) (release func() error, err error) {
	wanted := r.size
	for deadline := time.Now().Add(settleWait); ; {
		end, err := r.Size()
		//mutant:snapshot-records-acknowledged-a-moment-ago-are-left-out
		if err != nil || end >= min(wanted, r.size) {
			return nil, err
		}
		// The lock is tried and not waited for: a running writer holds it until it closes the
		// log, and writes the entries itself.
		release, ok, err := s.from.fs.TryLock(s.from.Dir)
		if err != nil {
			return nil, err
		}
		// The index is read again even with the lock: a writer that has just closed the log may
		// have written its last entries after r.Size was called.
		if err := r.Refresh(); err != nil {
			if ok {
				err = errors.Join(err, release())
			}
			return nil, err
		}
		if ok {
			return release, nil
		}
		// A writer that is stopped, or that waits for its disk, must not block the snapshot. The
		// snapshot then ends with the last entry, as for any reader.
		if time.Now().After(deadline) {
			return nil, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lockPoll):
		}
	}
}

// copyTo copies the bytes [from, to) of a file to the same place of another.
func copyTo(out io.WriterAt, in io.ReaderAt, from, to int64) error {
	_, err := io.Copy(io.NewOffsetWriter(out, from), io.NewSectionReader(in, from, max(to-from, 0)))
	return err
}
