package segment

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Options configure how a log is opened, made or maintained. The zero value is
// safe: the operating system's files and clock, the log's own settings, and an
// error at once if another process holds the lock.
type Options struct {
	FS       FS               // nil means OS{}
	Now      func() time.Time // clock of arrival times and segment ages; nil means time.Now
	Settings Settings         // override the log's own settings while it is open; NewDraft and Create store them
	LockWait time.Duration    // how long to wait for another writer's lock; 0 means not at all
	Command  string           // name of this process in LOCK; "" means its command line
	Machine  string           // name of this machine in LOCK; "" means the host name
	Compress Codec            // how a Draft stores the segments that it has filled
	Memory   int64            // maximum bytes of a record that recovery or repair reads; 0 means no limit
	ID       uuid.UUID        // maintenance returns ErrReplaced if the log's ID differs; zero means any log
}

func (o Options) withDefaults() Options {
	if o.FS == nil {
		o.FS = OS{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Command == "" {
		o.Command = filepath.Base(os.Args[0]) + " " + strings.Join(os.Args[1:], " ")
	}
	if o.Machine == "" {
		o.Machine, _ = os.Hostname() // without a name each writer probes the file system
	}
	return o
}
