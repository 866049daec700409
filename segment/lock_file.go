package segment

import "time"

// LockHolder returns who LOCK says is writing the log, or said so and was killed:
// whether the process lives is the caller's to find out. pid is 0 if nobody does.
func (l *Log) LockHolder() (pid int, command string, since time.Time) {
	h, err := readLockInfo(l.fs, l.Dir)
	if err != nil {
		return 0, "", time.Time{}
	}
	return h.PID, h.Command, h.Since
}
