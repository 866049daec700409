package segment

import (
	"context"
	"errors"
	"slices"
)

// Configure changes settings of the log at dir. They apply from its next segment
// on, time-field, time-zone and time-format to later records. An empty text restores
// the default of a setting.
func Configure(ctx context.Context, dir string, change Settings, fsys FS) (Settings, error) {
	l, err := OpenContext(ctx, dir, fsys)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	release, err := l.lockMaintenance(ctx)
	if err != nil {
		return nil, err
	}
	settings, err := l.configure(change)
	return settings, errors.Join(err, release())
}

func (l *Log) configure(change Settings) (Settings, error) {
	if err := l.Refresh(); err != nil {
		return nil, err
	}
	m := l.Marker
	m.Settings = m.Settings.changed(change)
	// Only the change is checked: HISTLOG may have keys of a later version, which are kept.
	if err := change.Check(); err != nil {
		return nil, err
	}
	next, err := l.NextSeq()
	if err != nil {
		return nil, err
	}
	if rule := newTimeRule(next, m.Settings); !rule.reads(m.TimeRules[len(m.TimeRules)-1]) {
		m.TimeRules = append(slices.Clone(m.TimeRules), rule)
		//mutant:time-format-histlog-does-not-require-it
		m.Requires = withFeatures(m.Requires, rule.features()...)
	}
	return m.Settings, l.replaceMarker(m)
}

// replaceMarker replaces HISTLOG. The caller holds the maintenance lock. On a full disk
// the status in UPKEEP is dropped to make room: retirement, which frees space, must work
// on a full disk, too.
func (l *Log) replaceMarker(m Marker) error {
	// A HISTLOG that contradicts the segments is evidence of a mistake. Only AcceptEdit
	// replaces it, at a person's request.
	//mutant:histlog-replaced-although-it-contradicts-the-segments
	if l.Conflict != nil {
		return l.Conflict
	}
	policy, err := m.Settings.Policy()
	if err != nil {
		return err
	}
	mode, err := fileMode(l.fs, l.Dir, policy)
	if err != nil {
		return err
	}
	// A crash leaves the old HISTLOG or the new one. After an error it may be either, so
	// l.Marker stays the old one until the next Refresh.
	err = writeMarker(l.fs, l.Dir, m, mode)
	if NoRoom(err) && l.clearStatus() == nil {
		err = writeMarker(l.fs, l.Dir, m, mode)
	}
	if err != nil {
		return err
	}
	l.Marker = m
	text, err := m.encode()
	l.file = markerFile{text, m}
	return err
}
