package segment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// A Log is a log as it was when it was opened for reading. Reading takes no
// lock and creates nothing; Refresh sees what was written since.
type Log struct {
	Dir      string
	Marker   Marker
	Segments []Segment       // in order; the last one is active
	Memory   int64           // the largest record that its readers may hold, in bytes; 0: any
	Conflict error           // a *CorruptError (ErrMarker) if first_seq contradicts the segments: all of them are read, and HISTLOG is not replaced
	Foreign  []*CorruptError // files with the name of a segment that are not part of the log
	fs       FS
	ctx      context.Context // nil: none
	file     markerFile
	known    map[Sequence]bool // segments that are the log's own
	knownID  uuid.UUID         // of the log whose these are
	thorough bool              // RefreshAll was called
	unsure   error             // why it is not known of some segment
}

// A Segment is one segment file of a log.
type Segment struct {
	Base   Sequence
	Path   string
	Codec  Codec
	Sealed bool
	Next   Sequence // base of the one after it; 0 for the active one
	Copy   bool     // there is another file of it, plain or compressed

	irregular bool // it is no file, and can't be read
}

// Open opens the log at dir for reading.
func Open(dir string) (*Log, error) {
	return OpenContext(context.Background(), dir, nil)
}

// OpenContext is Open on a file system of its own; nil means OS{}. Once ctx has
// ended, the methods of the Log and of its Readers return the error of ctx.
func OpenContext(ctx context.Context, dir string, fsys FS) (*Log, error) {
	if fsys == nil {
		fsys = OS{}
	}
	l := &Log{Dir: dir, fs: fsys, ctx: ctx}
	return l, l.Refresh()
}

// path returns the path of a file of the log.
func (l *Log) path(name string) string { return filepath.Join(l.Dir, name) }

// mode returns the mode of new files.
func (l *Log) mode() (fs.FileMode, error) {
	policy, err := l.Marker.Settings.Policy()
	if err != nil {
		return 0, err
	}
	return fileMode(l.fs, l.Dir, policy)
}

// FS returns the file system the log was opened on.
func (l *Log) FS() FS { return l.fs }

// RefreshAll is Refresh, and checks of every segment whether it is part of the log.
// It takes a moment for each.
func (l *Log) RefreshAll() error {
	l.thorough, l.known = true, nil
	return l.Refresh()
}

// Refresh reads HISTLOG and the directory again. A listing is not taken at one
// moment: it is believed only once two in a row agree around one HISTLOG.
func (l *Log) Refresh() error {
	const attempts = 100
	var before []Segment
	for n := range attempts {
		m, err := l.file.read(l.fs, l.Dir)
		if err != nil {
			return err
		}
		segments, err := listSegments(l.fs, l.Dir)
		if err != nil {
			return err
		}
		//mutant:read-a-directory-is-listed-once
		if n > 0 && slices.Equal(before, segments) {
			l.Marker = m
			l.separateForeign(segments)
			if len(l.Segments) == 0 {
				return &CorruptError{Kind: KindMissing, Path: l.Dir, Reason: "HISTLOG is there, but no segment"}
			}
			l.leaveRetired()
			return l.sealLast()
		}
		before = segments
	}
	return fmt.Errorf("list %s: it changes faster than it can be read", l.Dir)
}

// leaveRetired leaves the segments out that were retired and not yet removed.
//
// Retire and Archive leave first_seq at the base of a segment. Where no segment
// begins there, HISTLOG is wrong or belongs to another state of the directory,
// and nothing may be hidden or removed because of it.
func (l *Log) leaveRetired() {
	l.Conflict = nil
	first := l.Marker.FirstSeq
	i, found := slices.BinarySearchFunc(l.Segments, first, func(s Segment, seq Sequence) int { return cmp.Compare(s.Base, seq) })
	switch {
	case found:
		l.Segments = l.Segments[i:]
	//mutant:histlog-first-seq-is-believed-where-no-segment-begins
	case i > 0:
		l.Conflict = &CorruptError{Kind: KindMarkerDiffers, Path: l.path(markerName),
			Reason: fmt.Sprintf("first_seq is %d, but no segment begins there", first)}
		l.Marker.FirstSeq = l.Segments[0].Base
	}
}

// MissingOldest returns the damage of a log whose oldest records are missing: its
// first segment begins behind first_seq. nil means that they are there.
func (l *Log) MissingOldest() *CorruptError {
	//mutant:retire-a-beginning-that-is-missing-is-passed-over
	if base := l.Segments[0].Base; base > l.Marker.FirstSeq {
		return missingSegments(l.Dir, 0, l.Marker.FirstSeq, base)
	}
	return nil
}

// missingSegments is the damage that the segments of records [from, next) are
// missing, where path has them at an offset.
func missingSegments(path string, at Offset, from, next Sequence) *CorruptError {
	return &CorruptError{Kind: KindMissing, Path: path, Seq: from, Offset: at, Reason: fmt.Sprintf("missing: the segments of records %d to %d", from, next-1)}
}

// sealLast seals the last segment of an archive. What it holds its index says.
func (l *Log) sealLast() error {
	last := &l.Segments[len(l.Segments)-1]
	if l.Marker.Role != roleArchive {
		return nil
	}
	last.Sealed = true
	next, err := l.indexedUpTo(last.Base)
	last.Next = max(next, last.Base+1)
	return err
}

