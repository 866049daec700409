package main

import (
	"bytes"
	"cmp"
	"runtime"

	"github.com/histlog/histlog/internal/field"
	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// How cat --fields uses several cores
//
// The stream reads and verifies the records. The printer copies them into blocks, and a
// goroutine for each full block takes the fields out of its records. A large record has a block
// of its own, and a very large one is not copied: the stream waits for it. A block has a turn: it
// writes only after the block before has written everything. Until then its rows are in a
// small buffer; if that is full, the goroutine waits for its turn and then writes without it.
// So rows are in order, and memory has a limit however many rows a record gives.

const (
	blockSize  = 256 << 10 // bytes of the records in a block that has several
	maxRecords = 4096      // in a block
	maxCopied  = 2 << 20   // bytes of a record that is copied into a block
	maxWorkers = 3         // more than a reader can keep busy
	maxWaiting = 64 << 10  // bytes of rows that wait for their turn
)

// A fieldPrinter prints fields of records. A block is in free, or current, or a goroutine works
// on it and then puts it into free.
type fieldPrinter struct {
	out       *output
	maxCopied int
	direct    *block // for records that are too large for a copy
	blocks    []*block
	current   *block        // takes the next records; nil means none
	free      chan *block   // with room for all
	written   chan struct{} // closed when the block that was sent last has written its rows
}

// newFieldPrinter returns a function that makes a printer of fields in a format.
func newFieldPrinter(fields []field.Field, format rowFormat) newPrinterFunc {
	header := format.header
	return func(c *cli.Context, _ *segment.Log, out *output) (printer, error) {
		p := &fieldPrinter{out: out, maxCopied: maxCopied, written: make(chan struct{})}
		if most := maxRecord(c); most > 0 {
			p.maxCopied = int(min(maxCopied, most/4)) // the budget is enough for a few copies
		}
		close(p.written)
		workers := max(1, min(runtime.GOMAXPROCS(0)-1, maxWorkers)) // the stream has the other one
		p.free = make(chan *block, workers+1)
		for range cap(p.free) {
			b := newBlock(fields, format)
			p.blocks = append(p.blocks, b)
			p.free <- b
		}
		p.direct = newBlock(fields, format)
		if header != nil { // not again if -F continues with another log
			if err := header(out); err != nil {
				return printer{}, err
			}
			header = nil
		}
		return printer{show: p.show, flush: p.flush}, nil
	}
}

// show prints the fields of a record, perhaps later. An error may be that of an earlier record.
func (p *fieldPrinter) show(rec reader.Record) error {
	if len(rec.Text) > p.maxCopied {
		if err := p.flush(); err != nil {
			return err
		}
		p.direct.out.begin(p.out, p.written)
		err := p.direct.print(recordOf(rec))
		return cmp.Or(err, p.direct.out.end())
	}
	if b := p.current; b != nil && (len(b.text)+len(rec.Text) > blockSize || len(b.records) == maxRecords) {
		p.send()
	}
	if p.current == nil {
		p.current = <-p.free
		if err := p.current.err; err != nil {
			return err
		}
	}
	p.current.add(recordOf(rec), p.maxCopied)
	return nil
}

func recordOf(rec reader.Record) field.Record {
	return field.Record{Text: rec.Text, Seq: uint64(rec.Seq), Time: rec.Time, Arrived: rec.Arrived}
}

// send gives the current block to a goroutine.
func (p *fieldPrinter) send() {
	b, turn, written := p.current, p.written, make(chan struct{})
	p.current, p.written = nil, written
	b.out.begin(p.out, turn)
	go func() {
		b.printAll()
		close(written)
		p.free <- b
	}()
}

// flush prints all records that show was called with.
func (p *fieldPrinter) flush() error {
	if p.current != nil {
		p.send()
	}
	<-p.written // and so have all blocks before
	for _, b := range p.blocks {
		if b.err != nil {
			return b.err
		}
	}
	return nil
}

// A block is some records and what takes fields out of them. It is used by one goroutine at a
// time.
type block struct {
	records []field.Record // without their texts
	ends    []int          // of their texts in text
	text    []byte
	fields  *field.Extractor
	rows    rowWriter
	out     turnWriter
	err     error // of a write
}

func newBlock(fields []field.Field, format rowFormat) *block {
	b := &block{fields: field.NewExtractor(fields), text: make([]byte, 0, blockSize)}
	b.rows = format.rows(&b.out)
	return b
}

// add copies a record into the block. largest is the size of the largest record that will be added.
func (b *block) add(rec field.Record, largest int) {
	// A buffer for all records leaves less garbage than one that grows.
	if n := len(b.text) + len(rec.Text); n > cap(b.text) {
		b.text = append(make([]byte, 0, max(n, largest)), b.text...)
	}
	b.text = append(b.text, rec.Text...)
	rec.Text = nil
	b.records, b.ends = append(b.records, rec), append(b.ends, len(b.text))
}

// printAll prints the fields of all records and removes them.
func (b *block) printAll() {
	from := 0
	for i, rec := range b.records {
		if b.err != nil {
			break
		}
		rec.Text = b.text[from:b.ends[i]]
		from = b.ends[i]
		b.err = b.print(rec)
	}
	if err := b.out.end(); b.err == nil {
		b.err = err
	}
	b.records, b.ends, b.text = b.records[:0], b.ends[:0], b.text[:0]
}

// print prints the fields of one record.
func (b *block) print(rec field.Record) error {
	if err := b.fields.Rows(rec, b.rows.row); err != nil {
		return err
	}
	return b.rows.flush()
}

// A turnWriter writes to an output that others also write to, in turn.
type turnWriter struct {
	out     *output
	turn    <-chan struct{} // closed when the writers before have written everything
	waiting bytes.Buffer    // written before the turn began
	begun   bool            // the turn has begun, and waiting is empty
}

func (w *turnWriter) begin(out *output, turn <-chan struct{}) {
	w.out, w.turn, w.begun = out, turn, false
}

func (w *turnWriter) Write(p []byte) (int, error) {
	if !w.begun && w.waiting.Len()+len(p) <= maxWaiting {
		return w.waiting.Write(p)
	}
	if err := w.end(); err != nil {
		return 0, err
	}
	return w.out.Write(p)
}

// end waits for the turn and writes what has waited for it.
func (w *turnWriter) end() error {
	if w.begun {
		return nil
	}
	<-w.turn
	w.begun = true
	_, err := w.waiting.WriteTo(w.out)
	return err
}
