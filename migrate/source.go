package migrate

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"github.com/histlog/histlog/internal/jsonscan"
)

// chunkBytes is the size of a chunk: small enough that the hash finds in the processor's
// cache what was just read.
const chunkBytes = 256 << 10

// chunks is the maximum number of chunks between the reader and the scanner.
const chunks = 8

// minDivided is the minimum length of a chunk that is made to end inside a token.
const minDivided = 4 << 10

// A source reads a file ahead, decompresses it if it is compressed, and hashes its text,
// on a goroutine of its own. It implements jsonscan.Source.
//
// Chunks circulate: run takes one from free, fills it and sends it to full; Next passes
// it to the scanner, and sends it back to free when the scanner is done with it.
type source struct {
	ctx   context.Context
	full  chan []byte   // closed by run
	free  chan []byte   // has room for all chunks, so that sending to it never waits
	stop  chan struct{} // closed by close: run must end
	sum   hash.Hash     // of the text; owned by run until full is closed
	size  int64         // bytes of text passed to the scanner
	chunk int           // length of a chunk
	in    *decompressor
	held  []byte // the chunk that the scanner has; nil means none
	cause error  // why full was closed; valid from then on
}

// openSource opens the file to migrate.
func openSource(path string) (*os.File, os.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if info.IsDir() {
		return nil, nil, fmt.Errorf("%s: is a directory, not a JSON file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	return f, info, nil
}

// readOnce reports whether a source can be read only once, as it is not a regular file.
func readOnce(source string) bool {
	if source == "-" {
		return true
	}
	info, err := os.Stat(source)
	return err == nil && !info.IsDir() && !info.Mode().IsRegular()
}

// nearestExisting returns path, or its nearest parent that exists.
func nearestExisting(path string) string {
	for {
		if _, err := os.Stat(path); err == nil || path == filepath.Dir(path) {
			return path
		}
		path = filepath.Dir(path)
	}
}

// readAhead starts to read r. When ctx ends, Next returns its error at once, even while
// the goroutine still waits for r.
func readAhead(ctx context.Context, r io.Reader, o Options) *source {
	s := &source{ctx: ctx, full: make(chan []byte, chunks), free: make(chan []byte, chunks), stop: make(chan struct{}), sum: sha256.New(), chunk: cmp.Or(o.chunk, chunkBytes)}
	s.in = &decompressor{in: r, memory: o.Accept.Memory, chunk: s.chunk}
	if o.exclude != nil {
		go s.run(&excludingReader{in: s.in, pieces: o.exclude.pieces})
	} else {
		go s.run(s.in)
	}
	return s
}

// run reads r to its end, or until stop is closed.
func (s *source) run(r io.Reader) {
	defer close(s.full)
	defer s.in.close()
	made := 0 // number of chunks
	var rest []byte
	for {
		// A chunk is made only if none is free, so that a short source takes one or two.
		var b []byte
		if made < chunks && len(s.free) == 0 {
			s.free <- make([]byte, s.chunk)
			made++
		}
		select {
		case b = <-s.free:
		case <-s.stop:
			return
		}
		// The rest of the previous chunk comes first.
		held := copy(b[:s.chunk], rest)
		n, err := r.Read(b[held:s.chunk])
		s.sum.Write(b[held : held+n])
		n += held
		if rest = rest[:0]; n > minDivided && err == nil {
			// White space divided between two chunks could not be compared with the style:
			// the chunk ends inside a token, and the rest begins the next one.
			end := jsonscan.Within(b[:n], n)
			rest = append(rest, b[end:n]...)
			n = end
		}
		if n > 0 {
			select {
			case s.full <- b[:n]:
			case <-s.stop:
				return
			}
		} else {
			s.free <- b
		}
		if err != nil {
			s.cause = err
			return
		}
	}
}

// Next implements jsonscan.Source.
func (s *source) Next() ([]byte, error) {
	if s.held != nil {
		s.free <- s.held
		s.held = nil
	}
	var b []byte
	var ok bool
	select {
	case b, ok = <-s.full:
	case <-s.ctx.Done():
		return nil, s.ctx.Err()
	}
	if !ok {
		return nil, s.cause
	}
	s.held = b
	s.size += int64(len(b))
	return b, nil
}

// digest returns the SHA-256 of the text. The text must have been read to its end.
func (s *source) digest() string { return hex.EncodeToString(s.sum.Sum(nil)) }

// close ends the reading. It waits for the goroutine, so that the file can be closed,
// unless the context has ended: the goroutine may then wait for input that never comes.
func (s *source) close() {
	close(s.stop)
	if s.ctx.Err() != nil {
		return
	}
	for range s.full {
	}
}
