package segment

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/testutil"
)

func TestParseSync(t *testing.T) {
	for text, want := range map[string]Sync{
		"always": {Mode: SyncAlways}, "none": {Mode: SyncNone},
		"interval=1s": {SyncInterval, time.Second}, "interval=250ms": {SyncInterval, 250 * time.Millisecond}, "interval=1ms": {SyncInterval, time.Millisecond},
		"interval=1d": {SyncInterval, 24 * time.Hour},
	} {
		got, err := parseSync(text)
		if err != nil || got != want {
			t.Errorf("parseSync(%q) = %v, %v; want %v", text, got, err, want)
		}
		if again, err := parseSync(got.String()); err != nil || again != got {
			t.Errorf("%v reads back as %v, %v", got, again, err)
		}
	}
	for _, text := range []string{"", "Always", "always ", "interval", "interval=", "interval=0s", "interval=1us", "interval=-1s", "interval=often", "never"} {
		if got, err := parseSync(text); err == nil {
			t.Errorf("parseSync(%q) = %v", text, got)
		}
	}
}

func TestDefaults(t *testing.T) {
	p, err := Settings(nil).Policy()
	testutil.NoError(t, err)
	if p.SegmentSize != 64<<20 || p.SegmentAge != 7*24*time.Hour || p.Sync.Mode != SyncAlways || p.TimeField.String() != "/timestamp" ||
		p.TimeZone.String() != "UTC" || p.MaxRecord <= 0 || p.MaxRecord > 1<<30 || p.Mode != 0 {
		t.Errorf("%+v", p)
	}
	testutil.NoError(t, Settings(nil).Check())
}

// TestLimitKeys checks that LimitKeys has the key of every setting that makes an Upkeep
// Limited, and no other key.
func TestLimitKeys(t *testing.T) {
	for _, key := range SettingKeys() {
		limits := slices.ContainsFunc([]string{"7", "7d", "7M"}, func(text string) bool {
			p, err := Settings{key: text}.Policy()
			return err == nil && p.Upkeep.Limited()
		})
		if listed := slices.Contains(LimitKeys(), key); listed != limits {
			t.Errorf("%s: limited %v, in LimitKeys %v", key, limits, listed)
		}
	}
}

func TestSettingsRefused(t *testing.T) {
	for key, values := range map[string][]string{
		"segment-size": {"0", "-1", "big"},
		"segment-age":  {"0s", "1ms", "-1d", "old"},
		"sync":         {"sometimes", "interval"},
		"time-field":   {"timestamp", "/a~2"},
		"time-zone":    {"Mars/Olympus", "EDT5"},
		"max-record":   {"0", "2G", "1073741825"},
		"mode":         {"0999", "0777", "rw-r--r--", "0400", "04644", "-1"},
	} {
		if !slices.Contains(SettingKeys(), key) {
			t.Errorf("%s is not among the keys", key)
		}
		for _, value := range values {
			err := Settings{key: value}.Check()
			if err == nil || !strings.Contains(err.Error(), key) {
				t.Errorf("%s=%q: got %v, want an error that names the key", key, value, err)
			}
		}
	}
	if err := (Settings{"colour": "red"}).Check(); err == nil || !strings.Contains(err.Error(), "colour") {
		t.Errorf("an unknown key: %v", err)
	}
	if _, err := (Settings{"colour": "red"}).Policy(); err != nil {
		t.Errorf("an unknown key in HISTLOG, of a later version: %v", err)
	}
}

// Settings for a run are checked like any other: a key that is misspelt must
// not be taken for one that holds.
func TestSettingsForARunAreChecked(t *testing.T) {
	dir := newDir(t)
	testutil.NoError(t, create(t, dir, nil).Close())
	for _, s := range []Settings{{"sync": "sometimes"}, {"segment-sise": "1M"}} {
		w, err := OpenWriter(t.Context(), dir, options(s))
		if err == nil {
			t.Errorf("%v was accepted", s)
			testutil.NoError(t, w.Close())
		}
	}
}

func TestSettingsWith(t *testing.T) {
	base := Settings{"sync": "none", "mode": "0640"}
	got := base.With(Settings{"sync": "always", "colour": "red"})
	if got.Get("sync") != "always" || got.Get("mode") != "0640" || got.Get("colour") != "red" || got.Get("segment-age") != "7d" || got.Get("x") != "" {
		t.Errorf("%v", got)
	}
	got["mode"] = "0600"
	if base.Get("sync") != "none" || base.Get("mode") != "0640" || len(base) != 2 {
		t.Errorf("With changed what it was called on: %v", base)
	}
}

func TestTimeFieldOfKeys(t *testing.T) {
	for text, ok := range map[string]bool{"*": true, "*/*": true, "/*/at": true, "/*": true, ".*.at": true, "*/at": false, "at": false} {
		if err := (Settings{"time-field": text}).Check(); (err == nil) != ok {
			t.Errorf("time-field %s: %v", text, err)
		}
	}
}
