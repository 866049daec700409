package migrate

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/histlog/histlog/segment"
	"github.com/klauspost/compress/zstd"
)

// An oddSpace reads the white space of a log's records that is not the style's, from the first record on.
type oddSpace struct {
	file   segment.File
	zstd   *zstd.Decoder
	in     *bufio.Reader
	head   bool   // an entry has begun: entry and kind are its
	entry  uint64 // the record of the entry
	kind   uint64
	asked  uint64 // the record that is being written
	from   int    // of the part being read, in the compact record
	to     int
	runs   uint64 // of the part, still to come
	run    int    // where the next one stands, if runs > 0
	inPart bool
	end    int // of the part before
}

// openOddSpace opens the white space of a log that is not its style's; nil if there is none.
func openOddSpace(l *segment.Log) (*oddSpace, error) {
	f, err := l.OpenOrigin(spaceName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	z, err := zstd.NewReader(bufio.NewReader(f), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(minWindow))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	o := &oddSpace{file: f, zstd: z, in: bufio.NewReader(z)}
	return o, nil
}

func (o *oddSpace) close() {
	o.zstd.Close()
	_ = o.file.Close() // it was only read
}

// next reads the beginning of the next entry, unless one has begun. At the end
// there is an entry of a record that does not exist.
func (o *oddSpace) next() error {
	if o.head {
		return nil
	}
	step, err := binary.ReadUvarint(o.in)
	if err == io.EOF {
		o.entry, o.head = 1<<63, true
		return nil
	}
	if err != nil {
		return o.damaged(err)
	}
	o.entry += step
	if o.kind, err = binary.ReadUvarint(o.in); err != nil {
		return o.damaged(err)
	}
	o.head = true
	if o.kind > partEntry || o.entry == 0 {
		return o.damaged(nil)
	}
	return nil
}

func (o *oddSpace) damaged(err error) error {
	if err == nil {
		return errSpace
	}
	return fmt.Errorf("%w: %w", errSpace, err)
}

func (o *oddSpace) number() (uint64, error) {
	n, err := binary.ReadUvarint(o.in)
	if err != nil || n > 1<<40 {
		return 0, o.damaged(unexpectedEOF(err))
	}
	return n, nil
}

// begin goes to a record, which must come after that before, and reports whether
// there is an entry of it.
func (o *oddSpace) begin(record uint64) (bool, error) {
	if err := o.leave(); err != nil {
		return false, err
	}
	o.asked = record
	for {
		if err := o.next(); err != nil {
			return false, err
		}
		if o.entry >= record {
			o.end = 0
			return o.entry == record, nil
		}
		if err := o.skip(); err != nil {
			return false, err
		}
	}
}

// leave reads what is left of a part.
func (o *oddSpace) leave() error {
	for o.inPart {
		if o.runs == 0 {
			o.inPart = false
			break
		}
		if err := o.copyRun(io.Discard); err != nil {
			return err
		}
	}
	return nil
}

// skip reads past an entry.
func (o *oddSpace) skip() error {
	if o.kind == betweenEntry {
		_, err := o.copyBetween(io.Discard)
		return err
	}
	if err := o.part(); err != nil {
		return err
	}
	return o.leave()
}

func (o *oddSpace) copyBetween(out io.Writer) (int64, error) {
	n, err := o.number()
	if err != nil {
		return 0, err
	}
	o.head = false
	return o.copy(out, n)
}

func (o *oddSpace) copy(out io.Writer, n uint64) (int64, error) {
	done, err := io.CopyN(out, o.in, int64(n))
	if err != nil {
		err = o.damaged(unexpectedEOF(err))
	}
	return done, err
}

// between writes what stands before the record, if it is not what the layout has, and reports whether it did.
func (o *oddSpace) between(out io.Writer) (done bool, err error) {
	for {
		if err := o.next(); err != nil {
			return done, err
		}
		if o.entry != o.asked || o.kind != betweenEntry {
			return done, nil
		}
		if _, err := o.copyBetween(out); err != nil {
			return done, err
		}
		done = true
	}
}

// part begins a part.
func (o *oddSpace) part() error {
	skip, err := o.number()
	if err != nil {
		return err
	}
	length, err := o.number()
	if err != nil {
		return err
	}
	if o.runs, err = o.number(); err != nil {
		return err
	}
	o.head, o.inPart = false, true
	o.from = o.end + int(skip)
	o.to = o.from + int(length)
	o.end, o.run = o.to, o.from
	return o.stepRun()
}

// stepRun reads where the next run stands.
func (o *oddSpace) stepRun() error {
	if o.runs == 0 {
		return nil
	}
	step, err := o.number()
	if err != nil {
		return err
	}
	if o.run += int(step); o.run > o.to {
		return o.damaged(nil)
	}
	return nil
}

func (o *oddSpace) copyRun(out io.Writer) error {
	n, err := o.number()
	if err != nil {
		return err
	}
	if _, err := o.copy(out, n); err != nil {
		return err
	}
	o.runs--
	return o.stepRun()
}

// at implements gaps for the record that begin went to.
func (o *oddSpace) at(out *bufio.Writer, offset int) (done bool, err error) {
	for {
		if !o.inPart {
			if err := o.next(); err != nil {
				return done, err
			}
			if o.entry != o.asked {
				return done, nil
			}
			if o.kind != partEntry { // which stands before all parts
				return done, o.damaged(nil)
			}
			if err := o.part(); err != nil {
				return done, err
			}
		}
		if offset < o.from {
			return done, nil
		}
		done = done || offset < o.to
		for o.runs > 0 && o.run == offset {
			if err := o.copyRun(out); err != nil {
				return done, err
			}
			done = true
		}
		if o.runs > 0 && o.run < offset {
			return done, o.damaged(nil)
		}
		if offset < o.to || o.runs > 0 {
			return done, nil
		}
		o.inPart = false
	}
}
