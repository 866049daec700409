package survival

import (
	"context"
	"os"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/segment"
)

// TestDamageIsRemembered kills recovery at each operation while it handles a damaged line
// between intact ones. The next recovery must report the line, unless the segment was
// sealed before the kill.
func TestDamageIsRemembered(t *testing.T) {
	r := newRun(scenario{prepare: func(r *run) {
		r.create()
		r.append(1)
		r.close()
		f, err := r.disk.OpenFile(r.dir+"/"+filename.Text(1), os.O_RDWR, 0)
		r.must(err)
		info, err := f.Stat()
		r.must(err)
		_, err = f.WriteAt([]byte("{\"n\":2}\nbad\n{\"n\":4}\n"), info.Size())
		r.must(err)
		r.must(f.Sync())
		r.must(f.Close())
	}}, "always")
	before := len(r.disk.Ops())
	recovered := func(r *run) (damage int, segments int) {
		l, err := segment.OpenContext(context.Background(), r.dir, r.disk)
		if err != nil {
			t.Fatal(err)
		}
		w, err := segment.OpenWriter(context.Background(), r.dir, r.options())
		if err != nil {
			t.Fatal(err)
		}
		if next := w.NextSeq(); next != 5 {
			t.Errorf("the next record is %d, want 5: bad lines keep their places", next)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return len(w.Recovery().Damage), len(l.Segments)
	}
	if damage, segments := recovered(r); damage != 1 || segments != 1 {
		t.Fatalf("%d damages were found in %d segments, want 1 in 1", damage, segments)
	}
	ops := len(r.disk.Ops())
	for n := before; n <= ops; n++ {
		again := *r
		again.disk = r.disk.Killed(n)
		if damage, segments := recovered(&again); damage != 1 && segments == 1 {
			t.Errorf("killed after %d, %v, the next recovery says nothing of it", n, last(r, n))
		}
	}
}
