// Package timezone finds the IANA name of this machine's time zone: from TZ, from
// /etc/localtime, or by comparing its rules with those of the known zones. A log
// stores the name, because the machine's setting may change and the times of the
// records must not.
package timezone

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A finder finds the name of a machine's time zone.
type finder struct {
	tz    string // the environment variable TZ
	isSet bool   // TZ is set, perhaps to ""
	root  string // root directory of the machine; tests have their own
	local *time.Location
}

func thisMachine() finder {
	tz, isSet := os.LookupEnv("TZ")
	return finder{tz: tz, isSet: isSet, root: "/", local: time.Local}
}

// A Zone is a time zone that has an IANA name.
type Zone struct {
	Name  string
	Doubt string // why the machine may be in another zone; "" means it is not
}

// UTC is the name of the zone UTC.
const UTC = "UTC"

// Find returns the zone of this machine. It is UTC, with a Doubt, if no name was found.
func Find() Zone { return thisMachine().find() }

// UnknownTZ returns the environment variable TZ if it is set but names no known zone.
// Go then uses UTC without a warning.
func UnknownTZ() (tz string, unknown bool) {
	f := thisMachine()
	if !f.isSet || f.local.String() != UTC {
		return "", false
	}
	zone := f.find()
	return f.tz, zone.Doubt != "" || zone.Name != UTC
}

func (f finder) find() Zone {
	switch {
	case f.isSet:
		return f.ofVariable()
	case runtime.GOOS == "windows":
		now := time.Now()
		if name := firstAlike(commonZones, f.local, now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0)); name != "" {
			return Zone{Name: name}
		}
		return Zone{UTC, "this machine's time zone has no known name"}
	}
	return f.ofFile("/etc/localtime")
}

// ofVariable interprets TZ as the C library does: as a name, a file, or a POSIX rule.
// Only rules without daylight saving time have a name.
func (f finder) ofVariable() Zone {
	tz := strings.TrimPrefix(f.tz, ":")
	switch name := canonicalName(tz); {
	case tz == "":
		return Zone{Name: UTC}
	case name != "":
		return Zone{Name: name}
	case filepath.IsAbs(tz):
		return f.ofFile(tz)
	}
	if name := fixedZone(tz); name != "" {
		return Zone{Name: name}
	}
	return Zone{UTC, fmt.Sprintf("TZ=%s names no known time zone", f.tz)}
}

// fixedZone returns the name of a POSIX rule with a single offset, such as UTC0 or
// <-03>3, and "" for any other text.
func fixedZone(tz string) string {
	digits := strings.TrimLeft(tz, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	if quoted, rest, ok := strings.Cut(tz, ">"); ok && strings.HasPrefix(quoted, "<") {
		digits = rest
	} else if len(tz)-len(digits) < 3 {
		return ""
	}
	sign := "+" // POSIX and Etc/GMT both count hours west of Greenwich
	if strings.HasPrefix(digits, "-") {
		sign = "-"
	}
	hours := strings.TrimLeft(strings.TrimLeft(digits, "+-"), "0")
	if digits != "" && hours == "" {
		return UTC
	}
	return canonicalName("Etc/GMT" + sign + hours)
}

// canonicalName returns the name under which the named zone is stored, "" if there is
// no such zone.
func canonicalName(name string) string {
	for _, prefix := range []string{"posix/", "right/"} { // copies of the same zones
		name = strings.TrimPrefix(name, prefix)
	}
	loc, err := time.LoadLocation(name)
	switch {
	case err != nil || name == "" || name == "Local" || name == "localtime" || name == "posixrules":
		return ""
	case slices.Contains([]string{"UTC", "UCT", "Universal", "Zulu"}, strings.TrimPrefix(name, "Etc/")):
		return UTC
	}
	return loc.String()
}

// ofFile returns the zone of a file such as /etc/localtime, which is a link to the
// file of a zone or a copy of it.
func (f finder) ofFile(path string) Zone {
	at := path
	for range 8 { // links
		if _, name, ok := strings.Cut(at, "zoneinfo/"); ok {
			if name := canonicalName(name); name != "" {
				return Zone{Name: name}
			}
		}
		to, err := os.Readlink(filepath.Join(f.root, at))
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(at), to)
		}
		at = to
	}
	data, err := os.ReadFile(filepath.Join(f.root, at))
	if os.IsNotExist(err) && !f.isSet {
		return Zone{Name: UTC} // the default of the C library
	}
	if err != nil {
		return Zone{UTC, fmt.Sprintf("the time zone in %s can't be read", path)}
	}
	loc, err := time.LoadLocationFromTZData("", data)
	if err != nil {
		return Zone{UTC, path + " holds no time zone"}
	}
	if name := f.nameOf(loc); name != "" {
		return Zone{Name: name}
	}
	return Zone{UTC, "the time zone in " + path + " is none that has a name"}
}

// nameOf returns the name of a zone with the rules of loc: the one in /etc/timezone if
// it has them, else the first known zone that has.
func (f finder) nameOf(loc *time.Location) string {
	var names []string
	if text, err := os.ReadFile(filepath.Join(f.root, "etc/timezone")); err == nil {
		names = append(names, canonicalName(strings.TrimSpace(string(text))))
	}
	names = append(names, commonZones...)
	for _, table := range []string{"zone1970.tab", "zone.tab"} {
		text, err := os.ReadFile(filepath.Join(f.root, "usr/share/zoneinfo", table))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if fields := strings.Fields(line); len(fields) > 2 && !strings.HasPrefix(line, "#") {
				names = append(names, fields[2])
			}
		}
	}
	return firstAlike(names, loc, time.Unix(0, 0).AddDate(30, 0, 0), time.Now().AddDate(1, 0, 0))
}

// firstAlike returns the first name whose zone has the same offsets as loc between
// from and to, or "".
func firstAlike(names []string, loc *time.Location, from, to time.Time) string {
	i := slices.IndexFunc(names, func(name string) bool {
		named, err := time.LoadLocation(name)
		return name != "" && err == nil && alike(named, loc, from, to)
	})
	if i < 0 {
		return ""
	}
	return canonicalName(names[i])
}

// alike compares the offsets of two zones every five days.
func alike(a, b *time.Location, from, to time.Time) bool {
	const step = 5 * 24 * time.Hour
	for t := from; t.Before(to); t = t.Add(step) {
		_, x := t.In(a).Zone()
		_, y := t.In(b).Zone()
		if x != y {
			return false
		}
	}
	return true
}

// commonZones are tried first if only the rules of a zone are known.
var commonZones = []string{
	"UTC", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Phoenix", "America/Anchorage", "Pacific/Honolulu",
	"America/Halifax", "America/St_Johns", "America/Sao_Paulo", "America/Argentina/Buenos_Aires", "America/Bogota", "America/Mexico_City",
	"Europe/London", "Europe/Lisbon", "Europe/Paris", "Europe/Athens", "Europe/Istanbul", "Europe/Moscow",
	"Africa/Lagos", "Africa/Johannesburg", "Africa/Cairo", "Asia/Jerusalem", "Asia/Dubai", "Asia/Karachi", "Asia/Kolkata", "Asia/Dhaka", "Asia/Bangkok",
	"Asia/Shanghai", "Asia/Tokyo", "Australia/Perth", "Australia/Brisbane", "Australia/Sydney", "Pacific/Auckland",
}
