package migrate

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// TestTimeRank holds the order of the names: an earlier one is preferred. A list between two
// bars has equal ranks.
func TestTimeRank(t *testing.T) {
	order := [][]string{
		{"timestamp", "@timestamp", "Timestamp", "timestampMs", "timeStamp", "__timestamp", "timestamp_unix_ms"}, {"time", "TIME", "timeUnixNano"}, {"datetime", "dateTime", "date_time"}, {"date", "Date"}, {"ts", "ts_ms"},
		{"when"}, {"at"}, {"t"}, {"epoch", "epoch_ms"}, {"day"}, {"started", "start", "logged"},
		{"eventTimestamp", "__REALTIME_TIMESTAMP"}, {"event_time", "eventTime", "startTime", "poll-time"}, {"startedDateTime"}, {"start_date", "pollDate", "pollDate_utc"}, {"started_at", "startedAt", "polled_at"}, {"occurred_on"},
		{"created", "created_utc", "published"}, {"creationTimestamp"}, {"create_time", "createdTime", "publish_time"}, {"createdDateTime"}, {"pub_date"}, {"created_at", "createdAt", "published-at"}, {"created_on", "date_created"},
		{"updated", "modified"}, {"update_time", "lastTime"}, {"updated_at", "updatedAt", "ended_at", "lastCreatedAt"}, {"last_changed", "last_seen", "last_update"},
	}
	var last timeRank
	for i, names := range order {
		for j, name := range names {
			r, ok := timeRankOf(name)
			switch {
			case !ok:
				t.Errorf("%s names no time", name)
			case j > 0 && r != last:
				t.Errorf("%s has the rank %v, %s %v", name, r, names[0], last)
			case j == 0 && i > 0 && r.compare(last) <= 0:
				t.Errorf("%s has the rank %v, not one after %v of %s", name, r, last, order[i-1])
			}
			if j == 0 {
				last = r
			}
		}
	}
	for _, name := range []string{"", "-", "n", "id", "on", "last", "update2", "candidate", "validate", "format", "what", "stats", "heat", "timeline", "elapsed_time", "responseTime", "cpu_time", "run_time", "uptime", "expires_at", "due_date", "birthDate", "date_of_birth", "valid_until", "__MONOTONIC_TIMESTAMP", "ms", "value_at_end_of_the_month"} {
		if r, ok := timeRankOf(name); ok {
			t.Errorf("%q names a time: %v", name, r)
		}
	}
}

