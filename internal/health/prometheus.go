package health

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A metric is a gauge in Prometheus' text format.
type metric struct {
	name, help string
	value      float64
}

// WritePrometheus writes the metrics. Their label is the absolute path of the log,
// whatever directory check runs in.
func (a Assessment) WritePrometheus(w io.Writer) error {
	log, err := filepath.Abs(a.dir)
	if err != nil {
		log = a.dir
	}
	return a.writePrometheus(w, log)
}

func (a Assessment) writePrometheus(w io.Writer, log string) error {
	out := bufio.NewWriter(w)
	label := labelEscaper.Replace(strings.ToValidUTF8(log, "\uFFFD"))
	for _, m := range a.metrics() {
		fmt.Fprintf(out, "# HELP %s %s\n# TYPE %s gauge\n", m.name, m.help, m.name)
		fmt.Fprintf(out, "%s{log=\"%s\"} %s\n", m.name, label, strconv.FormatFloat(m.value, 'g', -1, 64))
	}
	return out.Flush()
}

var labelEscaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// metrics returns the metrics that are known. It leaves out the time of an event that never
// happened.
func (a Assessment) metrics() []metric {
	m := []metric{
		{"histlog_up", "Whether the log could be examined.", 0},
		{"histlog_status", "What histlog check said: 0 OK, 1 warning, 2 critical, 3 unknown.", float64(a.Status())},
	}
	c := a.Condition
	if c == nil {
		return m
	}
	m[0].value = 1
	m = append(m,
		metric{"histlog_records", "Records in the log.", float64(c.Records)},
		metric{"histlog_last_seq", "Sequence of the newest record; 0 if there is none.", float64(c.latest.LastSeq)},
		metric{"histlog_gap_seconds", "Usual time from one arrival to the next; 0 if not known.", c.latest.Gap.Seconds()},
		metric{"histlog_damaged", "Damage seen without reading data, or found by the last verification.", float64(a.damaged())},
		metric{"histlog_quarantine_files", "Files in quarantine.", float64(len(c.quarantine))},
		metric{"histlog_disk_bytes", "Bytes that the log takes on disk: segments, indexes, origin/ and quarantine/.", float64(c.Disk)},
		metric{"histlog_disk_free_bytes", "Bytes that are free on that disk.", float64(c.free)},
	)
	if a.late > 0 { // an archive is never late
		m = append(m, metric{"histlog_stale_after_seconds", "Time without an arrival that is worth a warning.", a.late.Seconds()})
	}
	at := func(name, help string, t time.Time) {
		if !t.IsZero() {
			m = append(m, metric{name, help, float64(t.UnixMilli()) / 1000})
		}
	}
	at("histlog_last_arrival_timestamp_seconds", "When the newest record arrived.", c.latest.LastArrived)
	at("histlog_last_record_timestamp_seconds", "The newest record's own time.", c.latest.LastTime)
	at("histlog_verified_timestamp_seconds", "When all data was verified last.", c.notes.Verified.At)
	at("histlog_upkeep_failed_timestamp_seconds", "When maintenance last failed; missing if it has succeeded since.", c.notes.Upkeep.Failed)
	return m
}
