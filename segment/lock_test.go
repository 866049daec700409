package segment

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/testutil"
)

// A lock is held on what the name leads to, not on what it led to once: a file
// that was replaced while one waited for its lock is nobody's.
func TestLockOfReplacedFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "HISTLOG")
	check(t, os.WriteFile(name, nil, 0o644))
	takers, times := 4, testutil.Rounds(20, 100)
	var within atomic.Int32
	var all sync.WaitGroup
	for k := range takers {
		all.Go(func() {
			next := filepath.Join(dir, string(rune('a'+k)))
			for taken := 0; taken < times; {
				unlock, ok, err := OS{}.TryLock(name)
				if err != nil {
					t.Error(err)
					return
				}
				if !ok {
					continue
				}
				taken++
				if n := within.Add(1); n > 1 {
					t.Errorf("%d hold the lock", n)
				}
				time.Sleep(20 * time.Microsecond)
				within.Add(-1)
				if os.WriteFile(next, nil, 0o644) != nil || os.Rename(next, name) != nil || unlock() != nil {
					t.Error("the file could not be replaced")
				}
			}
		})
	}
	all.Wait()
}