func TestFindTimeField(t *testing.T) {
	for _, c := range []struct {
		name, records, want string
		wrapped             int
	}{
		{"the usual one", `{"ts":1748448862,"timestamp":1748448863}`, "/timestamp", 0},
		{"the usual one, in a single record", `{"ts":1748448862} {"ts":1748448862} {"ts":1748448862,"timestamp":"n/a"} {"timestamp":1748448863}`, "/timestamp", 0},
		{"a usual one that is no time", `{"ts":1748448862,"timestamp":12}`, "/ts", 0},
		{"none", `{"n":1} {"name":"x"}`, "", 0},
		{"no record", ``, "", 0},
		{"scalars", `1748448862 "2025-05-28" null`, "", 0},
		{"an empty record", `{} [] {"ts":1748448862}`, "/ts", 0},
		{"not a time's name", `{"id":1748448862}`, "", 0},
		{"not a time", `{"time":3.5,"t":"soon","at":true,"date":{"ts":[]}}`, "", 0},
		{"a duration in ns", `{"elapsed_time":1748448862}`, "", 0},
		{"a name for an event, whatever comes first", `{"updated_at":"2025-05-28","created_at":"2025-05-28","event_time":"2025-05-28"}`, "/event_time", 0},
		{"exact names first", `{"event_time":"2025-05-28","date":"2025-05-28"}`, "/date", 0},
		{"the earlier one of equal names", `{"poll_time":"2025-05-28","event_time":"2025-05-28"}`, "/poll_time", 0},
		{"a time in all that have it", `{"date":"2025-05-28","created":1748448862} {"date":"soon","created":1748448862}`, "/created", 0},
		{"null and the empty text are no value", `{"date":null} {"date":""} {"date":"2025-05-28"}`, "/date", 0},
		{"one that most records have", `{"created":1748448862,"date":null} {"created":1748448862,"date":null} {"created":1748448862,"date":"2025-05-28"}`, "/created", 0},
		{"one that few have, if there is no other", `{"n":1} {"n":1} {"date":"2025-05-28"}`, "/date", 0},
		{"one level deep", `{"id":1,"data":{"time":1748448862,"n":1}}`, "/data/time", 0},
		{"not two levels deep", `{"a":{"b":{"time":1748448862}}}`, "", 0},
		{"not in an array", `{"a":[{"time":1748448862}]}`, "", 0},
		{"a record's own before one below", `{"data":{"time":1748448862},"updated_at":1748448862}`, "/updated_at", 0},
		{"Elasticsearch", `{"_index":"x","_source":{"@timestamp":"2025-05-28T16:14:22Z","event.created":"2025-05-28T16:14:22Z"}}`, "/_source/@timestamp", 0},
		{"MongoDB", `{"_id":{"$oid":"x"},"updatedAt":{"$date":"2025-05-28T16:14:22Z"},"createdAt":{"$date":"2025-05-28T16:14:22Z"}}`, "/createdAt/$date", 0},
		{"MongoDB, canonical", `{"createdAt":{"$date":{"$numberLong":"1748448862123"}}}`, "/createdAt/$date/$numberLong", 0},
		{"MongoDB, nested", `{"createdAt":{"$date":{"$date":{"$date":"1748448862123"}}}}`, "", 0},
		{"a name that is too long", `{"` + strings.Repeat("x", longestTimeName) + `_at":1748448862}`, "", 0},
		{"a name that is a star", `{"x":1,"*":{"time":1748448862}}`, "", 0},
		{"MongoDB, another name", `{"x":{"$date":"2025-05-28T16:14:22Z"}}`, "", 0},
		{"Spotify", `{"endTime":"2025-05-28 16:14:22","msPlayed":1748448862}`, "/endTime", 0},
		{"a name to be escaped", `{"a/b~ time":"2025-05-28"}`, "/a~1b~0 time", 0},
		{"rows", `[1748448862,3.2] [1748448863,3.1]`, "/0", 0},
		{"rows without a time", `["x",1748448862]`, "", 0},
		{"rows and one that is none", `[1748448862,3.2] ["x",1]`, "", 0},
		{"a key", `{"2025-05-01":{"n":1}} {"2025-05-02":{"n":2}}`, "*", 1},
		{"a key of a number", `{"2025-05-01":1} {"2025-05-02":2}`, "*", 1},
		{"the innermost of two keys", `{"2025-05-01":{"1748448862":{"n":1}}}`, "*/*", 2},
		{"the outer one of two keys", `{"2025-05-01":{"x":{"n":1}}}`, "*", 2},
		{"a member behind a key", `{"BTC":{"at":1748448862}} {"ETH":{"at":1748448862}}`, "/*/at", 1},
		{"a better member behind a key", `{"2025-05-01":{"time":1748448862}}`, "/*/time", 1},
		{"a worse member behind a key", `{"2025-05-01":{"created_at":1748448862}}`, "*", 1},
		{"the usual one behind a key", `{"2025-05-01":{"ts":1748448862,"timestamp":1748448862}}`, "/*/timestamp", 1},
		{"rows behind a key", `{"BTC":[1748448862,1]}`, "/*/0", 1},
		{"a record with fewer keys", `{"BTC":{"at":1748448862}} {"n":1,"at":2} {"n":[],"m":[]}`, "/*/at", 1},
		{"a record without the key", `{} {"BTC":[1748448862,1]}`, "/*/0", 1},
		{"a form that needs a format", `{"n":1,"date":"28/05/25"}`, "/date", 0},
		{"the usual one of such a form", `{"date":"28/05/25","timestamp":"28/05/25"}`, "/timestamp", 0},
		{"a time before one of such a form", `{"date":"28/05/25","updated":1748448862}`, "/updated", 0},
		{"an order that is not known", `{"date":"05/06/2025"}`, "/date", 0},
		{"no date", `{"date":"31/02/2025"}`, "", 0},
		{"the last of one name", `{"ts":"x","ts":1748448862}`, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := findTimeField(values(t, c.records), c.wrapped, nil); got != c.want {
				t.Errorf("%s: got %q, want %q", c.records, got, c.want)
			}
		})
	}
}

