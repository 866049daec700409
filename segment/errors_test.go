package segment

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
)

// A damage has a kind, so that nobody needs to read its text.
func TestCorruptKind(t *testing.T) {
	remove := func(name string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) { testutil.NoError(t, os.Remove(filepath.Join(dir, name))) }
	}
	verify := func(t *testing.T, dir string) error { return verifyAll(t, openLog(t, dir))[0] }
	open := func(_ *testing.T, dir string) error {
		l, err := Open(dir)
		return errors.Join(err, l.Conflict)
	}
	for name, row := range map[string]struct {
		damage func(t *testing.T, dir string)
		find   func(t *testing.T, dir string) error
		kind   CorruptKind
	}{
		"a flipped bit": {func(t *testing.T, dir string) { testutil.FlipByte(t, filepath.Join(dir, textName(1)), 3) }, verify, KindRecord},
		"no index":      {remove(indexName(1)), verify, KindIndex},
		"no segment": {remove(textName(1)), func(t *testing.T, dir string) error {
			return openLog(t, dir).checkOldestPresent()
		}, KindMissing},
		"no HISTLOG": {remove(filename.Marker), open, KindMarker},
		"an edited HISTLOG": {func(t *testing.T, dir string) {
			editMarker(t, dir, `"first_seq": 1`, `"first_seq": 2`)
		}, open, KindMarkerDiffers},
		"another log's segment": {func(t *testing.T, dir string) {
			other, base := otherLog(t, 9), openLog(t, dir).Segments[1].Base
			testutil.WriteFile(t, filepath.Join(dir, textName(base)), testutil.ReadFile(t, filepath.Join(other, textName(1))))
			testutil.WriteFile(t, filepath.Join(dir, indexName(base)), testutil.ReadFile(t, filepath.Join(other, indexName(1))))
		}, func(t *testing.T, dir string) error {
			l := openLog(t, dir)
			testutil.NoError(t, l.RefreshAll())
			return l.Foreign[0]
		}, KindForeign},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newLog(t, 9)
			row.damage(t, dir)
			if damage := wantCorrupt(t, row.find(t, dir)); damage.Kind != row.kind {
				t.Errorf("kind %d, want %d: %v", damage.Kind, row.kind, damage)
			}
		})
	}
}
