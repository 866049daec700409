package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A zoneFinder finds the IANA name of the machine's time zone, so that a log can
// store it: the machine's own setting may change, the log's times must not.
type zoneFinder struct {
	tz    string // the environment's TZ
	isSet bool   // TZ is there, perhaps empty
	root  string // of the machine's files; tests have their own
	local *time.Location
}

func thisMachine() zoneFinder {
	tz, isSet := os.LookupEnv("TZ")
	return zoneFinder{tz: tz, isSet: isSet, root: "/", local: time.Local}
}

// A zoneName is the name of a zone. doubt says why another zone may be meant;
// "" means none.
type zoneName struct{ name, doubt string }

const utcName = "UTC"

// find returns the machine's zone, which is UTC if it has no name.
func (z zoneFinder) find() zoneName {
	switch {
	case z.isSet:
		return z.ofVariable()
	case runtime.GOOS == "windows":
		now := time.Now()
		if name := firstAlike(commonZones, z.local, now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0)); name != "" {
			return zoneName{name: name}
		}
		return zoneName{utcName, "this machine's time zone has no known name"}
	}
	return z.ofFile("/etc/localtime")
}

// ofVariable reads TZ as the C library does: a name, a file, or a POSIX rule, of
// which only those without daylight saving time have a name.
func (z zoneFinder) ofVariable() zoneName {
	tz := strings.TrimPrefix(z.tz, ":")
	switch name := zoneCalled(tz); {
	case tz == "":
		return zoneName{name: utcName}
	case name != "":
		return zoneName{name: name}
	case filepath.IsAbs(tz):
		return z.ofFile(tz)
	}
	if name := fixedZone(tz); name != "" {
		return zoneName{name: name}
	}
	return zoneName{utcName, fmt.Sprintf("TZ=%s names no time zone that is known", z.tz)}
}

// fixedZone returns the name of a POSIX rule with one offset, such as UTC0 or
// <-03>3; "" for any other text.
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
		return utcName
	}
	return zoneCalled("Etc/GMT" + sign + hours)
}

// zoneCalled returns the name under which a zone is stored; "" means there is none
// of that name.
func zoneCalled(name string) string {
	for _, prefix := range []string{"posix/", "right/"} { // the same zones once more
		name = strings.TrimPrefix(name, prefix)
	}
	loc, err := time.LoadLocation(name)
	switch {
	case err != nil || name == "" || name == "Local" || name == "localtime" || name == "posixrules":
		return ""
	case slices.Contains([]string{"UTC", "UCT", "Universal", "Zulu"}, strings.TrimPrefix(name, "Etc/")):
		return utcName
	}
	return loc.String()
}

// ofFile returns the zone of a file such as /etc/localtime: a link to the file of
// a zone, or a copy of one.
func (z zoneFinder) ofFile(path string) zoneName {
	at := path
	for range 8 { // links
		if _, name, ok := strings.Cut(at, "zoneinfo/"); ok {
			if name := zoneCalled(name); name != "" {
				return zoneName{name: name}
			}
		}
		to, err := os.Readlink(filepath.Join(z.root, at))
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(at), to)
		}
		at = to
	}
	data, err := os.ReadFile(filepath.Join(z.root, at))
	if os.IsNotExist(err) && !z.isSet {
		return zoneName{name: utcName} // as for every program on the machine
	}
	if err != nil {
		return zoneName{utcName, fmt.Sprintf("the time zone in %s can't be read", path)}
	}
	loc, err := time.LoadLocationFromTZData("", data)
	if err != nil {
		return zoneName{utcName, path + " holds no time zone"}
	}
	if name := z.nameOf(loc); name != "" {
		return zoneName{name: name}
	}
	return zoneName{utcName, "the time zone in " + path + " is none that has a name"}
}

// nameOf returns the name of a zone of which only the rules are known: the one in
// /etc/timezone if that has the same rules, or the first that has.
func (z zoneFinder) nameOf(loc *time.Location) string {
	var names []string
	if text, err := os.ReadFile(filepath.Join(z.root, "etc/timezone")); err == nil {
		names = append(names, zoneCalled(strings.TrimSpace(string(text))))
	}
	names = append(names, commonZones...)
	for _, table := range []string{"zone1970.tab", "zone.tab"} {
		text, err := os.ReadFile(filepath.Join(z.root, "usr/share/zoneinfo", table))
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

// firstAlike returns the first of the names whose zone has the offsets of loc all
// the time between from and to.
func firstAlike(names []string, loc *time.Location, from, to time.Time) string {
	i := slices.IndexFunc(names, func(name string) bool {
		named, err := time.LoadLocation(name)
		return name != "" && err == nil && alike(named, loc, from, to)
	})
	if i < 0 {
		return ""
	}
	return zoneCalled(names[i])
}

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

// commonZones are tried first where only the rules of a zone are known.
var commonZones = []string{
	"UTC", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Phoenix", "America/Anchorage", "Pacific/Honolulu",
	"America/Halifax", "America/St_Johns", "America/Sao_Paulo", "America/Argentina/Buenos_Aires", "America/Bogota", "America/Mexico_City",
	"Europe/London", "Europe/Lisbon", "Europe/Paris", "Europe/Athens", "Europe/Istanbul", "Europe/Moscow",
	"Africa/Lagos", "Africa/Johannesburg", "Africa/Cairo", "Asia/Jerusalem", "Asia/Dubai", "Asia/Karachi", "Asia/Kolkata", "Asia/Dhaka", "Asia/Bangkok",
	"Asia/Shanghai", "Asia/Tokyo", "Australia/Perth", "Australia/Brisbane", "Australia/Sydney", "Pacific/Auckland",
}
