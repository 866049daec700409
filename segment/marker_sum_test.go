package segment

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
)

// markerLogs makes three logs whose HISTLOGs differ as much as they can: a new
// one, one with settings, time rules and members of a later version, an archive.
func markerLogs(t *testing.T) (dirs []string) {
	t.Helper()
	plain := newLog(t, 6)
	rich := newLog(t, 6)
	_, err := Configure(t.Context(), rich, Settings{"time-field": "/at", "time-zone": "Asia/Tokyo", "max-records": "100", "archive-to": "/mnt/old", "mode": "0640"}, nil)
	testutil.NoError(t, err)
	editMarker(t, rich, `"role"`, `"owner": {"name": "Łucja", "n": 1e3}, "role"`)
	from, archive := newLog(t, 12), newDir(t)
	_, err = Archive(t.Context(), from, archive, 9, Options{})
	testutil.NoError(t, err)
	return []string{plain, rich, archive}
}

// Each flipped bit of a HISTLOG is refused, or changes nothing of what it says.
func TestMarkerBitFlips(t *testing.T) {
	for _, dir := range markerLogs(t) {
		text := testutil.ReadFile(t, filepath.Join(dir, filename.Marker))
		want, err := parseMarker(text)
		testutil.NoError(t, err)
		for i := range text {
			for bit := range 8 {
				text[i] ^= 1 << bit
				got, err := parseMarker(text)
				if err == nil && !reflect.DeepEqual(withoutSum(got), want) {
					t.Errorf("byte %d, bit %d: taken for %+v", i, bit, got)
				}
				text[i] ^= 1 << bit
			}
		}
	}
}

// withoutSum takes the member away that a flipped bit in the checksum's own name makes.
func withoutSum(m Marker) Marker {
	for name := range m.unknown {
		if len(name) == len(sumName) && name != sumName {
			delete(m.unknown, name)
		}
	}
	return m
}

// A HISTLOG of before there was a checksum is read, and gets one when it is replaced.
func TestMarkerWithoutSum(t *testing.T) {
	dir := newLog(t, 3)
	path := filepath.Join(dir, filename.Marker)
	testutil.EditFile(t, path, func(b []byte) []byte {
		before, _, _ := strings.Cut(string(b), ",\n  \""+sumName)
		return []byte(before + "\n}\n")
	})
	if len(openLog(t, dir).Segments) == 0 {
		t.Error("no segments")
	}
	_, err := Configure(t.Context(), dir, Settings{"sync": "none"}, nil)
	testutil.NoError(t, err)
	if !strings.Contains(string(testutil.ReadFile(t, path)), sumName) {
		t.Error("no checksum after it was replaced")
	}
}

// TestFirstSeqConflict edits first_seq to a sequence at which no segment begins. That must
// hide no record and remove no segment, and every command that would replace HISTLOG must
// fail until the edit is accepted.
func TestFirstSeqConflict(t *testing.T) {
	for name, first := range map[string]string{"in the middle of a segment": "2", "past the end": "507"} {
		t.Run(name, func(t *testing.T) {
			dir := newLog(t, 9)
			editMarker(t, dir, `"first_seq": 1`, `"first_seq": `+first)
			before := snapshot(t, dir)
			l := openLog(t, dir)
			testutil.ErrorIs(t, l.Conflict, ErrMarker)
			wantReadable(t, l, 1, 9)
			_, err := Configure(t.Context(), dir, Settings{"sync": "none"}, nil)
			testutil.ErrorIs(t, err, ErrMarker)
			_, err = Retire(t.Context(), dir, 5, Options{})
			testutil.ErrorIs(t, err, ErrMarker)
			_, err = Compress(t.Context(), dir, 1, Zstd, Options{})
			testutil.ErrorIs(t, err, ErrMarker)
			testutil.ErrorIs(t, Sweep(t.Context(), dir, Options{}), ErrMarker)
			delete(before, "/"+filename.Upkeep)
			after := snapshot(t, dir)
			delete(after, "/"+filename.Upkeep)
			wantSame(t, before, after, "upkeep of a log whose first_seq is wrong")
			w := openWriter(t, dir)
			appendTexts(t, w, 10, 10)
			testutil.NoError(t, w.Close())
			wantReadable(t, openLog(t, dir), 1, 10)
			_, err = AcceptEdit(context.Background(), dir, nil)
			testutil.NoError(t, err)
			l = openLog(t, dir)
			if l.Conflict != nil || l.Marker.FirstSeq != 1 {
				t.Errorf("%v, first_seq %d", l.Conflict, l.Marker.FirstSeq)
			}
		})
	}
}

// wantReadable reads the records [from, to] of a log.
func wantReadable(t *testing.T, l *Log, from, to Sequence) {
	t.Helper()
	next, err := l.NextSeq()
	testutil.NoError(t, err)
	if l.Marker.FirstSeq != from || next != to+1 {
		t.Errorf("the log begins with %d and ends before %d, want %d and %d", l.Marker.FirstSeq, next, from, to+1)
	}
	for seq := from; seq <= to; seq++ {
		i, err := l.Find(seq)
		testutil.NoError(t, err)
		r := openReader(t, l, i)
		_, err = r.Record(seq)
		testutil.NoError(t, err)
	}
}

func TestAcceptEdit(t *testing.T) {
	t.Run("a setting", func(t *testing.T) {
		dir := newLog(t, 3)
		testutil.EditFile(t, filepath.Join(dir, filename.Marker), func(b []byte) []byte {
			return []byte(strings.Replace(string(b), `"settings": {`, `"settings": {"sync": "none", `, 1))
		})
		_, err := Open(dir)
		testutil.ErrorIs(t, err, ErrMarker)
		_, err = OpenWriter(t.Context(), dir, options(nil))
		testutil.ErrorIs(t, err, ErrMarker)
		s, err := AcceptEdit(t.Context(), dir, nil)
		testutil.NoError(t, err)
		if s.Get("sync") != "none" || openLog(t, dir).Marker.Settings.Get("sync") != "none" {
			t.Errorf("%v", s)
		}
	})
	for name, change := range map[string][2]string{
		"a setting that is none": {`"settings": {`, `"settings": {"sync": "sometimes", `},
		"another id":             {`"id": "`, `"id": "11111111-1111-4111-8111-111111111111", "was": "`},
		"no JSON":                {`{`, `[`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newLog(t, 3)
			testutil.EditFile(t, filepath.Join(dir, filename.Marker), func(b []byte) []byte {
				return []byte(strings.Replace(string(b), change[0], change[1], 1))
			})
			before := snapshot(t, dir)
			_, err := AcceptEdit(t.Context(), dir, nil)
			testutil.ErrorIs(t, err, ErrCorrupt)
			wantSame(t, before, snapshot(t, dir), "an edit that was not accepted")
		})
	}
	_, err := AcceptEdit(t.Context(), newDir(t), OS{})
	testutil.ErrorIs(t, err, ErrNoLog)
	_, err = os.Stat(filepath.Join(t.TempDir(), filename.Upkeep))
	testutil.ErrorIs(t, err, os.ErrNotExist)
}
