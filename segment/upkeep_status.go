package segment

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/vfs"
)

// Status records when maintenance and verification last ran and how they ended. It is
// stored in UPKEEP, is informational only, and is never synced.
type Status struct {
	Upkeep   UpkeepStatus `json:"upkeep,omitzero"`
	Verified VerifyStatus `json:"verified,omitzero"`
}

// UpkeepStatus is how the last maintenance run ended.
type UpkeepStatus struct {
	OK     time.Time `json:"ok,omitzero"`     // when a run last did everything that was due
	Failed time.Time `json:"failed,omitzero"` // when the last run failed; zero: it did not
	Error  string    `json:"error,omitempty"` // why it failed
}

// VerifyStatus is the result of the last verification of the whole log.
type VerifyStatus struct {
	At      time.Time `json:"at,omitzero"`
	Records uint64    `json:"records"`
	Damaged int       `json:"damaged"`
}

// maxStatus is how many bytes of UPKEEP are read. A Status takes far fewer.
const maxStatus = 64 << 10

// Status returns the status of the log. It is zero if UPKEEP cannot be read.
func (l *Log) Status() (s Status) {
	b, err := vfs.ReadFile(l.fs, l.path(filename.Upkeep), maxStatus)
	if err != nil || json.Unmarshal(b, &s) != nil {
		return Status{}
	}
	return s
}

// clearStatus empties UPKEEP, to free its block on a full disk.
func (l *Log) clearStatus() (err error) {
	f, err := l.fs.OpenFile(l.path(filename.Upkeep), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(0), f.Close())
}

// UpdateStatus changes the status of the log while it holds the maintenance lock.
func (l *Log) UpdateStatus(ctx context.Context, change func(*Status)) (err error) {
	release, err := l.lockMaintenance(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	s := l.Status()
	change(&s)
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	f, err := l.fs.OpenFile(l.path(filename.Upkeep), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	// UPKEEP is overwritten in place and not truncated first: on a full disk an empty
	// file could not be filled again, and the result of the last verification would be
	// lost. White space covers the rest of the old text, so that a kill before Truncate
	// leaves valid JSON.
	b = append(b, '\n')
	padded := append(b, bytes.Repeat([]byte{'\n'}, int(max(0, min(info.Size(), maxStatus)-int64(len(b)))))...)
	if _, err := f.WriteAt(padded, 0); err != nil {
		return err
	}
	return f.Truncate(int64(len(b)))
}
