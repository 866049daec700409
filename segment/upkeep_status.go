package segment

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"time"

	"github.com/histlog/histlog/internal/vfs"
)

// Status are what those who looked after a log leave for those who look at it
// later. They stand in UPKEEP, for messages only: nothing rests on them.
type Status struct {
	Upkeep   UpkeepStatus `json:"upkeep,omitzero"`
	Verified VerifyStatus `json:"verified,omitzero"`
}

// UpkeepStatus is how the last upkeep ended.
type UpkeepStatus struct {
	OK     time.Time `json:"ok,omitzero"`     // when one last did all that was due
	Failed time.Time `json:"failed,omitzero"` // when one failed since; zero: none has
	Error  string    `json:"error,omitempty"` // why
}

// VerifyStatus is what the last verification of the whole log found.
type VerifyStatus struct {
	At      time.Time `json:"at,omitzero"`
	Records uint64    `json:"records"`
	Damaged int       `json:"damaged"`
}

// maxStatus is far more than any notes take.
const maxStatus = 64 << 10

// Status returns the notes; those that can't be read are empty.
func (l *Log) Status() (n Status) {
	b, err := vfs.ReadFile(l.fs, l.path(upkeepName), maxStatus)
	if err != nil || json.Unmarshal(b, &n) != nil {
		return Status{}
	}
	return n
}

// clearStatus gives the room that the notes take back to the disk.
func (l *Log) clearStatus() (err error) {
	f, err := l.fs.OpenFile(l.path(upkeepName), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(0), f.Close())
}

// Note changes the notes, under the lock of UPKEEP.
func (l *Log) UpdateStatus(ctx context.Context, change func(*Status)) (err error) {
	release, err := l.lockMaintenance(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	n := l.Status()
	change(&n)
	b, err := json.Marshal(n)
	if err != nil {
		return err
	}
	f, err := l.fs.OpenFile(l.path(upkeepName), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	// The new text replaces the old one in place: on a full disk an empty file could
	// not be filled again, and what an earlier verification found would be forgotten.
	// White space covers the rest of the old text, so that a kill before Truncate
	// leaves JSON.
	b = append(b, '\n')
	padded := append(b, bytes.Repeat([]byte{'\n'}, int(max(0, min(info.Size(), maxStatus)-int64(len(b)))))...)
	if _, err := f.WriteAt(padded, 0); err != nil {
		return err
	}
	return f.Truncate(int64(len(b)))
}
