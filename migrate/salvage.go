package migrate

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math"

	"github.com/histlog/histlog/internal/jsonscan"
)

// salvage fills the draft with the records that are intact in spite of the damage that err
// reports, and copies the rest of the source to quarantine/. It returns err if nothing can
// be salvaged.
func (m *migration) salvage(err error) error {
	if m.draft == nil || !salvageable(err) {
		return err
	}
	if lines, e := m.salvageLines(err); lines || e != nil {
		return e
	}
	if array, e := m.salvageArray(err); array || e != nil {
		return e
	}
	return m.salvageBeginning(err)
}

// salvageLines salvages a source of JSON Lines. lines is false if the source is not one, or
// if it is only damaged at its end, which salvageBeginning keeps more exactly.
func (m *migration) salvageLines(err error) (lines bool, _ error) {
	first := m.pass
	if at := m.o.Records; at != nil && len(at.Tokens()) > 0 {
		return false, nil
	}
	pieces, lines, e := m.damagedLines()
	if e != nil || !lines || len(pieces) == 0 {
		return false, e
	}
	// A single piece at the end, after records read as a stream: the first pass has all that
	// there is, and its draft has the exact bytes around the records.
	if len(pieces) == 1 && first.finder.depth == 0 && first.records > 0 {
		if continues, e := m.continuesAfter(pieces[0]); e != nil || !continues {
			return false, e
		}
	}
	if e := m.readWithout(&exclusion{pieces, shape{stream: true, named: m.o.Records != nil}}, first); e != nil {
		return true, e
	}
	return true, m.salvaged(err)
}

// readWithout makes another draft, from the version of the source that the first pass read,
// without the pieces of x.
func (m *migration) readWithout(x *exclusion, first *sourcePass) (err error) {
	m.o.exclude = x
	m.pass, err = readSource(m.ctx, m.o, m.o.Accept, m.begin)
	if err == nil && !sameVersion(m.pass.info, first.info) {
		err = m.pass.errorHere(ErrChanged)
	}
	return err
}

// salvaged notes the damage, and copies the pieces that were excluded to quarantine/.
func (m *migration) salvaged(damage error) error {
	m.receipt.Salvaged, m.receipt.Damage = true, damage.Error()
	return m.quarantine(m.o.exclude.pieces)
}

// continuesAfter reports whether the source continues after a piece.
func (m *migration) continuesAfter(p piece) (continues bool, err error) {
	err = m.readText(func(text io.Reader) error {
		size, err := io.Copy(io.Discard, text)
		continues = p.to < size
		return ignoreDamagedEnd(err)
	})
	return continues, err
}

// damagedLines looks for damaged lines in the source.
func (m *migration) damagedLines() (pieces []piece, lines bool, err error) {
	err = m.readText(func(text io.Reader) error {
		pieces, lines, err = damagedLines(m.ctx, text, m.o.Accept, newTimeField(m.o.Settings))
		return err
	})
	return pieces, lines, err
}

// readText calls read with the text of the source, which must not have changed.
func (m *migration) readText(read func(text io.Reader) error) error {
	f, info, err := openSource(m.o.Source)
	if err != nil {
		return err
	}
	defer f.Close()
	if !sameVersion(info, m.pass.info) {
		return m.pass.errorHere(ErrChanged)
	}
	text := &decompressor{in: f, memory: m.o.Accept.Memory}
	defer text.close()
	if err := read(text); err != nil {
		return err
	}
	return checkUnchanged(f, info)
}

// salvageBeginning keeps the records before the damage, which the draft holds.
//
// The rest begins after the last intact record, or with the source's first byte if there
// is none, so that prefix, records and rest together are the source.
func (m *migration) salvageBeginning(err error) error {
	p := m.pass
	if p.finder.document != nil { // the values before the damage are not records
		return p.finder.document.undecided(p.records)
	}
	if e := p.endSample(); e != nil {
		return e
	}
	from := p.end
	if p.records == 0 {
		from = 0
		if err := p.origin.forgetPrefix(); err != nil {
			return err
		}
	}
	if err := p.origin.endAtDamage(); err != nil {
		return err
	}
	m.receipt.Salvaged, m.receipt.Damage = true, err.Error()
	if e := m.quarantine([]piece{{from, math.MaxInt64}}); e != nil {
		return e
	}
	if m.receipt.SourceBytes == 0 { // nothing of a compressed source could be read
		return err
	}
	return nil
}

// salvageable reports whether err is about a source that can be salvaged.
func salvageable(err error) bool {
	var at *SourceError
	return (errors.As(err, &at) || errors.Is(err, ErrCompressed)) && !errors.Is(err, ErrChanged) && !errors.Is(err, jsonscan.ErrTooLarge)
}

// quarantine copies pieces of the source to quarantine/, and reads all of it for the
// receipt. Of a damaged compressed source, all means what can be decompressed.
func (m *migration) quarantine(pieces []piece) error {
	sum, size := sha256.New(), int64(0)
	err := m.readText(func(text io.Reader) error {
		for _, p := range pieces {
			n, err := io.CopyN(sum, text, p.from-size)
			if size += n; err != nil {
				return err
			}
			out, err := m.draft.CreateQuarantine(p.from)
			if err != nil {
				return err
			}
			n, err = io.Copy(out, io.TeeReader(io.LimitReader(text, p.to-p.from), sum))
			size += n
			m.receipt.Quarantined += n
			m.receipt.Pieces++
			if err = errors.Join(ignoreDamagedEnd(err), out.Close()); err != nil {
				return err
			}
		}
		n, err := io.Copy(sum, text)
		size += n
		return ignoreDamagedEnd(err)
	})
	m.receipt.SourceBytes, m.receipt.SourceSHA256 = size, hex.EncodeToString(sum.Sum(nil))
	return err
}

// ignoreDamagedEnd returns err, or nil for the damage at which a compressed text ends.
func ignoreDamagedEnd(err error) error {
	if errors.Is(err, ErrCompressed) {
		return nil
	}
	return err
}
