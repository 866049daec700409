package segment

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Version is the version of the format that this package writes, and the
// newest it reads.
const Version = 1

// maxMarker is far more than any HISTLOG needs.
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

	unknown map[string]json.RawMessage // members of a later version, kept
}

func newMarker(settings Settings, now time.Time) Marker {
	return Marker{
		Format: "histlog", Version: Version, Requires: []string{}, ID: uuid.New(), Role: "log", Created: now.UTC(), FirstSeq: 1,
		TimeRules: []TimeRule{{1, settings.Get("time-field"), settings.Get("time-zone")}},
		Settings:  settings,
	}
}

// TimeRule returns the rule for records from seq on.
func (m *Marker) TimeRule(seq Sequence) TimeRule {
	rule := m.TimeRules[0]
	for _, r := range m.TimeRules {
		if r.FromSeq <= seq {
			rule = r
		}
	}
	return rule
}

func readMarker(fsys FS, dir string) (Marker, error) {
	b, err := readMarkerText(fsys, dir)
	if err != nil {
		return Marker{}, err
	}
	return parseMarkerOf(dir, b)
}

// readMarkerText reads HISTLOG, whatever is in it.
func readMarkerText(fsys FS, dir string) ([]byte, error) {
	path := filepath.Join(dir, markerName)
	b, err := readFile(fsys, path, maxMarker)
	if errors.Is(err, errTooLong) {
		err = &CorruptError{Path: path, Reason: err.Error()}
	}
	return b, err
}

// parseMarkerOf is parseMarker whose errors name the file.
func parseMarkerOf(dir string, b []byte) (Marker, error) {
	path := filepath.Join(dir, markerName)
	m, err := parseMarker(b)
	var damage *CorruptError
	switch {
	case errors.As(err, &damage):
		damage.Path = path
	case err != nil:
		err = fmt.Errorf("%s: %w", path, err)
	}
	return m, err
}

// parseMarker reads a HISTLOG; a newer one is ErrVersion, anything else that is
// not one a *CorruptError.
func parseMarker(b []byte) (Marker, error) {
	var head struct {
		Format   string          `json:"format"`
		Version  int             `json:"version"`
		Requires json.RawMessage `json:"requires"`
	}
	if err := json.Unmarshal(b, &head); err != nil || head.Format != "histlog" || head.Version < 1 {
		return Marker{}, &CorruptError{Path: markerName, Reason: "this is not what histlog writes there"}
	}
	if nothing := string(head.Requires); head.Version > Version || (nothing != "" && nothing != "[]" && nothing != "null") {
		return Marker{}, fmt.Errorf("%w: version %d, requires %s; this histlog reads version %d", ErrVersion, head.Version, head.Requires, Version)
	}
	var m Marker
	if err := errors.Join(json.Unmarshal(b, &m), json.Unmarshal(b, &m.unknown)); err != nil {
		return Marker{}, &CorruptError{Path: markerName, Reason: err.Error()}
	}
	if m.FirstSeq < 1 || m.ID == uuid.Nil || len(m.TimeRules) == 0 || (m.Role != "log" && m.Role != "archive") {
		return Marker{}, &CorruptError{Path: markerName, Reason: "id, first_seq, role or time_rules are missing"}
	}
	for _, known := range []string{"format", "version", "requires", "id", "role", "created", "first_seq", "time_rules", "settings"} {
		delete(m.unknown, known)
	}
	if m.Settings == nil {
		m.Settings = Settings{}
	}
	return m, nil
}

// encode writes the marker for people to read, unknown members last.
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
	return append(b, "\n}\n"...), nil
}
