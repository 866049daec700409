//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// appended checks an append after which the log may hold the records up to
// `last`, and must hold those that it acknowledged.
func appended(last int) func(t *testing.T, o outcome) error {
	return func(t *testing.T, o outcome) error {
		before := 2
		if last == 3 { // made by the command itself
			before = 0
		}
		acks := strings.Count(o.stdout, "\n")
		if err := o.explained(acks == last-before); err != nil {
			return err
		}
		got, err := o.recovered()
		if errors.Is(err, segment.ErrNoLog) && acks == 0 && before == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		all := strings.SplitAfter(strings.TrimSuffix(values(1, last), "\n"), "\n")
		if len(got) < before+acks {
			return fmt.Errorf("I1: %d records, %d were acknowledged", len(got), acks)
		}
		for i, text := range got {
			if i >= len(all) || strings.TrimSpace(all[i]) != text {
				return fmt.Errorf("I2: record %d is %q", i+1, text)
			}
		}
		return nil
	}
}

// repairs checks a repair of record 1, and that the next one ends it.
func repairs(t *testing.T, o outcome) error {
	if err := o.explained(strings.Contains(o.stdout, "OK  3 records") && !strings.Contains(o.stdout, "NOT")); err != nil {
		return err
	}
	if _, err := segment.Repair(t.Context(), filepath.Join(o.dir, "log"), segment.Options{}); err != nil {
		return err
	}
	names, err := filepath.Glob(filepath.Join(o.dir, "log/quarantine/*-*"))
	if err != nil || len(names) == 0 {
		return fmt.Errorf("I5: nothing is in quarantine, %w", err)
	}
	got, err := o.recovered()
	if err != nil {
		return err
	}
	all := strings.Split(strings.TrimSuffix(values(1, 4), "\n"), "\n")
	if len(got) != 4 || strings.TrimSpace(got[0]) != "" || !slices.Equal(got[1:], all[1:]) {
		return fmt.Errorf("after the repair: %q", got)
	}
	return nil
}

// expels checks a repair that moves a foreign segment to quarantine, and that the
// next one ends it.
func expels(t *testing.T, o outcome) error {
	if err := o.explained(strings.Contains(o.stdout, "OK  4 records") && !strings.Contains(o.stdout, "NOT")); err != nil {
		return err
	}
	if _, err := segment.Repair(t.Context(), filepath.Join(o.dir, "log"), segment.Options{}); err != nil {
		return err
	}
	names, err := filepath.Glob(filepath.Join(o.dir, "log/quarantine/*-*"))
	kept := slices.ContainsFunc(names, func(name string) bool {
		b, err := os.ReadFile(name)
		return err == nil && string(b) == foreignText
	})
	if err != nil || !kept {
		return fmt.Errorf("I5: the foreign segment is not in quarantine, %w", err)
	}
	got, err := o.recovered()
	if all := strings.Split(strings.TrimSuffix(values(1, 4), "\n"), "\n"); err != nil || !slices.Equal(got, all) {
		return fmt.Errorf("after the repair: %q, %w", got, err)
	}
	return nil
}

// compacted checks a compact that loses no record, and that the next one ends it.
func compacted(t *testing.T, o outcome) error {
	whole := func() bool {
		l, err := segment.Open(filepath.Join(o.dir, "log"))
		return err == nil && !slices.ContainsFunc(l.Segments, func(s segment.Segment) bool { return s.Sealed && (s.Codec == segment.Plain || s.Copy) })
	}
	if err := o.explained(whole()); err != nil {
		return err
	}
	if err := o.holdsFrom(1, 1); err != nil {
		return err
	}
	histlogIn(t, o.dir, "", "compact", "--older-than", "0s", "log")
	if !whole() {
		return errors.New("a second run does not end it")
	}
	return errors.Join(o.holdsFrom(1, 1), o.tidy())
}

