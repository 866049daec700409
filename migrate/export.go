package migrate

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"iter"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/segment"
)

// Format is the shape of an export.
type Format uint8

const (
	Original Format = iota // the migrated file again; without one, {"history": [...]}
	Array                  // a JSON array
)

// Exported says what an export came to.
type Exported struct {
	Records uint64
	Stale   []string // members of the source's text around the records that say what is no longer so
}

// pythonStyle is what json.dump(indent=2) writes.
func pythonStyle() *Style {
	two := "  "
	return &Style{&two, ",", ": "}
}

// Export writes the records as one JSON file. Of a log that was migrated,
// Original gives back the source, byte for byte, when the records are those
// that came from it, and its writer's white space followed a pattern: see
// [Exact]. An error among the records ends it.
func Export(out io.Writer, l *segment.Log, format Format, records iter.Seq2[segment.Record, error]) (Exported, error) {
	w := bufio.NewWriterSize(out, 256<<10)
	frame := historyFrame()
	var stale []string
	switch format {
	case Array:
		frame = plainFrame("[", "\n]\n", "[]\n", 1)
	case Original:
		original, err := openFrame(l)
		if err != nil {
			return Exported{}, err
		}
		if original != nil {
			frame = original
		}
	}
	defer frame.close()
	n, err := frame.write(w, records)
	if err != nil {
		return Exported{}, err
	}
	if err := w.Flush(); err != nil {
		return Exported{}, err
	}
	if frame.suffix != nil {
		stale, err = frame.stale(l, n)
	}
	return Exported{n, stale}, err
}

// Exact says whether the source's white space follows a pattern, as far as its
// first record and all gaps between records show: then an export of the migrated
// records is the source, byte for byte. VerifyRoundtrip proves it.
func Exact(l *segment.Log) (bool, error) {
	var at layout
	err := readJSON(l, layoutName, &at)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return at.Style != nil, err
}

// A frame is what stands around and between the records of an export.
type frame struct {
	before, after  string // in place of files
	prefix, suffix segment.File
	between        string
	empty          string // in place of everything, without records
	style          *Style
	depth          int
}

func historyFrame() *frame {
	return plainFrame(`{"history": [`, "\n  ]\n}\n", `{"history": []}`+"\n", 2)
}

func plainFrame(before, after, empty string, depth int) *frame {
	line := newline{indent: pythonStyle().Indent}
	line.move(depth)
	return &frame{before: before + line.text, after: after, between: "," + line.text, empty: empty, style: pythonStyle(), depth: depth}
}

// openFrame opens the frame of the migrated file; nil if there is none.
func openFrame(l *segment.Log) (*frame, error) {
	var at layout
	err := readJSON(l, layoutName, &at)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f := &frame{between: at.Between, style: at.Style, depth: at.Depth}
	if f.style == nil {
		f.style = pythonStyle()
	}
	if f.between == "" { // there was one record
		line := newline{indent: f.style.Indent}
		line.move(f.depth)
		f.between = f.style.Comma + line.text
		if f.depth == 0 {
			f.between = "\n"
		}
	}
	if f.prefix, err = l.OpenOrigin(prefixName); err != nil {
		return nil, err
	}
	if f.suffix, err = l.OpenOrigin(suffixName); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(err, f.prefix.Close())
	}
	return f, nil
}

func (f *frame) write(w *bufio.Writer, records iter.Seq2[segment.Record, error]) (n uint64, err error) {
	for rec, err := range records {
		if err != nil {
			return n, err
		}
		if rec.Blank {
			continue
		}
		if n++; n == 1 {
			if f.prefix != nil && f.suffix == nil { // the source had no records to put these among
				f.close()
				*f = *historyFrame()
			}
			if err := f.copy(w, f.prefix, f.before); err != nil {
				return n, err
			}
		} else if _, err := w.WriteString(f.between); err != nil {
			return n, err
		}
		f.style.write(w, rec.Text, f.depth)
	}
	if n == 0 && f.prefix == nil {
		_, err := w.WriteString(f.empty)
		return 0, err
	}
	if n == 0 {
		if err := f.copy(w, f.prefix, ""); err != nil {
			return n, err
		}
	}
	return n, f.copy(w, f.suffix, f.after)
}

// copy writes a file of the frame, or the text in its place.
func (f *frame) copy(w *bufio.Writer, from segment.File, text string) error {
	if from == nil {
		_, err := w.WriteString(text)
		return err
	}
	_, err := io.Copy(w, from)
	return err
}

func (f *frame) close() {
	for _, file := range []segment.File{f.prefix, f.suffix} {
		if file != nil {
			_ = file.Close() // it was only read
		}
	}
}

// stale names the members after the records that the source's writer kept up
// with them, if the log holds others than the source did.
func (f *frame) stale(l *segment.Log, n uint64) ([]string, error) {
	r, err := ReadReceipt(l)
	if err != nil || r == nil || n == r.Records {
		return nil, err
	}
	head := make([]byte, sampleBytes)
	k, err := f.suffix.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	_, rest, _ := bytes.Cut(head[:k], []byte{']'})
	return memberNames(rest), nil
}

// memberNames returns the names in `, "a": 1, "b": 2}`.
func memberNames(b []byte) (names []string) {
	s := jsonscan.NewBytes(b, jsonscan.Options{})
	for {
		if c, err := s.Peek(); err != nil || c != ',' {
			return names
		}
		s.Next()
		if c, err := s.Peek(); err != nil || c != '"' {
			return names
		}
		name, err := s.Value(nil)
		if err != nil {
			return names
		}
		if c, err := s.Peek(); err != nil || c != ':' {
			return names
		}
		s.Next()
		if s.Skip() != nil {
			return names
		}
		names = append(names, jsonscan.Unquote(name))
	}
}
