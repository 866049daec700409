package seekable

import (
	"runtime"
	"sync"
	"testing"
)

// One Writer after another uses the same encoder, on whatever processor it runs, and two at
// once use two.
func TestSpareEncoder(t *testing.T) {
	made := 0
	s := &spareEncoder{make: func() encoder { made++; return formats[Gzip].encoders.make() }}
	var held []*heldEncoder // which the collector must not free during the test
	for range 100 {
		var one sync.WaitGroup
		one.Go(func() {
			runtime.LockOSThread() // a goroutine that ends locked takes its thread with it
			h := s.get()
			held = append(held, h)
			s.put(h)
		})
		one.Wait()
	}
	if made != 1 {
		t.Errorf("%d encoders", made)
	}
	a, b := s.get(), s.get()
	if a == b || made != 2 {
		t.Errorf("the same encoder twice, %d were made", made)
	}
	runtime.KeepAlive(held)
}