// mergedAndCompacted checks a compact that merges segments, loses no record, and is ended
// by the next one.
func mergedAndCompacted(t *testing.T, o outcome) error {
	whole := func() bool {
		l, err := segment.Open(filepath.Join(o.dir, "log"))
		return err == nil && l.Segments[0].End != 0 && !l.Segments[0].Supersedes()
	}
	if err := o.explained(whole()); err != nil {
		return err
	}
	if err := o.holdsFrom(1, 1); err != nil {
		return err
	}
	histlogIn(t, o.dir, "", "compact", "--older-than", "0s", "log")
	if !whole() {
		return errors.New("a second run does not end it")
	}
	return errors.Join(o.holdsFrom(1, 1), o.tidy())
}

// sealedAndCompacted checks a compaction of all records, and that a second run ends it.
func sealedAndCompacted(t *testing.T, o outcome) error {
	whole := func() bool {
		l, err := segment.Open(filepath.Join(o.dir, "log"))
		return err == nil && len(l.Segments) == 2 && l.Segments[0].Codec == segment.Zstd && !l.Segments[0].Copy
	}
	if err := o.explained(whole()); err != nil {
		return err
	}
	if err := o.holdsFrom(1, 1); err != nil {
		return err
	}
	histlogIn(t, o.dir, "", "compact", "--seal", "--older-than", "0s", "log")
	if !whole() {
		return errors.New("a second run does not end it")
	}
	return errors.Join(o.holdsFrom(1, 1), o.tidy())
}

// shrunk checks a compact that stores the index of a segment small, loses no record,
// and is ended by the next one.
func shrunk(t *testing.T, o outcome) error {
	whole := func() bool {
		_, small := os.Lstat(filepath.Join(o.dir, "log", filename.SmallIndex(1)))
		_, plain := os.Lstat(filepath.Join(o.dir, "log", filename.Index(1)))
		return small == nil && errors.Is(plain, fs.ErrNotExist)
	}
	if err := o.explained(whole()); err != nil {
		return err
	}
	all := strings.Split(strings.TrimSuffix(values(1, 200), "\n"), "\n")
	if got, err := o.recovered(); err != nil || !slices.Equal(got, all) {
		return fmt.Errorf("I1: %d records, %w", len(got), err)
	}
	histlogIn(t, o.dir, "", "compact", "--older-than", "0s", "log")
	if !whole() {
		return errors.New("a second run does not end it")
	}
	if got, err := o.recovered(); err != nil || !slices.Equal(got, all) {
		return fmt.Errorf("I1: %d records, %w", len(got), err)
	}
	return o.tidy()
}

// restamped checks that each sealed segment has the times of one rule, that HISTLOG says so
// if they are not those of its rule, and that a second run ends it.
func restamped(t *testing.T, o outcome) error {
	before, err := o.recovered()
	if err != nil {
		return err
	}
	complete, err := o.timesComplete()
	if err := errors.Join(err, o.explained(complete)); err != nil {
		return err
	}
	histlogIn(t, o.dir, "", restampArgs...)
	if complete, err := o.timesComplete(); err != nil || !complete {
		return fmt.Errorf("a second run does not end it, %w", err)
	}
	after, err := o.recovered()
	if !slices.Equal(before, after) || len(after) != 5 && len(after) != 200 {
		err = errors.Join(err, fmt.Errorf("I1: %d records, %d before", len(after), len(before)))
	}
	return errors.Join(err, o.tidy())
}

// timesComplete reports whether all records have the times that restampArgs read.
func (o outcome) timesComplete() (bool, error) {
	l, err := segment.Open(filepath.Join(o.dir, "log"))
	if err != nil {
		return false, err
	}
	changed, total := 0, 0
	for _, s := range l.Segments {
		r, err := l.OpenReader(s)
		if err != nil {
			return false, err
		}
		own := 0
		for seq := s.Base; seq < r.Next(); seq++ {
			e, err := r.Entry(seq)
			if err != nil {
				return false, err
			}
			if e.Flags&segment.ClockTime == 0 && e.Time.Year() == 1989 {
				own++
			}
		}
		if s.Sealed && own != 0 && own != int(r.Count()) {
			return false, fmt.Errorf("%d of %d times of %s are new", own, r.Count(), s.Path)
		}
		changed, total = changed+own, total+int(r.Count())
		if err := r.Close(); err != nil {
			return false, err
		}
	}
	rule := l.Marker.TimeRule(1).Field == "/pad"
	if changed > 0 && !rule || changed < total && rule && !l.Marker.Restamping() {
		return false, fmt.Errorf("%d of %d times are new, the time field is %s, and HISTLOG says nothing", changed, total, l.Marker.TimeRule(1).Field)
	}
	return changed == total && !l.Marker.Restamping(), nil
}

