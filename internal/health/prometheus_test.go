package health

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/survey"
	"github.com/histlog/histlog/segment"
)

// exposition is Prometheus' text format as far as gauges with one label go:
// what its specification allows, and nothing else.
var exposition = map[string]*regexp.Regexp{
	"# HELP": regexp.MustCompile(`^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (?:[^\\\n]|\\\\|\\n)*$`),
	"# TYPE": regexp.MustCompile(`^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) gauge$`),
	"sample": regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)\{log="((?:[^\\"\n]|\\\\|\\"|\\n)*)"\} (\S+)$`),
}

// parseExposition reads samples, and fails on what is not the format: each
// metric has HELP, TYPE and its sample, in that order, once.
func parseExposition(t *testing.T, text, label string) map[string]float64 {
	t.Helper()
	if !strings.HasSuffix(text, "\n") {
		t.Fatal("the last line does not end")
	}
	samples := map[string]float64{}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, line := range lines {
		kind := []string{"# HELP", "# TYPE", "sample"}[i%3]
		m := exposition[kind].FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("line %d is no %s: %q", i+1, kind, line)
		}
		if i%3 != 2 {
			continue
		}
		if !strings.HasPrefix(lines[i-2], "# HELP "+m[1]+" ") || !strings.HasPrefix(lines[i-1], "# TYPE "+m[1]+" ") {
			t.Errorf("%s has the HELP or TYPE of another", m[1])
		}
		if got := strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n").Replace(m[2]); got != label {
			t.Errorf("the label is %q, want %q", got, label)
		}
		value, err := strconv.ParseFloat(m[3], 64)
		if _, twice := samples[m[1]]; err != nil || twice {
			t.Errorf("line %d: %q", i+1, line)
		}
		samples[m[1]] = value
	}
	return samples
}

func TestPrometheus(t *testing.T) {
	at := time.Unix(1748617533, 250e6)
	label := "/logs/a \"b\" \\n\nc \u202e"
	write := func(a Assessment) map[string]float64 {
		var out strings.Builder
		if err := a.writePrometheus(&out, label); err != nil {
			t.Fatal(err)
		}
		return parseExposition(t, out.String(), label)
	}
	h := &Condition{
		log: &segment.Log{}, Check: Check{Records: 14400, Disk: 6252717909}, free: 73e9, quarantine: []string{"a"},
		latest: survey.Latest{LastSeq: 14400, LastTime: at, LastArrived: at, Gap: 178 * time.Second},
		notes:  segment.Status{Verified: segment.VerifyStatus{At: at, Damaged: 2}},
	}
	got := write(h.Judge(Bounds{}, at))
	for name, want := range map[string]float64{
		"histlog_up": 1, "histlog_status": 2, "histlog_records": 14400, "histlog_last_seq": 14400, "histlog_gap_seconds": 178, "histlog_stale_after_seconds": 534,
		"histlog_damaged": 2, "histlog_quarantine_files": 1, "histlog_disk_bytes": 6252717909, "histlog_disk_free_bytes": 73e9,
		"histlog_last_arrival_timestamp_seconds": 1748617533.25, "histlog_last_record_timestamp_seconds": 1748617533.25, "histlog_verified_timestamp_seconds": 1748617533.25,
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %v, want %v", name, v, want)
		}
	}
	if _, ok := got["histlog_upkeep_failed_timestamp_seconds"]; ok {
		t.Error("upkeep did not fail")
	}
	got = write(Assessment{problems: []problem{{Unknown, "no log"}}})
	if len(got) != 2 || got["histlog_up"] != 0 || got["histlog_status"] != 3 {
		t.Errorf("of a log that can't be read: %v", got)
	}
}
