package migrate

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"github.com/histlog/histlog/internal/jsonscan"
)

// salvage makes the draft one of the records before the damage that err is
// about, and puts the rest of the source into quarantine. It returns err if
// that can't be salvaged.
//
// The rest begins behind the last whole record, or with the source's first byte
// if there is none: prefix, records and rest are the source.
func (m *migration) salvage(err error) error {
	if m.draft == nil || !damage(err) {
		return err
	}
	p := m.pass
	if p.walk.doc != nil { // whole values before the damage, but no records
		return p.walk.doc.undecided(p.records)
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
	if e := m.quarantineRest(from); e != nil {
		return e
	}
	if m.receipt.SourceBytes == 0 { // nothing of it could be had
		return err
	}
	return nil
}

// damage says whether err is about a source that can be salvaged.
func damage(err error) bool {
	var at *SourceError
	return (errors.As(err, &at) || errors.Is(err, ErrCompressed)) && !errors.Is(err, ErrChanged) && !errors.Is(err, jsonscan.ErrTooLarge)
}

// quarantineRest copies the source from an offset on, and reads all of it for
// the receipt. Of a compressed source that is what can be had of it.
func (m *migration) quarantineRest(from int64) error {
	f, info, err := openSource(m.o.Source)
	if err != nil {
		return err
	}
	defer f.Close()
	if !same(info, m.pass.info) {
		return m.pass.here(ErrChanged)
	}
	text := &text{in: f, memory: m.o.Accept.Memory}
	defer text.close()
	sum := sha256.New()
	if _, err := io.CopyN(sum, text, from); err != nil {
		return err
	}
	out, err := m.draft.CreateQuarantine(from)
	if err != nil {
		return err
	}
	n, err := io.Copy(out, io.TeeReader(text, sum))
	if errors.Is(err, ErrCompressed) {
		err = nil
	}
	m.receipt.Quarantined, m.receipt.SourceBytes, m.receipt.SourceSHA256 = n, from+n, hex.EncodeToString(sum.Sum(nil))
	return errors.Join(err, out.Close(), compareInfo(f, info))
}
