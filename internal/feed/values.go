package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/histlog/histlog/internal/jsonscan"
)

// A value is one record to append, or the error that ended the input: io.EOF at its end.
type value struct {
	text []byte
	time []byte // the scalar at its time field, a part of text; nil if there is none
	err  error
}

// A valueStream reads ahead by at most two values, so memory does not grow with a fast
// producer. The text of a value must be returned through done.
type valueStream struct {
	next chan value
	done chan []byte
}

// valuesAhead is the number of buffers for values.
const valuesAhead = 2

// readValues starts reading the values of the files, or of standard input.
func readValues(ctx context.Context, files []string, accept jsonscan.Options) *valueStream {
	s := &valueStream{next: make(chan value, valuesAhead-1), done: make(chan []byte, valuesAhead)}
	for range valuesAhead {
		s.done <- nil
	}
	go func() {
		err := s.readAll(ctx, files, accept)
		select {
		case s.next <- value{err: err}:
		case <-ctx.Done():
		}
	}()
	return s
}

func (s *valueStream) readAll(ctx context.Context, files []string, accept jsonscan.Options) error {
	if len(files) == 0 {
		files = []string{"-"}
	}
	for _, name := range files {
		if err := s.readFile(ctx, name, accept); err != nil && err != io.EOF {
			return err
		}
	}
	return io.EOF
}

func (s *valueStream) readFile(ctx context.Context, name string, accept jsonscan.Options) error {
	in := os.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	scan := jsonscan.NewReader(in, accept)
	if _, err := scan.SkipBOM(); err != nil {
		return err
	}
	for n := 1; ; n++ {
		var buf []byte
		select {
		case buf = <-s.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		text, err := scan.Value(buf[:0])
		if err == io.EOF {
			s.done <- buf
			return err
		}
		if err != nil {
			return inValue(name, n, err)
		}
		select {
		case s.next <- value{text: text, time: scan.Captured(text)}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// inValue annotates err with the input and the number of the value.
func inValue(name string, n int, err error) error {
	if name == "-" {
		name = "standard input"
	}
	var syntax *jsonscan.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("%s, value %d: %w", name, n, err)
	}
	return fmt.Errorf("read %s: %w", name, err)
}
