package segment

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/vfs"
)

// Version is the version of the format that this package writes, and the
// newest it reads.
const Version = 1

// The roles of a log. An archive is only read: all of its segments are sealed.
const (
	roleLog     = "log"
	roleArchive = "archive"
)

// maxMarker is the largest HISTLOG that is read, in bytes. It is far more than any needs.
const maxMarker = 1 << 20

// Marker is the content of HISTLOG: what makes a directory a log.
type Marker struct {
	Format    string     `json:"format"` // "histlog"
	Version   int        `json:"version"`
	Requires  []string   `json:"requires"` // features without which the log can't be read
	ID        uuid.UUID  `json:"id"`
	Role      string     `json:"role"` // "log" or "archive"
	Created   time.Time  `json:"created"`
	FirstSeq  Sequence   `json:"first_seq"` // oldest sequence that retention has left
	TimeRules []TimeRule `json:"time_rules"`
	Settings  Settings   `json:"settings"`
	Restamp   uuid.UUID  `json:"restamp,omitzero"` // see Restamping; zero means none

	unknown map[string]json.RawMessage // members of a later version, kept
}

func newMarker(settings Settings, now time.Time) Marker {
	rule := newTimeRule(1, settings)
	return Marker{
		Format: "histlog", Version: Version, ID: uuid.New(), Role: roleLog, Created: now.UTC(), FirstSeq: 1,
		//mutant:time-format-a-new-histlog-does-not-require-it
		Requires:  append([]string{}, rule.features()...),
		TimeRules: []TimeRule{rule},
		Settings:  settings,
	}
}

// TimeRule returns the rule for records from seq on.
func (m *Marker) TimeRule(seq Sequence) TimeRule {
	return ruleAt(m.TimeRules, seq)
}

// Restamping reports whether a Restamp of the log is not complete: it is running, or it was
// interrupted, or it has found damage. Times of some segments may be those of earlier rules.
func (m *Marker) Restamping() bool { return m.Restamp != uuid.Nil }

// retiredError returns the error for a record that was retired. It names the oldest one left.
func (m *Marker) retiredError(seq Sequence) error {
	return fmt.Errorf("record %d: %w: the oldest one left is %d", seq, ErrRetired, m.FirstSeq)
}

// markerFile is HISTLOG as it was read last.
type markerFile struct {
	text   []byte
	marker Marker
}

// read reads HISTLOG again, and parses it if it has changed. If there is no HISTLOG, the error
// is that of noMarkerError.
func (f *markerFile) read(fsys FS, dir string) (Marker, error) {
	path := filepath.Join(dir, filename.Marker)
	text, err := readMarker(fsys, dir)
	switch {
	case errors.Is(err, vfs.ErrTooLong):
		return Marker{}, &CorruptError{Kind: KindMarker, Path: path, Reason: err.Error()}
	case err != nil:
		return Marker{}, err
	// The bytes are compared and not the file's time, because two replacements may have the
	// same time.
	case f.text != nil && bytes.Equal(text, f.text):
		return f.marker, nil
	}
	m, err := parseMarker(text)
	var damage *CorruptError
	switch {
	case errors.As(err, &damage):
		damage.Path = path
		return m, err
	case err != nil:
		return m, fmt.Errorf("%s: %w", path, err)
	}
	// Only a valid text is remembered, so that a damaged one is an error each time that it is
	// read.
	f.text, f.marker = text, m
	return m, nil
}

// readMarker reads the bytes of HISTLOG. If there is no HISTLOG, the error is that of
// noMarkerError. A log may be published between reading HISTLOG and listing the directory, and
// a listing is not atomic. So readMarker reports segments without HISTLOG only if it has seen
// that several times.
func readMarker(fsys FS, dir string) (text []byte, err error) {
	//mutant:read-a-single-check-decides-that-histlog-is-missing
	const checks = 3
	for range checks {
		if text, err = vfs.ReadFile(fsys, filepath.Join(dir, filename.Marker), maxMarker); !missing(err) {
			return text, err
		}
		if err = noMarkerError(fsys, dir); !errors.Is(err, ErrCorrupt) {
			return nil, err
		}
	}
	return nil, err
}

// parseMarker reads a HISTLOG whose checksum, if it has one, must hold. A newer
// HISTLOG is ErrVersion; any other text is a *CorruptError.
func parseMarker(b []byte) (Marker, error) {
	//mutant:histlog-its-checksum-is-not-compared
	if err := checkMarkerSum(b); err != nil {
		return Marker{}, err
	}
	return decodeMarker(b)
}

