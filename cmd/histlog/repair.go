package main

import (
	"fmt"
	"io"
	"log/slog"
	"path/filepath"

	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// mended is what verify --repair did about one damage, as JSON.
type mended struct {
	Seq        segment.Sequence `json:"seq"`
	Segment    string           `json:"segment"`
	Offset     segment.Offset   `json:"offset"`
	Reason     string           `json:"reason"`
	Quarantine *string          `json:"quarantine"` // file name
}

// repair mends the log at dir and notes it in the diary, also when it could not
// mend all.
func repair(c *cli.Context, dir string) ([]mended, error) {
	wait, err := segment.ParseDuration(c.String("lock-wait"))
	if err != nil {
		return nil, usage("verify", "--lock-wait: %v", err)
	}
	done, err := segment.Repair(c.Context, dir, segment.Options{LockWait: wait})
	recordRecovery(dir, done.Recovery)
	list := []mended{}
	for _, m := range done.Mended {
		row := mended{m.Seq, m.Segment, m.Offset, m.Reason, nil}
		if m.Quarantine != "" {
			name := filepath.Base(m.Quarantine)
			row.Quarantine = &name
		}
		list = append(list, row)
	}
	for _, name := range done.Recovery.Quarantined {
		say(c.App.ErrWriter, "a torn write was set aside in %s", name)
	}
	if len(list) > 0 {
		record(dir, slog.LevelWarn, "repaired", "mended", list)
	}
	if err != nil {
		err = fmt.Errorf("verify --repair: %w", err)
	}
	return list, err
}

func printMended(out io.Writer, list []mended) error {
	for _, m := range list {
		where := ""
		if m.Quarantine != nil {
			where = "; its bytes are in " + segment.QuarantineName + "/" + *m.Quarantine
		}
		if _, err := fmt.Fprintf(out, "REPAIRED  record %d, %s at offset %d: %s%s\n", m.Seq, m.Segment, m.Offset, m.Reason, where); err != nil {
			return err
		}
	}
	return nil
}
