package migrate

import (
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

// chunkBytes is small enough that the hash finds in the processor's cache what
// was just read.
const chunkBytes = 256 << 10

// chunks is how many are on their way between the reading and the scanning.
const chunks = 8

// minDivided is from what length on a chunk is ended inside a token.
const minDivided = 4 << 10

// A source reads a file ahead, decompresses it if need be and hashes its text, on
// a goroutine of its own. It is a jsonscan.Source.
type source struct {
	ctx   context.Context
	full  chan []byte
	free  chan []byte
	stop  chan struct{}
	sum   hash.Hash
	size  int64 // bytes of text handed to the scanner
	in    *decompressor
	held  []byte
	cause error // why full was closed
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

// once says whether a source can be read only once: it is no regular file.
func readOnce(source string) bool {
	if source == "-" {
		return true
	}
	info, err := os.Stat(source)
	return err == nil && !info.IsDir() && !info.Mode().IsRegular()
}

// existing returns the nearest directory above path that is there.
func nearestExisting(path string) string {
	for {
		if _, err := os.Stat(path); err == nil || path == filepath.Dir(path) {
			return path
		}
		path = filepath.Dir(path)
	}
}

// readAhead begins to read r. When the context ends, so does what the scanner
// gets, although r may still be waited for.
func readAhead(ctx context.Context, r io.Reader, o Options) *source {
	s := &source{ctx: ctx, full: make(chan []byte, chunks), free: make(chan []byte, chunks), stop: make(chan struct{}), sum: sha256.New()}
	s.in = &decompressor{in: r, memory: o.Accept.Memory}
	if o.exclude != nil {
		go s.run(&excludingReader{in: s.in, pieces: o.exclude})
	} else {
		go s.run(s.in)
	}
	return s
}

func (s *source) run(r io.Reader) {
	defer close(s.full)
	defer s.in.close()
	made := 0 // chunks: a short source takes few
	var rest []byte
	for {
		var b []byte
		if made < chunks && len(s.free) == 0 {
			s.free <- make([]byte, chunkBytes)
			made++
		}
		select {
		case b = <-s.free:
		case <-s.stop:
			return
		}
		held := copy(b[:chunkBytes], rest)
		n, err := r.Read(b[held:chunkBytes])
		s.sum.Write(b[held : held+n])
		n += held
		if rest = rest[:0]; n > minDivided && err == nil {
			// White space that a chunk's end divides could not be compared with the style's.
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

// Next gives the next chunk and takes back the one before.
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

// digest returns the SHA-256 of a text that was read to its end.
func (s *source) digest() string { return hex.EncodeToString(s.sum.Sum(nil)) }

// close ends the reading, and waits for its goroutine unless that may wait itself.
func (s *source) close() {
	close(s.stop)
	if s.ctx.Err() != nil {
		return
	}
	for range s.full {
	}
}
