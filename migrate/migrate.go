package migrate

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/histlog/histlog/internal/memguard"
	"github.com/histlog/histlog/segment"
)

// Options say what to migrate, where to, and what to accept. Source and Dir
// must be set.
type Options struct {
	Source   string           // a file's path, or "-" for Stdin
	Stdin    io.Reader        // nil: os.Stdin
	Dir      string           // missing or empty
	Records  *segment.Pointer // names the array of records; nil: found
	Accept   Accept           // what is let in beyond JSON
	Settings segment.Settings // of the new log
	Compress segment.Codec    // of its full segments
	Verify   Verify
	Salvage  bool                 // of a cut or damaged source, keep what is whole
	Progress func(read, of int64) // told of the bytes read; of is 0 where the size is not known
	FS       segment.FS           // nil: the machine's
	exclude  []piece              // of the source, a stream, which are left out as damaged
}

// Run migrates. When it returns nil, the log is there, durable and whole, and
// the Receipt stands in it too; otherwise nothing is: no log, and no
// directory unless it was there before. The source is never written to.
//
// With Options.Salvage a source that is cut or damaged becomes a log of the
// records that are whole before the damage, with all that follows them in
// quarantine/. Of JSON Lines the lines behind the damage are kept too, and each
// piece of damage is a file in quarantine/. Receipt.Salvaged says so, and
// Receipt.Damage why.
func Run(ctx context.Context, o Options) (Receipt, error) {
	if o.Salvage && readOnce(o.Source) {
		return Receipt{}, ErrOnce
	}
	started := time.Now()
	m := &migration{ctx: ctx, o: o}
	p, err := readSource(ctx, o, o.Accept, m.begin)
	m.pass = p
	if err != nil && o.Salvage {
		err = m.salvage(err)
	}
	if err == nil {
		err = m.finish()
	}
	if err == nil {
		err = m.publish(started)
	}
	if err != nil {
		return Receipt{}, errors.Join(err, m.discard())
	}
	return m.receipt, nil
}

// A migration makes one draft a log.
type migration struct {
	ctx     context.Context
	o       Options
	pass    *sourcePass
	draft   *segment.Draft
	room    bool // was looked for
	receipt Receipt
}

// begin makes a draft for a pass; that of a pass before is gone.
func (m *migration) begin(p *sourcePass) (err error) {
	if err := m.discard(); err != nil {
		return err
	}
	m.pass = p
	m.draft, err = segment.NewDraft(m.o.Dir, segment.Options{FS: m.o.FS, Settings: m.o.Settings, Compress: m.o.Compress})
	if err != nil {
		return err
	}
	p.take = m.take
	policy := m.draft.Policy()
	p.scan.Limit(policy.MaxRecord)
	p.scan.Capture(policy.TimeField)
	p.origin, err = newOriginWriter(m.draft, p.scan)
	return err
}

func (m *migration) take(compact, timeScalar []byte) error {
	if err := m.draft.Write(compact, timeScalar); err != nil {
		return err
	}
	return m.checkRoom()
}

// discard removes the draft, if there is one.
func (m *migration) discard() error {
	if m.draft == nil {
		return nil
	}
	var err error
	if o := m.pass.origin; o != nil {
		err = o.abandon()
	}
	if err = errors.Join(err, m.draft.Discard()); err == nil {
		m.draft = nil
	}
	return err
}

// minRatio is how far segments shrink at least, by what is known before.
const minRatio = 4

// sampleRoom bytes of a source tell how large its log will be.
const sampleRoom = 8 << 20

// checkRoom compares, once, the room on the disk with what the log will take.
func (m *migration) checkRoom() error {
	read := m.pass.bytesDone()
	if m.room || m.pass.size == 0 || read < min(sampleRoom, m.pass.size/2) {
		return nil
	}
	m.room = true
	free, _, err := memguard.DiskFree(m.o.Dir)
	if err != nil {
		return err
	}
	written := float64(m.draft.Summary().Bytes)
	need := written/float64(read)*float64(m.pass.size) - written
	if m.o.Compress != segment.Plain {
		need /= minRatio
	}
	if need > float64(free) {
		return &RoomError{Need: uint64(need), Free: free}
	}
	return nil
}

// finish makes everything durable and proves it.
func (m *migration) finish() error {
	p := m.pass
	if err := p.origin.close(p.finder.depth, p.finder.location()); err != nil {
		return err
	}
	p.buf = nil
	if err := m.draft.Flush(); err != nil {
		return err
	}
	view, err := m.draft.View(m.ctx)
	if err != nil {
		return err
	}
	m.receipt.Source, m.receipt.Records, m.receipt.Declared = m.o.Source, p.records, p.finder.declared
	m.receipt.NonFinite = p.scan.NonFinite()
	m.receipt.RecordsAt, m.receipt.ClockTimes = p.finder.location(), m.draft.Untimed()
	if !m.receipt.Salvaged {
		m.receipt.SourceBytes, m.receipt.SourceSHA256 = p.source.size, p.source.digest()
	}
	m.receipt.Segments, m.receipt.Export = len(view.Segments), m.exportKind()
	if p.records > 0 {
		m.receipt.FirstSeq, m.receipt.LastSeq = 1, segment.Sequence(p.records)
	}
	return m.verify(view)
}

// publish writes the receipt and makes the draft a log.
func (m *migration) publish(started time.Time) error {
	m.receipt.Sums = true
	m.receipt.Migrated = time.Now().UTC()
	m.receipt.Elapsed = time.Since(started).Seconds()
	m.receipt.PeakRSS = memguard.PeakRSS()
	if err := m.receipt.write(m.draft); err != nil {
		return err
	}
	if err := m.draft.Publish(); err != nil {
		return err
	}
	m.draft = nil
	m.receipt.Elapsed = time.Since(started).Seconds()
	return nil
}