// retired checks a prune that leaves the last record, and that the next one ends it.
func retired(t *testing.T, o outcome) error {
	if err := o.explained(o.holdsFrom(5, 5) == nil); err != nil {
		return err
	}
	if err := o.holdsFrom(1, 5); err != nil {
		return err
	}
	histlogIn(t, o.dir, "", "prune", "--max-records", "1", "--yes", "log")
	return errors.Join(o.holdsFrom(5, 5), o.tidy())
}

// archived checks a prune to an archive: each record is there or in the log, and the
// next one ends it.
func archived(t *testing.T, o outcome) error {
	there, err := recordsOf(filepath.Join(o.dir, "old"))
	if err != nil && !errors.Is(err, segment.ErrNoLog) {
		return fmt.Errorf("the archive: %w", err)
	}
	all := allFive()
	if !slices.Equal(there, all[:len(there)]) {
		return fmt.Errorf("the archive holds %q", there)
	}
	if err := o.explained(o.holdsFrom(5, 5) == nil && len(there) == 4); err != nil {
		return err
	}
	if err := o.holdsFrom(1, 1+len(there)); err != nil {
		return err
	}
	histlogIn(t, o.dir, "", "prune", "--max-records", "1", "--yes", "--archive-to", "old", "log")
	if there, err = recordsOf(filepath.Join(o.dir, "old")); err != nil || !slices.Equal(there, all[:4]) {
		return fmt.Errorf("the archive holds %q after a second run, %w", there, err)
	}
	return errors.Join(o.holdsFrom(5, 5), o.tidy())
}

// snapshotted checks that a snapshot is whole or no log, that it leaves the log alone,
// and that one can be made after it.
func snapshotted(t *testing.T, o outcome) error {
	if err := o.holdsFrom(1, 1); err != nil {
		return err
	}
	whole := func() (bool, error) {
		got, err := recordsOf(filepath.Join(o.dir, "old"))
		if errors.Is(err, segment.ErrNoLog) {
			return false, nil
		}
		if err == nil && !slices.Equal(got, allFive()) {
			err = fmt.Errorf("the snapshot holds %q", got)
		}
		return err == nil, err
	}
	done, err := whole()
	if err != nil {
		return err
	}
	if !done {
		histlogIn(t, o.dir, "", "snapshot", "log", "old")
		if again, err := whole(); err != nil || !again {
			return fmt.Errorf("no snapshot can be made after it: %w", err)
		}
	}
	w, err := segment.OpenWriter(t.Context(), filepath.Join(o.dir, "old"), segment.Options{})
	if err != nil {
		return err
	}
	if r := w.Recovery(); !r.Empty() {
		return fmt.Errorf("the snapshot had to be recovered: %+v", r)
	}
	return errors.Join(w.Close(), o.explained(done), o.tidy())
}

func allFive() []string { return strings.Split(strings.TrimSuffix(values(1, 5), "\n"), "\n") }

// holdsFrom is nil if the log holds the records from one of least to most on, up to 5.
func (o outcome) holdsFrom(least, most int) error {
	got, err := o.recovered()
	if err != nil {
		return err
	}
	if n := 5 - len(got) + 1; n < least || n > most || !slices.Equal(got, allFive()[n-1:]) {
		return fmt.Errorf("I1: the log holds %q, want what is from %d to %d on", got, least, most)
	}
	return nil
}

