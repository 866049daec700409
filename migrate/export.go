package migrate

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"iter"

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
	Records     uint64
	Lost        uint64   // records that were lost and repaired, and so are left out
	Stale       []string // members of the source's text around the records that may say what is no longer so
	first, last segment.Sequence
}

// pythonStyle is what json.dump(indent=2) writes.
func pythonStyle() *Style {
	two := "  "
	return &Style{&two, ",", ": "}
}

// Export writes the records as one JSON file. Of a log that was migrated,
// Original gives back the source, byte for byte, when the records are those
// that came from it and its writer's white space followed a pattern, as json.dump's
// does. Of a salvaged source it gives what came before the damage, which is no
// whole JSON. An error among the records ends it.
func Export(out io.Writer, l *segment.Log, format Format, records iter.Seq2[segment.Record, error]) (Exported, error) {
	w := bufio.NewWriterSize(out, 256<<10)
	frame := historyFrame()
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
	done, err := frame.write(w, records)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		done.Stale, err = frame.stale(l, done)
	}
	return done, err
}

// patterned says whether the source's white space follows a pattern, as far as
// its first record and all gaps between records show: then an export of the
// migrated records is the source, byte for byte, which VerifyRoundtrip proves.
func patterned(l *segment.Log) (bool, error) {
	var at layout
	err := readJSON(l, layoutName, &at)
	return at.Style != nil || at.Empty, err
}

// A frame is what stands around and between the records of an export.
type frame struct {
	before, after  string // in place of files
	prefix, suffix segment.File
	between        string
	records        string // where in the source they stood
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
	at, err := readLayout(l)
	if err != nil || at == nil {
		return nil, err
	}
	f := &frame{style: at.Style, depth: at.Depth, records: at.Records}
	if f.style == nil {
		f.style = pythonStyle()
	}
	switch {
	case at.Between != nil:
		f.between = *at.Between
	case f.depth == 0:
		f.between = "\n"
	default:
		line := newline{indent: f.style.Indent}
		line.move(f.depth)
		f.between = f.style.Comma + line.text
	}
	if f.prefix, err = l.OpenOrigin(prefixName); err != nil {
		return nil, err
	}
	if f.suffix, err = l.OpenOrigin(suffixName); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(err, f.prefix.Close())
	}
	return f, nil
}

func (f *frame) write(w *bufio.Writer, records iter.Seq2[segment.Record, error]) (done Exported, err error) {
	for rec, err := range records {
		if err != nil {
			return done, err
		}
		if rec.Blank {
			done.Lost++
			continue
		}
		if done.Records++; done.Records > 1 {
			_, err = w.WriteString(f.between)
		} else {
			done.first = rec.Seq
			err = f.open(w)
		}
		if err != nil {
			return done, err
		}
		done.last = rec.Seq
		f.style.write(w, rec.Text, f.depth)
	}
	switch {
	case done.Records > 0:
		return done, f.copy(w, f.suffix, f.after)
	case f.prefix == nil:
		_, err := w.WriteString(f.empty)
		return done, err
	}
	return done, errors.Join(f.copy(w, f.prefix, ""), f.copy(w, f.suffix, ""))
}

// open writes what stands before the first record.
func (f *frame) open(w *bufio.Writer) error {
	if f.prefix != nil && f.suffix == nil { // the source had no records to put these among
		f.close()
		*f = *historyFrame()
	}
	return f.copy(w, f.prefix, f.before)
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
