package segment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/google/uuid"
	"github.com/histlog/histlog/internal/vfs"
)

// A Log is the state of a log at the time of Open or the last Refresh. Reading takes no
// lock and creates no file.
type Log struct {
	Dir       string
	Marker    Marker
	Segments  []Segment       // in order; the last one is active
	Memory    int64           // maximum bytes of a record that the log's readers hold; 0 means no limit
	Conflict  error           // a *CorruptError (ErrMarker) if first_seq contradicts the segments: all of them are read, and HISTLOG is not replaced
	Foreign   []*CorruptError // files with the name of a segment that are not part of the log
	partsOnly bool            // segments are read that a merged one supersedes
	fs        FS              // holds Dir open, if it is OS
	release   func() error    // closes the directory; nil means that it is not held
	locked    bool            // the maintenance lock is held, so Dir must not be opened again
	ctx       context.Context // nil means that nothing cancels reading
	file      markerFile
	known     []Sequence // bases of the segments that were found to be the log's own, ascending
	knownID   uuid.UUID  // the id in HISTLOG when known was filled
	thorough  bool       // RefreshAll was called
	source    string     // prefix of the names in origin/; see WithOrigin
	unsure    error      // why some segments could not be checked; nil means that all were
}

// A Segment is one segment file of a log.
type Segment struct {
	Base   Sequence
	Path   string
	Codec  Codec
	Sealed bool
	Next   Sequence // base of the next segment; 0 for the active one
	Copy   bool     // the segment has another file, plain or compressed
	End    Sequence // last record, by the name of a segment that was merged from smaller ones; 0 for any other

	supersedes Sequence // its index proves that it holds the records up to here, and other files claim some of them; 0: none do
	irregular  bool     // Path is not a regular file, and is never read
}

// Supersedes reports whether files are still there of segments that this one was merged
// from. Merge removes them.
func (s Segment) Supersedes() bool { return s.supersedes != 0 }

// hides reports whether the segment supersedes a file of another stem.
func (s Segment) hides(n stem) bool {
	//mutant:merge-a-name-without-a-proof-supersedes-files
	return n != s.stem() && s.Base <= n.base && max(n.base, n.end) <= s.supersedes
}

// active reports whether a writer may be writing the segment. It never writes a compressed
// segment or a merged one, even if the segments after it are lost.
func (s Segment) active() bool { return !s.Sealed && s.Codec == Plain && s.End == 0 }

// Open opens the log at dir for reading.
func Open(dir string) (*Log, error) {
	return OpenContext(context.Background(), dir, nil)
}

// OpenContext is like Open, on the file system fsys; nil means OS{}. Once ctx has
// ended, the methods of the Log and of its Readers return the error of ctx.
func OpenContext(ctx context.Context, dir string, fsys FS) (*Log, error) {
	if fsys == nil {
		fsys = OS{}
	}
	l := &Log{Dir: dir, fs: fsys, ctx: ctx}
	return l, l.Refresh()
}

// Close closes the directory, which a Log holds open so that no other account can replace it.
// Without Close the garbage collector does that. Readers of the log stay open.
func (l *Log) Close() error {
	if l.release == nil {
		return nil
	}
	return l.release()
}

// hold opens the directory, again if another one has taken its place since.
func (l *Log) hold() error {
	from := l.fs
	if l.release != nil {
		//mutant:hold-maintenance-opens-the-directory-again
		//mutant:hold-a-follower-stays-with-a-directory-that-was-moved
		if l.locked || !vfs.Moved(l.fs, l.Dir) {
			return nil
		}
		from = vfs.ByName(l.fs)
	}
	fsys, release, err := vfs.Hold(from, l.Dir)
	if err == nil {
		//mutant:hold-a-log-is-read-by-name
		l.fs, l.release = fsys, release
	}
	return err
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

// RefreshAll is like Refresh, and also checks of every segment whether it is part of the
// log. To check a segment it opens the segment's index.
func (l *Log) RefreshAll() error {
	l.thorough, l.known = true, nil
	return l.Refresh()
}

// Refresh reads HISTLOG and the directory again. A directory that changes while it is
// listed may be listed wrongly, so Refresh lists it until two listings agree, or until its
// modification time shows that it was not changed.
func (l *Log) Refresh() error {
	err := l.hold()
	if err == nil {
		err = l.refresh()
	} else if _, reason := l.file.read(vfs.ByName(l.fs), l.Dir); reason != nil && (missing(err) || !errors.Is(reason, ErrNoLog)) {
		err = reason // the directory is missing or is none
	}
	return asDiskError(OpRead, l.Dir, err)
}

func (l *Log) refresh() error {
	const attempts = 100
	var previous []listedFile
	for n := range attempts {
		before, statErr := l.stat(l.Dir)
		m, err := l.file.read(l.fs, l.Dir)
		if err := cmp.Or(err, statErr); err != nil { // the first one has the reason if there is no log
			return err
		}
		files, err := listFiles(l.fs, l.Dir, false)
		if err != nil {
			return err
		}
		after, err := l.stat(l.Dir)
		if err != nil {
			return err
		}
		slices.SortFunc(files, compareListed)
		//mutant:read-a-directory-is-listed-once
		if n > 0 && slices.Equal(previous, files) || isQuiet(l.fs, before, after) {
			l.Marker = m
			l.separateForeign(segmentsOf(l.Dir, files))
			if len(l.Segments) == 0 {
				return &CorruptError{Kind: KindMissing, Path: l.Dir, Reason: "HISTLOG is there, but no segment"}
			}
			l.leaveRetired()
			return l.sealLast()
		}
		previous = files
	}
	return fmt.Errorf("list %s: it changes faster than it can be read", l.Dir)
}

// Find returns the index in Segments of the segment that holds seq. The error is
// ErrRetired or ErrNoRecord if there is none. For a sequence after the newest record Find
// returns the active segment, because only a Reader knows the last record of that segment.
func (l *Log) Find(seq Sequence) (int, error) {
	if seq < l.Marker.FirstSeq {
		return 0, l.Marker.retiredError(seq)
	}
	i, found := l.search(seq)
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

// search returns the index in Segments of the segment that begins with seq or, if none
// does, of the first one that begins after it.
func (l *Log) search(seq Sequence) (i int, found bool) {
	return slices.BinarySearchFunc(l.Segments, seq, func(s Segment, seq Sequence) int { return cmp.Compare(s.Base, seq) })
}

// NextSeq returns the sequence after the newest record that readers see.
func (l *Log) NextSeq() (Sequence, error) {
	for {
		last := l.Segments[len(l.Segments)-1]
		r, err := l.OpenReader(last)
		if err == nil {
			return r.Next(), r.Close()
		}
		// The segment may have been sealed and retired since it was listed. Another one is then
		// the newest.
		if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrRetired) && !errors.Is(err, ErrMerged) {
			return 0, err
		}
		if e := l.Refresh(); e != nil {
			return 0, e
		}
		//mutant:retire-the-retired-newest-segment-of-a-listing-is-damage
		if l.Segments[len(l.Segments)-1].Base == last.Base { // it is the newest still
			return 0, err
		}
	}
}
