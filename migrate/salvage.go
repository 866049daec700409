package migrate

import (
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
	var damage *SourceError
	if m.draft == nil || (!errors.As(err, &damage) && !errors.Is(err, ErrCompressed)) || errors.Is(err, ErrChanged) || errors.Is(err, jsonscan.ErrTooLarge) {
		return err
	}
	p := m.pass
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
	n, e := m.quarantineRest(from)
	if e != nil {
		return e
	}
	m.receipt.Salvaged, m.receipt.Quarantined, m.receipt.Damage = true, n, err.Error()
	return nil
}

// quarantineRest copies the source from an offset on, and counts it. Of a
// compressed source that is what can be had of it.
func (m *migration) quarantineRest(from int64) (int64, error) {
	f, info, err := openSource(m.o.Source)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	text := &text{in: f}
	defer text.close()
	if _, err := io.CopyN(io.Discard, text, from); err != nil {
		return 0, err
	}
	out, err := m.draft.CreateQuarantine(from)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(out, text)
	if errors.Is(err, ErrCompressed) {
		err = nil
	}
	return n, errors.Join(err, out.Close(), compareInfo(f, info))
}
