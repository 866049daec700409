package seekable

import (
	"sync"
	"weak"
)

// spareEncoder keeps the encoder that was used last for the next Writer, until the garbage
// collector frees it. A sync.Pool would keep one for each processor, and make a second one
// when the goroutine has changed to another: one of zstd takes 21 MiB.
type spareEncoder struct {
	make func() encoder

	mu   sync.Mutex
	idle weak.Pointer[heldEncoder]
}

// A heldEncoder is what a weak pointer to an encoder refers to.
type heldEncoder struct{ encoder }

// get returns the idle encoder, or else a new one.
func (s *spareEncoder) get() *heldEncoder {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.idle.Value(); h != nil {
		s.idle = weak.Pointer[heldEncoder]{}
		return h
	}
	return &heldEncoder{s.make()}
}

// put makes an encoder idle. The caller must not use it any more.
func (s *spareEncoder) put(h *heldEncoder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = weak.Make(h)
}