// indexedUpTo returns the sequence behind those that the index of a segment
// tells of; its base where it tells of none.
func (l *Log) indexedUpTo(base Sequence) (next Sequence, err error) {
	x, _, err := l.openIndex(base)
	if x == nil || err != nil {
		return base, err
	}
	x.header = header{id: l.Marker.ID, base: base}
	_, err = x.countEntries(-1)
	return base + Sequence(x.count), errors.Join(err, x.file.Close())
}

// Find returns the index in Segments of the one that holds seq, or would.
// ErrRetired and ErrNoRecord say why there is none. The active segment must be
// opened to know where it ends; an archive ends with its last segment.
func (l *Log) Find(seq Sequence) (int, error) {
	if seq < l.Marker.FirstSeq {
		return 0, l.Marker.retiredError(seq)
	}
	i, found := slices.BinarySearchFunc(l.Segments, seq, func(s Segment, seq Sequence) int { return cmp.Compare(s.Base, seq) })
	if found {
		return i, nil
	}
	if i == 0 {
		return 0, &CorruptError{Kind: KindMissing, Path: l.Dir, Seq: seq, Reason: "the segment that holds it is missing"}
	}
	if last := l.Segments[i-1]; last.Next != 0 && seq >= last.Next { // the end of an archive
		return 0, fmt.Errorf("record %d: %w: the newest one is %d", seq, ErrNoRecord, last.Next-1)
	}
	return i - 1, nil
}

// listSegments lists the segments of a directory in order.
func listSegments(fsys FS, dir string) ([]Segment, error) {
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var segments []Segment
	for _, e := range entries {
		base, suffix, ours := parseName(e.Name())
		if codec, text := codecOf(suffix); ours && text {
			segments = append(segments, Segment{Base: base, Path: filepath.Join(dir, e.Name()), Codec: codec, irregular: !e.Type().IsRegular()})
		}
	}
	slices.SortFunc(segments, compareFiles)
	return chain(withoutCopies(segments)), nil
}

// noMarkerError says what a directory is that has no HISTLOG.
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
		if e.Name() == draftName {
			return fmt.Errorf("%w at %s: %w%s", ErrNoLog, dir, ErrDraft, whoMakes(fsys, dir))
		}
		_, _, ours := parseName(e.Name())
		segments = segments || ours
	}
	if segments {
		return &CorruptError{Kind: KindMarker, Path: filepath.Join(dir, markerName), Reason: "missing, but there are segments"}
	}
	return fmt.Errorf("%w at %s", ErrNoLog, dir)
}

// whoMakes names the process that makes a log at dir, if one does.
func whoMakes(fsys FS, dir string) string {
	h, err := readLockInfo(fsys, dir)
	if err != nil || h.state() != processAlive {
		return ""
	}
	return fmt.Sprintf(", which pid %d (%s) is making", h.PID, h.Command)
}

// Quarantine lists the files in quarantine/, oldest segment first.
func (l *Log) Quarantine() ([]string, error) {
	entries, err := l.fs.ReadDir(filepath.Join(l.Dir, QuarantineName))
	if missing(err) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// Configure changes settings of the log at dir: they hold from its next
// segment on, and time field and zone for later records. An empty text takes
// a setting back to its default.
func Configure(ctx context.Context, dir string, change Settings, fsys FS) (Settings, error) {
	l, err := OpenContext(ctx, dir, fsys)
	if err != nil {
		return nil, err
	}
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
	m.Settings = m.Settings.With(change)
	for key, text := range change {
		if text == "" {
			delete(m.Settings, key)
		}
	}
	if err := change.Check(); err != nil {
		return nil, err
	}
	next, err := l.NextSeq()
	if err != nil {
		return nil, err
	}
	rule := TimeRule{next, m.Settings.Get("time-field"), m.Settings.Get("time-zone")}
	if last := m.TimeRules[len(m.TimeRules)-1]; last.Field != rule.Field || last.Zone != rule.Zone {
		m.TimeRules = append(slices.Clone(m.TimeRules), rule)
	}
	return m.Settings, l.replaceMarker(m)
}

// replaceMarker puts another HISTLOG in place, under the lock of UPKEEP. On a full
// disk the notes make room for it: who retires segments must not want any.
func (l *Log) replaceMarker(m Marker) error {
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
	err = writeMarker(l.fs, l.Dir, m, mode)
	if NoRoom(err) && l.clearStatus() == nil {
		err = writeMarker(l.fs, l.Dir, m, mode)
	}
	if err == nil {
		l.Marker = m
	}
	return err
}

// NextSeq returns the sequence after the newest record that readers see.
func (l *Log) NextSeq() (Sequence, error) {
	for {
		last := l.Segments[len(l.Segments)-1]
		r, err := l.OpenReader(last)
		if err == nil {
			return r.Next(), r.Close()
		}
		if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrRetired) {
			return 0, err
		}
		if e := l.Refresh(); e != nil {
			return 0, e
		}
		//mutant:retire-seen-as-damage-where-the-newest-went
		if l.Segments[len(l.Segments)-1].Base == last.Base { // it is the newest still
			return 0, err
		}
	}
}
