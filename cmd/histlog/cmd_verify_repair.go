package main

import (
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/histlog/histlog/internal/eventlog"
	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/internal/timespec"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// A repairedRecord is what verify --repair did about one damage, as JSON.
type repairedRecord struct {
	Seq        segment.Sequence `json:"seq"`
	Segment    string           `json:"segment"`
	Offset     segment.Offset   `json:"offset"`
	Reason     string           `json:"reason"`
	Quarantine *string          `json:"quarantine"` // name of the file that holds the damaged bytes
	Lost       uint64           `json:"lost"`       // number of records from Seq on that are lost
}

// repair repairs the log at dir and writes the repairs to the event log, even if it
// returns an error for others.
func repair(c *cli.Context, dir string) ([]repairedRecord, error) {
	wait, err := timespec.ParseDuration(c.String("lock-wait"))
	if err != nil {
		return nil, usage("verify", "--lock-wait: %v", err)
	}
	done, err := segment.Repair(c.Context, dir, segment.Options{LockWait: wait, Memory: maxRecord(c)})
	eventlog.LogRecovery(nil, dir, done.Recovery)
	list := []repairedRecord{}
	for _, m := range done.Repaired {
		row := repairedRecord{m.Seq, m.Segment, m.Offset, m.Reason, nil, m.Lost}
		if m.Quarantine != "" {
			name := filepath.Base(m.Quarantine)
			row.Quarantine = &name
		}
		list = append(list, row)
	}
	for _, name := range done.Recovery.Quarantined {
		say(c.App.ErrWriter, "a torn tail was moved to %s", name)
	}
	if len(list) > 0 {
		eventlog.Log(nil, dir, slog.LevelWarn, "repaired", "mended", list)
	}
	if err != nil {
		err = fmt.Errorf("verify --repair: %w", err)
	}
	return list, err
}

func printRepaired(out io.Writer, list []repairedRecord) error {
	for i := 0; i < len(list); {
		m, n := list[i], 1
		for m.Lost > 0 && i+n < len(list) && list[i+n].continues(m) {
			m.Lost += list[i+n].Lost
			n++
		}
		i += n
		if _, err := fmt.Fprintln(out, term.Safe(m.String())); err != nil {
			return err
		}
	}
	return nil
}

// continues reports whether m was lost by the same damage as before and follows it.
func (m repairedRecord) continues(before repairedRecord) bool {
	same := m.Quarantine == before.Quarantine || m.Quarantine != nil && before.Quarantine != nil && *m.Quarantine == *before.Quarantine
	return same && m.Lost > 0 && m.Segment == before.Segment && m.Reason == before.Reason && m.Seq == before.Seq+segment.Sequence(before.Lost)
}

// String begins with LOST if records are lost, else with REPAIRED.
func (m repairedRecord) String() string {
	where := ""
	if m.Quarantine != nil {
		where = "; its bytes are in " + filename.Quarantine + "/" + *m.Quarantine
	}
	what := fmt.Sprintf("REPAIRED  record %d", m.Seq)
	switch {
	case m.Lost == 1:
		what = fmt.Sprintf("LOST  record %d", m.Seq)
	case m.Lost > 1:
		what = fmt.Sprintf("LOST  records %d to %d", m.Seq, m.Seq+segment.Sequence(m.Lost)-1)
		where = strings.Replace(where, "its bytes", "their bytes", 1)
	}
	return fmt.Sprintf("%s, %s at offset %d: %s%s", what, m.Segment, m.Offset, m.Reason, where)
}
