package segment

import (
	"context"
	"errors"
	"time"
)

// The writer's lock is the kernel's lock on the log's directory. It ends with the
// process that holds it, so a killed writer never blocks the next one. Three files
// complete it:
//
//   - LOCK names the writer that holds the lock (lock_file.go);
//   - through LOCK two writers notice each other whose locks do not exclude each
//     other, as on some network file systems (lock_owner.go);
//   - .waiting has a lock of its own, which puts waiting writers in order
//     (lock_turn.go).

// lockPoll is how often a lock that is held is tried again: flock with a timeout does
// not exist, and a blocked one cannot be cancelled.
const lockPoll = 10 * time.Millisecond

// acquireLock acquires the lock of a directory or a file. It waits for it up to wait,
// or until ctx ends; the error is then a *LockedError or ctx.Err().
func acquireLock(ctx context.Context, fsys FS, path string, wait time.Duration) (unlock func() error, err error) {
	deadline := time.Now().Add(wait)
	for {
		unlock, ok, err := fsys.TryLock(path)
		if ok || err != nil {
			return unlock, err
		}
		if !time.Now().Before(deadline) {
			return nil, lockedError(fsys, path)
		}
		if err := pause(ctx, lockPoll); err != nil {
			return nil, err
		}
	}
}

// acquireWriterLock acquires the writer's lock of dir as acquireLock does, and in turn
// with other writers that wait.
func acquireWriterLock(ctx context.Context, fsys FS, dir string, wait time.Duration) (unlock func() error, err error) {
	deadline := time.Now().Add(wait)
	// With no time to wait there is no turn to wait for: a writer then takes a free
	// lock even if others wait for their next attempt.
	//mutant:lock-acquired-before-the-writers-that-wait
	if wait == 0 || !hasWaiter(fsys, dir) {
		unlock, err := tryWriterLock(fsys, dir)
		if wait == 0 || !errors.Is(err, ErrLocked) {
			return unlock, err
		}
	}
	// The place is left only when this writer has the lock: the next one in turn would
	// otherwise compete with it.
	leave, err := joinWaiters(ctx, fsys, dir, deadline)
	if err != nil {
		return nil, err
	}
	defer leave()
	for {
		unlock, err := tryWriterLock(fsys, dir)
		if !errors.Is(err, ErrLocked) || !time.Now().Before(deadline) {
			return unlock, err
		}
		if err := pause(ctx, lockPoll); err != nil {
			return nil, err
		}
	}
}

// tryWriterLock acquires the writer's lock of dir if it is free, and returns a
// *LockedError if it is not. A lock that the kernel grants is not free while the
// process that LOCK names is alive: a writer clears LOCK before it gives up the lock,
// so that process holds a lock that does not exclude this one.
func tryWriterLock(fsys FS, dir string) (unlock func() error, err error) {
	unlock, ok, err := fsys.TryLock(dir)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, lockedError(fsys, dir)
	}
	// Without a readable LOCK the kernel's lock decides alone.
	h, err := readLockInfo(fsys, dir)
	//mutant:lock-a-copy-of-lock-is-believed
	//mutant:lock-a-process-that-lock-names-is-not-waited-for
	if err == nil && h.state() == processAlive && h.isOriginal(fsys, dir) {
		e := h.lockedError(dir)
		e.Apart = true
		return nil, errors.Join(e, unlock())
	}
	return unlock, nil
}

// pause waits for d, or until ctx ends, whose error it then returns.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
