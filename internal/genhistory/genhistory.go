package genhistory

import (
	"fmt"
	"io"
	"time"
)

// Shape is how the batches are wrapped.
type Shape string

// The shapes. ShapeHistory is the default.
const (
	// ShapeHistory is the pipeline's own file: an object whose "history"
	// holds the batches, followed by four members about the last of them.
	ShapeHistory Shape = "history"
	// ShapeArray is an array of batches.
	ShapeArray Shape = "array"
	// ShapeNDJSON is one compact line for each batch; Indent is ignored.
	ShapeNDJSON Shape = "ndjson"
	// ShapeBatch is one batch alone: the one that follows Records ticks,
	// which the pipeline would append next to the other shapes.
	ShapeBatch Shape = "batch"
)

const (
	defaultBatchBytes = 1_800_000
	minBatchBytes     = 2_000
	flushBytes        = 64 << 10
)

// Options say what Write makes. The zero value means a history without batches.
type Options struct {
	// Records is the number of batches, one for each tick.
	Records int
	// BatchBytes is the approximate size of one batch in bytes, in ShapeHistory
	// with 2 spaces; other shapes and indents hold the same values in fewer or more
	// bytes. 0 means 1,800,000; the minimum is 2,000. Batches of less than 40,000
	// bytes have matches with fewer members.
	BatchBytes int
	// Seed selects the content.
	Seed uint64
	// Shape is how the batches are wrapped; "" means ShapeHistory.
	Shape Shape
	// Indent is json.dump's indent; the zero value is 2 spaces.
	Indent Indent
}

// Validate returns an error if o is invalid. Write returns the same error.
func (o Options) Validate() error {
	_, err := o.withDefaults()
	return err
}

// withDefaults returns o with its zero values replaced by the defaults.
func (o Options) withDefaults() (Options, error) {
	if o.BatchBytes == 0 {
		o.BatchBytes = defaultBatchBytes
	}
	if o.Shape == "" {
		o.Shape = ShapeHistory
	}
	switch {
	case o.Records < 0:
		return o, fmt.Errorf("records: %d is negative", o.Records)
	case o.BatchBytes < minBatchBytes:
		return o, fmt.Errorf("batch bytes: %d is less than %d", o.BatchBytes, minBatchBytes)
	}
	switch o.Shape {
	case ShapeHistory, ShapeArray, ShapeNDJSON, ShapeBatch:
	default:
		return o, fmt.Errorf("shape: %q is not history, array, ndjson or batch", o.Shape)
	}
	return o, o.Indent.validate()
}

// Write makes the batches that o describes and writes them to w. It holds about one batch
// in memory. Like json.dump it writes no line feed at the end, except in ShapeNDJSON.
func Write(w io.Writer, o Options) error {
	o, err := o.withDefaults()
	if err != nil {
		return fmt.Errorf("generate history: %w", err)
	}
	if o.Shape == ShapeNDJSON {
		o.Indent = IndentCompact
	}
	f := &file{w: w, enc: newEncoder(o.Indent), pipe: newPipeline(o.Seed, o.BatchBytes)}
	switch o.Shape {
	case ShapeHistory:
		err = f.history(o.Records)
	case ShapeArray:
		err = f.batches(o.Records)
	case ShapeNDJSON:
		err = f.lines(o.Records)
	case ShapeBatch:
		err = f.next(o.Records)
	}
	if err == nil {
		err = f.flush(0)
	}
	if err != nil {
		return fmt.Errorf("generate history: %w", err)
	}
	return nil
}

// file is one output being written.
type file struct {
	w    io.Writer
	enc  *encoder
	pipe *pipeline
}

// history writes ShapeHistory.
func (f *file) history(records int) error {
	e := f.enc
	e.beginObject()
	e.key("history")
	if err := f.batches(records); err != nil {
		return err
	}
	e.key("last_updated")
	e.str(isoTime(f.pipe.now))
	e.key("total_entries")
	e.int(int64(records))
	e.key("latest_match_count")
	e.int(int64(len(f.pipe.live)))
	e.key("ny_timestamp")
	e.str(clockTime(f.pipe.now))
	e.endObject()
	return nil
}

// batches writes an array of batches.
func (f *file) batches(records int) error {
	f.enc.beginArray()
	for range records {
		f.pipe.tick()
		f.pipe.writeBatch(f.enc)
		if err := f.flush(flushBytes); err != nil {
			return err
		}
	}
	f.enc.endArray()
	return nil
}

// lines writes ShapeNDJSON.
func (f *file) lines(records int) error {
	for range records {
		f.pipe.tick()
		f.pipe.writeBatch(f.enc)
		f.enc.endLine()
		if err := f.flush(flushBytes); err != nil {
			return err
		}
	}
	return nil
}

// next writes the batch that follows the given number of ticks.
func (f *file) next(ticks int) error {
	for range ticks + 1 {
		f.pipe.tick()
	}
	f.pipe.writeBatch(f.enc)
	return nil
}

// flush writes the encoded bytes to w if there are at least minBytes.
func (f *file) flush(minBytes int) error {
	if len(f.enc.buf) < minBytes {
		return nil
	}
	if _, err := f.w.Write(f.enc.buf); err != nil {
		return fmt.Errorf("write batch %d: %w", f.pipe.ticks, err)
	}
	f.enc.buf = f.enc.buf[:0]
	return nil
}

// isoTime formats t as Python's datetime.isoformat does if t has microseconds.
func isoTime(t time.Time) string { return t.Format("2006-01-02T15:04:05.000000-07:00") }

// clockTime formats t as the pipeline shows it to people.
func clockTime(t time.Time) string { return t.Format("01/02/2006 03:04:05 PM MST") }
