package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/histlog/histlog/internal/recordtime"
	"github.com/histlog/histlog/internal/seekable"
	"github.com/histlog/histlog/internal/size"
	"github.com/histlog/histlog/internal/timespec"
)

// Settings hold the settings of a log as text, by the keys of SettingKeys. A missing key
// means the default. Keys that this version does not know are kept.
//
// The default of time-zone is UTC on every machine. A program that wants the zone of its
// machine must set it by name, as the command does for new logs. On a machine without
// zoneinfo the program must import time/tzdata.
type Settings map[string]string

// Policy holds the values of Settings.
type Policy struct {
	SegmentSize int64 // bytes of plain text
	SegmentAge  time.Duration
	Sync        Sync
	TimeField   *Pointer
	TimeZone    *time.Location
	TimeFormat  *recordtime.Format // nil: auto
	MaxRecord   int64              // bytes of a compact record
	Mode        fs.FileMode        // of new files; 0: the directory's
	Upkeep      Upkeep
}

// Upkeep says when sealed segments are compressed and retired.
type Upkeep struct {
	CompressAfter time.Duration // age at which a segment is compressed; or Never
	Codec         Codec
	MergeSize     int64         // small segments are merged into segments of at most so many bytes of text; 0: they are not
	MaxRecords    uint64        // retire the oldest segments while so many records stay; 0 means no limit
	MaxAge        time.Duration // age at which segments are retired; 0 means no limit
	MaxBytes      int64         // retire the oldest segments while so many bytes stay; 0 means no limit
	ArchiveTo     string        // directory that retired segments are moved to; "": they are deleted
	Manual        bool          // no background maintenance; only the compact and prune commands do it
}

// LimitKeys are the keys of the settings that limit how much a log keeps, as MaxRecords,
// MaxAge and MaxBytes of Upkeep.
func LimitKeys() []string { return []string{"max-records", "max-age", "max-bytes"} }

// Limited reports whether a limit is set, so that segments may be retired.
func (u Upkeep) Limited() bool { return u.MaxRecords > 0 || u.MaxAge > 0 || u.MaxBytes > 0 }

// Never is longer than any other duration.
const Never = time.Duration(math.MaxInt64)

// maxRecord is the largest record that the format allows.
const maxRecord = 1 << 30

// A setting is one key: its default, its description, and a function that reads its text
// into a Policy.
type setting struct {
	key, fallback, about string
	apply                func(p *Policy, text string) error
}

