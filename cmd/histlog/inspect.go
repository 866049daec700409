package main

import (
	"strconv"
	"time"

	"github.com/histlog/histlog/internal/memguard"
	"github.com/histlog/histlog/migrate"
	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

func inspectCommand() *cli.Command {
	return &cli.Command{
		Name:      "inspect",
		Usage:     "show what is in a log, or where one record is and what it is made of",
		ArgsUsage: "DIR [SEQ]",
		Description: `   histlog inspect step2
   histlog inspect step2 262`,
		Flags:  []cli.Flag{jsonFlag(), utcFlag()},
		Action: runInspect,
	}
}

func runInspect(c *cli.Context) error {
	if c.NArg() < 1 || c.NArg() > 2 {
		return usage("inspect", "want DIR and perhaps SEQ, not %d arguments", c.NArg())
	}
	l, err := openLog(c, c.Args().First())
	if err != nil {
		return err
	}
	if c.NArg() == 2 {
		seq, err := strconv.ParseUint(c.Args().Get(1), 10, 64)
		if err != nil || seq == 0 {
			return usage("inspect", "%q is no sequence", c.Args().Get(1))
		}
		return inspectRecord(c, l, segment.Sequence(seq))
	}
	v, err := look(l)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		err = printJSON(c.App.Writer, v.json())
	} else {
		err = v.screen(c.App.Writer, zone(c), time.Now())
	}
	if err == nil && len(v.survey.Damage) > 0 {
		return &exitError{code: exitDamaged, err: errReported}
	}
	return err
}

// view is all that inspect shows.
type view struct {
	log        *segment.Log
	survey     *reader.Survey
	quarantine []string
	receipt    *migrate.Receipt
	disk       int64 // bytes that the log takes
	free       uint64
	memory     memguard.Figures
}

func look(l *segment.Log) (*view, error) {
	v := &view{log: l, memory: memguard.Memory()}
	var err error
	if v.survey, err = reader.Look(l); err != nil {
		return nil, err
	}
	if v.quarantine, err = l.Quarantine(); err != nil {
		return nil, err
	}
	if v.receipt, err = migrate.ReadReceipt(l); err != nil {
		return nil, err
	}
	for _, s := range l.Segments {
		v.disk += diskBytes(s)
	}
	v.free, _, err = memguard.DiskFree(l.Dir)
	return v, err
}

// growth returns the bytes that the log grows by in a day, by its records'
// times; 0 where that can't be said.
func (v *view) growth() float64 {
	s := v.survey
	if days := s.Last.Sub(s.First).Hours() / 24; s.Records > 1 && days > 0 {
		return float64(s.PlainBytes) / days
	}
	return 0
}

// diskFull returns when the disk is full if growth goes on; zero: not within 100 years.
func (v *view) diskFull(now time.Time) time.Time {
	const horizon = 365.25 * 100
	if g := v.growth(); g > 0 && float64(v.free)/g < horizon {
		return now.Add(time.Duration(float64(v.free) / g * 24 * float64(time.Hour)))
	}
	return time.Time{}
}

func (v *view) json() map[string]any {
	s := v.survey
	segments := make([]map[string]any, len(s.Segments))
	for i, seg := range s.Segments {
		last := seg.Base + segment.Sequence(seg.Records) - 1
		segments[i] = map[string]any{
			"name": segment.TextName(seg.Base), "state": state(seg.Segment), "records": seg.Records, "first_seq": seg.Base, "last_seq": last,
			"plain_bytes": seg.Bytes, "disk_bytes": diskBytes(seg.Segment), "first_time": utc(seg.First), "last_time": utc(seg.Last),
		}
		if seg.Records == 0 {
			segments[i]["first_seq"], segments[i]["last_seq"] = nil, nil
		}
	}
	stalls := make([]map[string]any, len(s.Stalls))
	for i, g := range s.Stalls {
		stalls[i] = map[string]any{"after_seq": g.After, "from": utc(g.From), "to": utc(g.To), "seconds": g.To.Sub(g.From).Seconds()}
	}
	damaged := make([]string, len(s.Damage))
	for i, d := range s.Damage {
		damaged[i] = d.Error()
	}
	out := map[string]any{
		"records": s.Records, "first_seq": s.FirstSeq, "last_seq": s.LastSeq, "first_time": utc(s.First), "last_time": utc(s.Last),
		"last_arrived": utc(s.LastArrived), "plain_bytes": s.PlainBytes, "disk_bytes": v.disk, "segments": segments,
		"cadence_seconds": s.Cadence.Seconds(), "stalls": stalls, "bytes_per_day": v.growth(), "disk_full_at": utc(v.diskFull(time.Now())),
		"disk_free_bytes": v.free, "damaged": damaged, "quarantine": nonNil(v.quarantine), "verified_at": nil,
		"settings": allSettings(v.log.Marker.Settings), "receipt": v.receipt, "id": v.log.Marker.ID,
		"memory": map[string]any{"total_bytes": v.memory.Total, "available_bytes": v.memory.Available, "limit_bytes": orNil(v.memory.Limit)},
	}
	if s.Records == 0 {
		out["first_seq"], out["last_seq"] = nil, nil
	}
	if s.Cadence == 0 {
		out["cadence_seconds"], out["bytes_per_day"] = nil, nil
	}
	return out
}

func state(s segment.Segment) string {
	if s.Sealed {
		return "sealed"
	}
	return "active"
}

func nonNil(names []string) []string {
	if names == nil {
		return []string{}
	}
	return names
}

func orNil(n uint64) *uint64 {
	if n == 0 {
		return nil
	}
	return &n
}
