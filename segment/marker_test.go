package segment

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
)

const goodMarker = `{"format":"histlog","version":1,"requires":[],"id":"0196ab00-0000-4000-8000-000000000001","role":"log",` +
	`"created":"2025-05-28T16:14:22Z","first_seq":1,"time_rules":[{"from_seq":1,"field":"/timestamp","zone":"UTC"}],"settings":{}}`

func TestParseMarker(t *testing.T) {
	_, err := parseMarker([]byte(goodMarker))
	testutil.NoError(t, err)
	for _, row := range []struct {
		from, to string
		want     error
	}{
		{`"version":1`, `"version":2`, ErrVersion},
		{`"version":1`, `"version":99999`, ErrVersion},
		{`"requires":[]`, `"requires":["zstd"]`, ErrVersion},
		{`"version":1,"requires":[]`, `"version":2,"requires":{"zstd":true}`, ErrVersion},
		{`"first_seq":1`, `"first_seq":"1","version":2`, ErrVersion},
		{`"version":1`, `"version":0`, ErrCorrupt},
		{`"version":1`, `"version":-1`, ErrCorrupt},
		{`"version":1`, `"version":"1"`, ErrCorrupt},
		{`"version":1,`, ``, ErrCorrupt},
		{`"format":"histlog"`, `"format":"other"`, ErrCorrupt},
		{`"format":"histlog",`, ``, ErrCorrupt},
		{`"first_seq":1`, `"first_seq":0`, ErrCorrupt},
		{`"first_seq":1`, `"first_seq":-1`, ErrCorrupt},
		{`"first_seq":1,`, ``, ErrCorrupt},
		{`"role":"log"`, `"role":"chief"`, ErrCorrupt},
		{`[{"from_seq":1,"field":"/timestamp","zone":"UTC"}]`, `[]`, ErrCorrupt},
		{`[{"from_seq":1,"field":"/timestamp","zone":"UTC"}]`, `{}`, ErrCorrupt},
		{`"id":"0196ab00-0000-4000-8000-000000000001",`, ``, ErrCorrupt},
		{`0196ab00-0000-4000-8000-000000000001`, `me`, ErrCorrupt},
		{`2025-05-28T16:14:22Z`, `yesterday`, ErrCorrupt},
		{`"settings":{}`, `"settings":{"sync":1}`, ErrCorrupt},
		{`"settings":{}}`, `"settings":{}`, ErrCorrupt},
		{`"settings":{}}`, `"settings":{}}}`, ErrCorrupt},
	} {
		text := strings.Replace(goodMarker, row.from, row.to, 1)
		if text == goodMarker {
			t.Fatalf("no %s", row.from)
		}
		_, err := parseMarker([]byte(text))
		if err == nil {
			t.Errorf("%s: accepted, want %v", row.to, row.want)
			continue
		}
		testutil.ErrorIs(t, err, row.want)
	}
	for _, text := range []string{"", "\x00", "null", "[]", "{}", "1"} {
		_, err := parseMarker([]byte(text))
		testutil.ErrorIs(t, err, ErrCorrupt)
	}
}

func TestMarkerRoundTrip(t *testing.T) {
	m, err := parseMarker([]byte(strings.Replace(goodMarker, `"settings"`, `"later":{"b":[1, 2.50e1],"a":null},"x\u0022y":"é","settings"`, 1)))
	testutil.NoError(t, err)
	b, err := m.encode()
	testutil.NoError(t, err)
	var members map[string]json.RawMessage
	testutil.NoError(t, json.Unmarshal(b, &members))
	if string(members["later"]) != `{"b":[1, 2.50e1],"a":null}` || string(members[`x"y`]) != `"é"` || len(members) != 12 {
		t.Errorf("%s", b)
	}
	again, err := parseMarker(b)
	testutil.NoError(t, err)
	c, err := again.encode()
	testutil.NoError(t, err)
	if string(b) != string(c) {
		t.Errorf("written %s, read and written again %s", b, c)
	}
}

func TestUnknownMembersSurviveConfigure(t *testing.T) {
	dir := newLog(t, 3)
	path := filepath.Join(dir, filename.Marker)
	editMarker(t, dir, `"settings": {`, `"settings": {"colour": "red", `)
	editMarker(t, dir, `"role"`, `"owner": {"name": "Ann", "n": 1e3}, "role"`)
	before := openLog(t, dir)
	_, err := Configure(t.Context(), dir, Settings{"segment-size": "2M"}, nil)
	testutil.NoError(t, err)
	if b := string(testutil.ReadFile(t, path)); !strings.Contains(b, `{"name": "Ann", "n": 1e3}`) || !strings.Contains(b, `"colour": "red"`) {
		t.Errorf("%s", b)
	}
	after := openLog(t, dir)
	if after.Marker.ID != before.Marker.ID || !after.Marker.Created.Equal(before.Marker.Created) || after.Marker.Settings["segment-size"] != "2M" {
		t.Errorf("%+v", after.Marker)
	}
	appendTexts(t, openWriter(t, dir), 4, 4)
}

