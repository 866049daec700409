package timezone

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// zoneData returns the rules of a zone as a file holds them.
func zoneData(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("/usr/share/zoneinfo", name))
	if err != nil {
		t.Skip("skipped: zoneinfo is missing; install the package tzdata")
	}
	return data
}

func TestZoneOfVariable(t *testing.T) {
	for _, c := range []struct {
		tz, name string
		doubt    bool
	}{
		{"", "UTC", false},
		{"UTC", "UTC", false},
		{"Etc/UTC", "UTC", false},
		{"America/New_York", "America/New_York", false},
		{":America/New_York", "America/New_York", false},
		{"posix/Asia/Tokyo", "Asia/Tokyo", false},
		{"EST5EDT", "EST5EDT", false},
		{"/usr/share/zoneinfo/Europe/Paris", "Europe/Paris", false},
		{":/usr/share/zoneinfo/right/Europe/Paris", "Europe/Paris", false},
		{"UTC0", "UTC", false},
		{"EST5", "Etc/GMT+5", false},
		{"<-03>3", "Etc/GMT+3", false},
		{"<+09>-9", "Etc/GMT-9", false},
		{"CET-1CEST,M3.5.0,M10.5.0/3", "UTC", true},
		{"Nonsense", "UTC", true},
		{"Local", "UTC", true},
		{"../../etc/passwd", "UTC", true},
		{"/nowhere/at/all", "UTC", true},
		{"5", "UTC", true},
	} {
		f := finder{tz: c.tz, isSet: true, root: "/"}
		if got := f.find(); got.Name != c.name || (got.Doubt != "") != c.doubt {
			t.Errorf("TZ=%s: got %+v, want %s, doubt %v", c.tz, got, c.name, c.doubt)
		}
	}
}

// A machine without TZ has a link to the file of a zone, a copy of one, or nothing.
func TestZoneOfFile(t *testing.T) {
	newYork, paris := zoneData(t, "America/New_York"), zoneData(t, "Europe/Paris")
	for _, c := range []struct {
		what, link string
		files      map[string][]byte
		name       string
		doubt      bool
	}{
		{"nothing", "", nil, "UTC", false},
		{"a link", "/usr/share/zoneinfo/Asia/Tokyo", nil, "Asia/Tokyo", false},
		{"a relative link", "../usr/share/zoneinfo/Asia/Tokyo", nil, "Asia/Tokyo", false},
		{"macOS", "/var/db/timezone/zoneinfo/Asia/Tokyo", nil, "Asia/Tokyo", false},
		{"a link to a copy", "/etc/mine", map[string][]byte{"etc/mine": newYork}, "America/New_York", false},
		{"a link to nothing", "/etc/mine", nil, "UTC", false},
		{"a copy", "", map[string][]byte{"etc/localtime": newYork}, "America/New_York", false},
		{"a copy beside its name", "", map[string][]byte{"etc/localtime": newYork, "etc/timezone": []byte("US/Eastern\n")}, "US/Eastern", false},
		{"a copy beside another's name", "", map[string][]byte{"etc/localtime": paris, "etc/timezone": []byte("US/Eastern\n")}, "Europe/Paris", false},
		{"a copy that only a table names", "", map[string][]byte{
			"etc/localtime": zoneData(t, "Pacific/Chatham"), "usr/share/zoneinfo/zone1970.tab": []byte("#\nNZ\t-4357-17633\tPacific/Chatham\tChatham Islands\n"),
		}, "Pacific/Chatham", false},
		{"a copy without a name", "", map[string][]byte{"etc/localtime": zoneData(t, "Pacific/Chatham")}, "UTC", true},
		{"what is no zone", "", map[string][]byte{"etc/localtime": []byte("?")}, "UTC", true},
	} {
		t.Run(c.what, func(t *testing.T) {
			root := t.TempDir()
			for name, data := range c.files {
				path := filepath.Join(root, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if c.link != "" {
				_ = os.MkdirAll(filepath.Join(root, "etc"), 0o755)
				if err := os.Symlink(c.link, filepath.Join(root, "etc/localtime")); err != nil {
					t.Fatal(err)
				}
			}
			if got := (finder{root: root}).ofFile("/etc/localtime"); got.Name != c.name || (got.Doubt != "") != c.doubt {
				t.Errorf("got %+v, want %s, doubt %v", got, c.name, c.doubt)
			}
		})
	}
}

// Each common zone is found by its rules alone, or another that has the same.
func TestCommonZones(t *testing.T) {
	from, to := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, name := range commonZones {
		loc, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		found, err := time.LoadLocation(firstAlike(commonZones, loc, from, to))
		if err != nil || !alike(found, loc, from, to) {
			t.Errorf("%s: found %v, %v", name, found, err)
		}
	}
}