// values returns the compact values of a text.
func values(t *testing.T, text string) (all [][]byte) {
	scan := jsonscan.NewBytes([]byte(text), jsonscan.Options{})
	for {
		if _, err := scan.Peek(); err != nil {
			return all
		}
		v, err := scan.Value(nil)
		testutil.NoError(t, err)
		all = append(all, v)
	}
}

// The work on a sample has a bound, whatever the names are.
func TestFindTimeFieldBound(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"x":0`)
	for range maxTimeNames {
		b.WriteString(`,"n":0`)
	}
	many := b.String() + `,"ts":1748448862}`
	if got := findTimeField([][]byte{[]byte(many)}, 0, nil); got != "" {
		t.Errorf("behind %d names: %s", maxTimeNames, got)
	}
	b.Reset()
	b.WriteString(`{"x":{}`)
	for i := range 2 * maxTimeCandidates {
		b.WriteString(`,"` + strings.Repeat("n", i) + `":{"at":"x"}`)
	}
	crowd := b.String() + `,"timestamp":1748448862}`
	if got := findTimeField([][]byte{[]byte(crowd)}, 0, nil); got != "/timestamp" {
		t.Errorf("behind %d candidates: %q", 2*maxTimeCandidates, got)
	}
}

// TestSample: whatever the sample is, the log has the same records and the same times, and a
// dry run tells the same.
func TestSample(t *testing.T) {
	large := `{"ts":"2025-05-28T16:14:22Z","x":"` + strings.Repeat("x", sampleBytes) + `"}`
	small := `{"ts":"2025-05-28T16:14:22Z"}`
	for _, c := range []struct {
		name    string
		records []string
	}{
		{"one", []string{small}},
		{"one that is larger than the sample", []string{large}},
		{"a large one after small ones", []string{small, small, large, small}},
		{"exactly a sample", slices.Repeat([]string{small}, sampleRecords)},
		{"one more", slices.Repeat([]string{small}, sampleRecords+1)},
		{"many", slices.Repeat([]string{small}, 100)},
	} {
		for _, source := range []string{strings.Join(c.records, "\n"), "[" + strings.Join(c.records, ",") + "]", `{"history":[` + strings.Join(c.records, ",") + `]}`} {
			p := newPlace(t)
			r := p.migrated(source, Options{Verify: VerifyRoundtrip})
			if r.TimeField != "/ts" || r.ClockTimes != 0 || r.TimeZone != nil || r.FirstTime.Year() != 2025 {
				t.Errorf("%s: %+v", c.name, r.Times)
			}
			l := p.log()
			if rule := l.Marker.TimeRule(1); rule.Field != "/ts" || l.Marker.Settings["time-field"] != "/ts" {
				t.Errorf("%s: HISTLOG has %+v and %v", c.name, rule, l.Marker.Settings)
			}
			if got := p.texts(); !slices.Equal(got, c.records) {
				t.Errorf("%s: %d records, want %d", c.name, len(got), len(c.records))
			}
			p.dir += "2"
			plan, err := DryRun(t.Context(), p.options(Options{}))
			testutil.NoError(t, err)
			if !reflect.DeepEqual(plan.Times, r.Times) {
				t.Errorf("%s: a dry run says %+v, a migration %+v", c.name, plan.Times, r.Times)
			}
			r2, err := Run(t.Context(), p.options(Options{Source: "-", Stdin: strings.NewReader(source), Records: pointerOf(t, r.RecordsAt)}))
			testutil.NoError(t, err)
			if !reflect.DeepEqual(r2.Times, r.Times) || r2.LogDigest != r.LogDigest {
				t.Errorf("%s: from a pipe %+v, from a file %+v", c.name, r2.Times, r.Times)
			}
		}
	}
}

// pointerOf returns the pointer for what a receipt says of the place of the records.
func pointerOf(t *testing.T, at string) *segment.Pointer {
	switch at {
	case "":
		return nil
	case streamName:
		at = ""
	}
	p, err := segment.ParsePointer(at)
	testutil.NoError(t, err)
	return p
}

// TestTimes counts the records whose time is missing or can't be read.
func TestTimes(t *testing.T) {
	paris := "Europe/Paris"
	for _, c := range []struct {
		name, source, field string
		want                Times
		format              string
	}{
		{"all read", `{"timestamp":"2025-05-28T16:14:22Z"}`, "", Times{TimeField: "/timestamp"}, ""},
		{"none has any", `{"n":1} {"n":2}`, "", Times{TimeField: "/timestamp", ClockTimes: 2, NoTime: 2}, ""},
		{"all kinds", `{"timestamp":"2025-05-28T16:14:22Z"} {"timestamp":null} {"timestamp":[1]} {"timestamp":"soon"} {"timestamp":true}`, "",
			Times{TimeField: "/timestamp", ClockTimes: 4, NoTime: 2, Unread: 2, UnreadTime: `"soon"`}, ""},
		{"a named field is kept", `{"timestamp":"2025-05-28T16:14:22Z"}`, "/ts", Times{TimeField: "/ts", ClockTimes: 1, NoTime: 1}, ""},
		{"without a zone", `{"timestamp":"2025-05-28T16:14:22"}`, "", Times{TimeField: "/timestamp", TimeZone: &paris}, ""},
		{"only the last one without a zone", strings.Repeat(`{"timestamp":"2025-05-28T16:14:22Z"}`, 20) + `{"timestamp":"2025-05-28"} {"n":1}`, "", Times{TimeField: "/timestamp", TimeZone: &paris, ClockTimes: 1, NoTime: 1}, ""},
		{"a long one that can't be read", `{"timestamp":"` + strings.Repeat("x", 1000) + `"}`, "", Times{TimeField: "/timestamp", ClockTimes: 1, Unread: 1, UnreadTime: `"` + strings.Repeat("x", 255)}, ""},
		{"a long one in Greek", `{"timestamp":"` + strings.Repeat("ω", 500) + `"}`, "", Times{TimeField: "/timestamp", ClockTimes: 1, Unread: 1, UnreadTime: `"` + strings.Repeat("ω", 127)}, ""},
		{"with a format", `{"timestamp":"28/05/25 16:14"} {"timestamp":"n/a"} {"timestamp":"29/05/25 00:01"}`, "", Times{TimeField: "/timestamp", TimeZone: &paris, ClockTimes: 1, Unread: 1, UnreadTime: `"n/a"`}, "%d/%m/%y %H:%M"},
		{"of a format that is not set", `{"timestamp":"n/a"} {"timestamp":"05/06/25"} {"timestamp":"28/05/25"} {"timestamp":"31/05/25"} {"timestamp":"n/a"}`, "",
			Times{TimeField: "/timestamp", ClockTimes: 5, Unread: 5, UnreadTime: `"05/06/25"`, Formats: []string{"%d/%m/%y", "%y/%m/%d"}}, ""},
		{"of another format than the one set", `{"timestamp":"2025-05-28"}`, "", Times{TimeField: "/timestamp", ClockTimes: 1, Unread: 1, UnreadTime: `"2025-05-28"`, Formats: []string{"auto"}}, "unix"},
	} {
		p := newPlace(t)
		o := Options{Settings: segment.Settings{"time-zone": paris}}
		if c.field != "" {
			o.Settings["time-field"] = c.field
		}
		if c.format != "" {
			o.Settings["time-format"] = c.format
		}
		c.want.TimeFormat = cmp.Or(c.format, "auto")
		if got := p.migrated(c.source, o).Times; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