// tidy is nil if nothing half-made is in the log or its archive, nor anything retired.
func (o outcome) tidy() error {
	for _, folder := range []string{"log", "old"} {
		l, err := segment.Open(filepath.Join(o.dir, folder))
		if errors.Is(err, segment.ErrNoLog) {
			continue
		}
		entries, e := os.ReadDir(filepath.Join(o.dir, folder))
		if err = errors.Join(err, e); err != nil {
			return err
		}
		for _, e := range entries {
			stem, _, ours := filename.Parse(e.Name())
			if strings.HasPrefix(e.Name(), ".") || ours && stem.Base < uint64(l.Marker.FirstSeq) {
				return fmt.Errorf("%s/%s is left", folder, e.Name())
			}
		}
	}
	return nil
}

// migrated checks a migration of the four records that setup has written: there is a complete
// log or none, and then args make it. The sources are as they were.
func migrated(setup func(*testing.T, string), args []string) func(*testing.T, outcome) error {
	return func(t *testing.T, o outcome) error {
		before := t.TempDir()
		setup(t, before)
		sources, err := filepath.Glob(filepath.Join(before, "*.json"))
		if err != nil || len(sources) == 0 {
			return fmt.Errorf("no sources, %w", err)
		}
		for _, name := range sources {
			was, is := testutil.ReadFile(t, name), testutil.ReadFile(t, filepath.Join(o.dir, filepath.Base(name)))
			if string(was) != string(is) {
				return fmt.Errorf("the source is %q", is)
			}
		}
		want := strings.TrimSpace(values(1, 4))
		got, err := o.recovered()
		whole := strings.Join(got, "\n") == want
		if errors.Is(err, segment.ErrNoLog) {
			err = nil
			histlogIn(t, o.dir, "", args...)
		}
		if err == nil && len(got) > 0 && !whole {
			err = fmt.Errorf("half a log: %q", got)
		}
		return errors.Join(err, o.explained(whole))
	}
}

// exported checks that a file was written whole or not at all, and that nothing
// stays beside it but what a kill leaves.
func exported(t *testing.T, o outcome) error {
	text, err := os.ReadFile(filepath.Join(o.dir, "out.json"))
	whole := err == nil && strings.Count(string(text), "\"pad\"") == 2 && strings.HasSuffix(strings.TrimSpace(string(text)), "]")
	if err == nil && !whole {
		return fmt.Errorf("half a file: %q", text)
	}
	left, err := filepath.Glob(filepath.Join(o.dir, ".out.json*"))
	if err != nil || len(left) > 0 && !o.killed && !strings.HasPrefix(o.call, "unlink") {
		return fmt.Errorf("left behind: %v, %w", left, err)
	}
	if got, err := o.recovered(); err != nil || len(got) != 2 {
		return fmt.Errorf("the log has %d records, %w", len(got), err)
	}
	if o.code == 0 && !whole && !o.killed {
		return errors.New("exit 0, and no file")
	}
	return nil
}

// explained holds exit code and messages against I4. done says that all was
// done, whatever failed on the way.
func (o outcome) explained(done bool) error {
	if o.killed {
		return nil
	}
	noRoom := o.errno == syscall.ENOSPC || o.errno == syscall.EDQUOT
	switch {
	case o.code == 0 && done:
		return nil
	case o.code == 0:
		return errors.New("exit 0, and not all was done")
	case !strings.Contains(o.stderr, o.errno.Error()):
		return fmt.Errorf("I4: %q is not in the message", o.errno.Error())
	case !strings.Contains(o.stderr, "log"):
		return errors.New("I4: no file is in the message")
	case noRoom != (o.code == exitNoRoom):
		return fmt.Errorf("exit %d", o.code)
	}
	return nil
}

// recovered returns the records that the next writer finds, after a second
// recovery that must not change anything.
func (o outcome) recovered() (records []string, err error) {
	dir := filepath.Join(o.dir, "log")
	if _, err := segment.Open(dir); err != nil {
		return nil, err
	}
	for range 2 {
		w, err := segment.OpenWriter(context.Background(), dir, segment.Options{})
		if err != nil {
			return nil, err
		}
		r := w.Recovery()
		if err := w.Close(); err != nil {
			return nil, err
		}
		if records != nil && !r.Empty() {
			return nil, fmt.Errorf("I3: a second recovery: %+v", r)
		}
		if records, err = recordsOf(dir); err != nil {
			return nil, err
		}
	}
	return records, nil
}