func TestConfigure(t *testing.T) {
	dir := newLog(t, 3)
	for _, change := range []Settings{{"colour": "red"}, {"sync": "sometimes"}, {"mode": "x"}, {"segment-size": "1M", "time-zone": "Mars"}} {
		before := testutil.ReadFile(t, filepath.Join(dir, filename.Marker))
		if _, err := Configure(t.Context(), dir, change, nil); err == nil {
			t.Errorf("%v was accepted", change)
		}
		if string(testutil.ReadFile(t, filepath.Join(dir, filename.Marker))) != string(before) {
			t.Errorf("%v was refused, and HISTLOG changed", change)
		}
	}
	s, err := Configure(t.Context(), dir, Settings{"sync": "none", "segment-age": "1d"}, nil)
	testutil.NoError(t, err)
	if s.Get("sync") != "none" || s.Get("segment-age") != "1d" || s.Get("segment-size") != "400" {
		t.Errorf("%v", s)
	}
	_, err = Configure(t.Context(), newDir(t), Settings{"sync": "none"}, nil)
	testutil.ErrorIs(t, err, ErrNoLog)
}

// An empty text takes any setting back to its default.
func TestConfigureBackToDefault(t *testing.T) {
	values := Settings{"segment-size": "1M", "segment-age": "1d", "sync": "none", "time-field": "/t", "time-zone": "Asia/Tokyo", "time-format": "unix", "max-record": "1M", "mode": "0640"}
	for _, key := range SettingKeys() {
		t.Run(key, func(t *testing.T) {
			dir := newLog(t, 3)
			_, err := Configure(t.Context(), dir, Settings{key: values[key]}, nil)
			testutil.NoError(t, err)
			s, err := Configure(t.Context(), dir, Settings{key: ""}, nil)
			testutil.NoError(t, err)
			if got, want := s.Get(key), (Settings{}).Get(key); got != want {
				t.Errorf("%q, want the default %q", got, want)
			}
			if _, ok := openLog(t, dir).Marker.Settings[key]; ok {
				t.Error("HISTLOG has it")
			}
		})
	}
}

func TestTimeRules(t *testing.T) {
	m := Marker{TimeRules: []TimeRule{{1, "/a", "UTC", ""}, {10, "/b", "UTC", ""}, {10, "/c", "UTC", ""}, {20, "/d", "Asia/Tokyo", ""}}}
	for seq, want := range map[Sequence]string{1: "/a", 9: "/a", 10: "/c", 19: "/c", 20: "/d", 1 << 60: "/d"} {
		if got := m.TimeRule(seq).Field; got != want {
			t.Errorf("record %d: %s, want %s", seq, got, want)
		}
	}
}

func TestConfigureTimeRules(t *testing.T) {
	dir := newLog(t, 3)
	for _, row := range []struct {
		change Settings
		want   TimeRule // the last of rules many
		rules  int
	}{
		{Settings{"sync": "none"}, TimeRule{1, "/timestamp", "UTC", ""}, 1},
		{Settings{"time-field": "/timestamp"}, TimeRule{1, "/timestamp", "UTC", ""}, 1},
		{Settings{"time-field": "/at"}, TimeRule{4, "/at", "UTC", ""}, 2},
		{Settings{"time-zone": "Asia/Tokyo"}, TimeRule{4, "/at", "Asia/Tokyo", ""}, 3},
		{Settings{"time-format": "auto"}, TimeRule{4, "/at", "Asia/Tokyo", ""}, 3},
		{Settings{"time-format": "day-first"}, TimeRule{4, "/at", "Asia/Tokyo", "day-first"}, 4},
		{Settings{"time-format": ""}, TimeRule{4, "/at", "Asia/Tokyo", ""}, 5},
	} {
		_, err := Configure(t.Context(), dir, row.change, nil)
		testutil.NoError(t, err)
		rules := openLog(t, dir).Marker.TimeRules
		if len(rules) != row.rules || rules[len(rules)-1] != row.want {
			t.Errorf("%v: %v, want %v last", row.change, rules, row.want)
		}
	}
	w := openWriter(t, dir)
	appendTexts(t, w, 4, 8)
	testutil.NoError(t, w.Close())
	// The header of the segment that began after the change names the new rule.
	l := openLog(t, dir)
	for i, want := range []uint32{0, 4} {
		if got := openReader(t, l, i).index.header.rule; got != want {
			t.Errorf("segment %d: rule %d, want %d", l.Segments[i].Base, got, want)
		}
	}
}

// Changes at the same time all hold: one waits for the other.
func TestConcurrentConfigure(t *testing.T) {
	dir := newLog(t, 1)
	var wg sync.WaitGroup
	for key, value := range map[string]string{"segment-size": "1M", "segment-age": "1d", "sync": "none", "max-record": "1M"} {
		wg.Go(func() {
			if _, err := Configure(t.Context(), dir, Settings{key: value}, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if s := openLog(t, dir).Marker.Settings; s["segment-size"] != "1M" || s["segment-age"] != "1d" || s["sync"] != "none" || s["max-record"] != "1M" {
		t.Errorf("%v", s)
	}
}

// What is wrong with HISTLOG is said with its path.
func TestMarkerErrors(t *testing.T) {
	for name, content := range map[string]string{
		"empty": "", "zeros": string(make([]byte, 400)), "cut": goodMarker[:100], "too large": goodMarker + strings.Repeat(" ", maxMarker),
	} {
		dir := newLog(t, 1)
		path := filepath.Join(dir, filename.Marker)
		testutil.WriteFile(t, path, []byte(content))
		_, err := Open(dir)
		if damage := wantCorrupt(t, err); damage.Path != path {
			t.Errorf("%s: %v", name, err)
		}
	}
}
