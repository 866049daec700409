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

// An oddSpace reads spaceName: the white space of a log's records that is not as in the
// style. It is read in the order of the records, from the first one on.
type oddSpace struct {
	file   segment.File
	zstd   *zstd.Decoder
	in     *bufio.Reader
	head   bool   // the record and kind of an entry were read, and not the rest
	entry  uint64 // number of the entry's record
	kind   uint64
	asked  uint64 // number of the record being written
	inPart bool   // a part entry is being read: the next five are about it
	from   int    // offset of the part in the compact record
	to     int    // its end
	runs   uint64 // runs of the part still to read
	run    int    // offset of the next run; valid if runs > 0
	end    int    // end of the last part of the record
}

// openOddSpace opens spaceName; nil if the log has none.
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

// next reads the beginning of the next entry, unless one has begun. The end of the file
// counts as an entry of a record that does not exist.
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

// damaged returns an errSpace that wraps err, which may be nil.
func (o *oddSpace) damaged(err error) error {
	if err == nil {
		return errSpace
	}
	return fmt.Errorf("%w: %w", errSpace, err)
}

// number reads a varint of a plausible size.
func (o *oddSpace) number() (uint64, error) {
	n, err := binary.ReadUvarint(o.in)
	if err != nil || n > 1<<40 {
		return 0, o.damaged(unexpectedEOF(err))
	}
	return n, nil
}

// begin goes forward to a record and reports whether there is an entry for it. Its number
// must be greater than that of the previous call.
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

// leave skips the rest of a part.
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

// skip skips an entry.
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

// copyBetween copies the text of a between entry to out.
func (o *oddSpace) copyBetween(out io.Writer) (int64, error) {
	n, err := o.number()
	if err != nil {
		return 0, err
	}
	o.head = false
	return o.copy(out, n)
}

// copy copies n bytes to out.
func (o *oddSpace) copy(out io.Writer, n uint64) (int64, error) {
	done, err := io.CopyN(out, o.in, int64(n))
	if err != nil {
		err = o.damaged(unexpectedEOF(err))
	}
	return done, err
}

// between writes the text before the record, if it is not as in the layout, and reports
// whether it did.
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

// part reads the beginning of a part.
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

// stepRun reads the offset of the next run.
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

// copyRun copies the text of a run to out and goes to the next one.
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
	// Parts end and begin at any offset, and may be empty: several may have to be read.
	for {
		if !o.inPart {
			if err := o.next(); err != nil {
				return done, err
			}
			if o.entry != o.asked {
				return done, nil
			}
			if o.kind != partEntry { // the text before a record comes before its parts
				return done, o.damaged(nil)
			}
			if err := o.part(); err != nil {
				return done, err
			}
		}
		if offset < o.from { // before the part, the style applies
			return done, nil
		}
		// Inside the part the runs are all white space there is, so that none is written
		// where there is no run.
		done = done || offset < o.to
		for o.runs > 0 && o.run == offset {
			if err := o.copyRun(out); err != nil {
				return done, err
			}
			done = true
		}
		if o.runs > 0 && o.run < offset { // the offset of no token
			return done, o.damaged(nil)
		}
		if offset < o.to || o.runs > 0 {
			return done, nil
		}
		o.inPart = false
	}
}