// supported reports whether this version knows all that a HISTLOG requires.
func supported(requires json.RawMessage) bool {
	var names []string
	// A text that is not a list of names comes from a later version, and so requires what this
	// one does not know.
	if requires != nil && json.Unmarshal(requires, &names) != nil {
		return false
	}
	known := features()
	return !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(known, name) })
}

// decodeMarker reads a HISTLOG without regard to its checksum.
func decodeMarker(b []byte) (Marker, error) {
	var members map[string]json.RawMessage
	var format string
	var version int
	if json.Unmarshal(b, &members) != nil || json.Unmarshal(members["format"], &format) != nil || json.Unmarshal(members["version"], &version) != nil ||
		format != "histlog" || version < 1 || !utf8.Valid(b) {
		return Marker{}, &CorruptError{Kind: KindMarker, Path: filename.Marker, Reason: "this is not what histlog writes there"}
	}
	// Checked before the other members are decoded: a later version may give them other types,
	// and its HISTLOG is newer, not damaged.
	if requires := string(members["requires"]); version > Version || !supported(members["requires"]) {
		return Marker{}, fmt.Errorf("%w: version %d, requires %s; this histlog reads version %d", ErrVersion, version, requires, Version)
	}
	m := Marker{unknown: members}
	if err := json.Unmarshal(b, &m); err != nil {
		return Marker{}, &CorruptError{Kind: KindMarker, Path: filename.Marker, Reason: err.Error()}
	}
	// TimeRule takes the first rule without a check, and index entries are verified with the
	// id.
	if m.FirstSeq < 1 || m.ID == uuid.Nil || len(m.TimeRules) == 0 || (m.Role != roleLog && m.Role != roleArchive) {
		return Marker{}, &CorruptError{Kind: KindMarker, Path: filename.Marker, Reason: "id, first_seq, role or time_rules are missing"}
	}
	// encode writes the rest back: this version must not drop what a later one has added.
	for _, known := range []string{"format", "version", "requires", "id", "role", "created", "first_seq", "time_rules", "settings", "restamp", sumName} {
		delete(m.unknown, known)
	}
	if m.Settings == nil {
		m.Settings = Settings{}
	}
	return m, nil
}

// encode returns the text of HISTLOG, indented for people: the known members, then the
// unknown ones, then the checksum.
func (m Marker) encode() ([]byte, error) {
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	b = b[:len(b)-2] // "\n}"
	for _, name := range slices.Sorted(maps.Keys(m.unknown)) {
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		b = fmt.Appendf(b, ",\n  %s: %s", key, m.unknown[name])
	}
	return appendSum(b), nil
}

// noMarkerError returns the error for a directory without HISTLOG: ErrNoLog, ErrDraft, or
// a *CorruptError if there are segments.
func noMarkerError(fsys FS, dir string) error {
	entries, err := fsys.ReadDir(dir)
	if missing(err) {
		return fmt.Errorf("%w at %s", ErrNoLog, dir)
	}
	if err != nil {
		return err
	}
	segments := false
	for _, e := range entries {
		// Segments beside it are those of the log that is being made, and no damage.
		if e.Name() == filename.Draft {
			return fmt.Errorf("%w at %s: %w%s", ErrNoLog, dir, ErrDraft, whoMakes(fsys, dir))
		}
		_, _, ours := parseName(e.Name())
		segments = segments || ours
	}
	if segments {
		return &CorruptError{Kind: KindMarker, Path: filepath.Join(dir, filename.Marker), Reason: "missing, but there are segments"}
	}
	return fmt.Errorf("%w at %s", ErrNoLog, dir)
}

// whoMakes names the process that makes a log at dir, if one does.
func whoMakes(fsys FS, dir string) string {
	h, err := readLockInfo(fsys, dir)
	// A process that has ended left its draft; the next command that makes a log there removes
	// the draft.
	if err != nil || h.state() != processAlive {
		return ""
	}
	return fmt.Sprintf(", which pid %d (%s) is making", h.PID, h.Command)
}

// writeMarker replaces HISTLOG with a rename: after a crash the old one is there or the
// new one, each complete.
func writeMarker(fsys FS, dir string, m Marker, mode os.FileMode) error {
	b, err := m.encode()
	if err != nil {
		return err
	}
	return vfs.ReplaceFile(fsys, filepath.Join(dir, filename.Marker), b, mode)
}