var settingTable = []setting{
	{"segment-size", "64M", "size of the text at which a segment is sealed and the next one begun", func(p *Policy, s string) (err error) {
		p.SegmentSize, err = size.Parse(s)
		return atLeast(p.SegmentSize, 1, err)
	}},
	{"segment-age", "7d", "age at which a segment is sealed, whatever its size", func(p *Policy, s string) (err error) {
		p.SegmentAge, err = timespec.ParseDuration(s)
		return atLeast(int64(p.SegmentAge), int64(time.Second), err)
	}},
	{"sync", "always", "when a record is acknowledged: after an fsync, after one fsync for all records of an interval, or after the write: " + syncForms, func(p *Policy, s string) (err error) {
		p.Sync, err = parseSync(s)
		return err
	}},
	{"time-field", "/timestamp", "JSON pointer to a record's own time; a token * is the first member, and * alone its key", func(p *Policy, s string) (err error) {
		p.TimeField, err = ParseTimeField(s)
		return err
	}},
	{"time-zone", "UTC", "zone of times that name none; append --create and migrate set the machine's", func(p *Policy, s string) (err error) {
		if s == "Local" {
			return errors.New("name a zone: this machine's own may change")
		}
		p.TimeZone, err = time.LoadLocation(s)
		return err
	}},
	{"time-format", "auto", "how times are written: auto; unix, unix-ms, unix-us, unix-ns; day-first, month-first; or a pattern like %d/%m/%Y %H:%M", func(p *Policy, s string) (err error) {
		p.TimeFormat, err = recordtime.ParseFormat(s)
		return err
	}},
	{"max-record", "256M", "size of the largest record without white space, at most 1GiB", func(p *Policy, s string) (err error) {
		p.MaxRecord, err = size.Parse(s)
		// Readers take a longer record for a damaged entry.
		if err == nil && p.MaxRecord > maxRecord {
			err = errors.New("at most 1GiB")
		}
		return atLeast(p.MaxRecord, 1, err)
	}},
	{"compress-after", "24h", "age at which a sealed segment is compressed; never: segments are not compressed", func(p *Policy, s string) (err error) {
		if p.Upkeep.CompressAfter = Never; s != "never" {
			p.Upkeep.CompressAfter, err = timespec.ParseDuration(s)
		}
		return err
	}},
	{"merge", "auto", "auto: small segments that arrived on one day (UTC) are merged, up to segment-size, when they may be compressed; never: they are not", func(p *Policy, s string) error {
		if s != "auto" && s != "never" {
			return errors.New("want auto or never")
		}
		if p.Upkeep.MergeSize = 0; s == "auto" {
			p.Upkeep.MergeSize = p.SegmentSize // which is set: its row is an earlier one
		}
		return nil
	}},
	{"codec", "zstd", "codec for compression: " + seekable.Names(), func(p *Policy, s string) (err error) {
		p.Upkeep.Codec, err = seekable.ParseCodec(s)
		return err
	}},
	{"max-records", "", "retire the oldest segments while at least this many records stay", func(p *Policy, s string) (err error) {
		if s != "" {
			p.Upkeep.MaxRecords, err = strconv.ParseUint(s, 10, 64)
			// The limit is unsigned; a value above the largest int64 must not become negative
			// here.
			return atLeast(int64(min(p.Upkeep.MaxRecords, math.MaxInt64)), 1, err)
		}
		return nil
	}},
	{"max-age", "", "age at which segments are retired", func(p *Policy, s string) (err error) {
		if s != "" {
			p.Upkeep.MaxAge, err = timespec.ParseDuration(s)
			return atLeast(int64(p.Upkeep.MaxAge), int64(time.Second), err)
		}
		return nil
	}},
	{"max-bytes", "", "retire the oldest segments while at least this many bytes on disk stay", func(p *Policy, s string) (err error) {
		if s != "" {
			p.Upkeep.MaxBytes, err = size.Parse(s)
			return atLeast(p.Upkeep.MaxBytes, 1, err)
		}
		return nil
	}},
	{"archive-to", "", "directory to which retired segments are moved; without it they are deleted", func(p *Policy, s string) error {
		p.Upkeep.ArchiveTo = s
		return nil
	}},
	{"maintain", "auto", "auto: append starts maintenance by itself; manual: it does not", func(p *Policy, s string) error {
		if p.Upkeep.Manual = s == "manual"; s != "manual" && s != "auto" {
			return errors.New("want auto or manual")
		}
		return nil
	}},
	{"mode", "", "octal mode of new files, such as 0640; without it, the directory's", func(p *Policy, s string) error {
		if s == "" {
			return nil
		}
		n, err := strconv.ParseUint(s, 8, 32)
		// Without the owner's two bits the next writer could not open the files of this one.
		if err != nil || n&^0o666 != 0 || n&0o600 != 0o600 {
			return errors.New("want an octal file mode such as 0640")
		}
		p.Mode = fs.FileMode(n)
		return nil
	}},
}

func atLeast(n, least int64, err error) error {
	if err == nil && n < least {
		return errors.New("too small")
	}
	return err
}

// SettingKeys returns the keys in the order in which they are shown.
func SettingKeys() []string {
	keys := make([]string, len(settingTable))
	for i, s := range settingTable {
		keys[i] = s.key
	}
	return keys
}

// SettingAbout returns the description of a key, one line; "" if the key is unknown.
func SettingAbout(key string) string {
	for _, e := range settingTable {
		if e.key == key {
			return e.about
		}
	}
	return ""
}

// Get returns the value of a key, or its default.
func (s Settings) Get(key string) string {
	if text, ok := s[key]; ok {
		return text
	}
	for _, e := range settingTable {
		if e.key == key {
			return e.fallback
		}
	}
	return ""
}

// With returns a copy of s in which the settings of over hold.
func (s Settings) With(over Settings) Settings {
	c := maps.Clone(s)
	if c == nil {
		c = Settings{}
	}
	maps.Copy(c, over)
	return c
}

// changed returns a copy of s with a change, in which an empty text means the default.
func (s Settings) changed(change Settings) Settings {
	c := s.With(change)
	maps.DeleteFunc(c, func(key, text string) bool {
		_, given := change[key]
		return given && text == ""
	})
	return c
}

// Check returns an error for a key that is unknown and for a value that its key does not
// accept. An empty text means the default.
func (s Settings) Check() error {
	known := SettingKeys()
	for _, key := range slices.Sorted(maps.Keys(s)) {
		if !slices.Contains(known, key) {
			return fmt.Errorf("unknown setting %q (known: %s)", key, strings.Join(known, ", "))
		}
	}
	// A copy, because s is the caller's.
	set := s.With(nil)
	maps.DeleteFunc(set, func(_, text string) bool { return text == "" })
	_, err := set.Policy()
	return err
}

// Policy returns the values of all settings. The error names the key whose text is
// invalid.
func (s Settings) Policy() (Policy, error) {
	var p Policy
	for _, e := range settingTable {
		// The first error ends the loop: a part of the settings is not a policy.
		if err := e.apply(&p, s.Get(e.key)); err != nil {
			return Policy{}, fmt.Errorf("setting %s=%s: %w", e.key, s.Get(e.key), err)
		}
	}
	return p, nil
}
