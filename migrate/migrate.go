package migrate

import (
	"cmp"
	"context"
	"errors"
	"io"
	"time"

	"github.com/histlog/histlog/internal/memguard"
	"github.com/histlog/histlog/segment"
)

// Run makes a log of a source. If err is nil, the log is complete and durable, and the
// Receipt is stored in it. Otherwise there is no log, and no directory unless it existed
// before. The source is never written to.
//
// With Options.Salvage, a truncated or damaged source becomes a log of the records
// before the damage; the rest of the source is stored in quarantine/. Of JSON Lines, and of
// an array whose elements begin lines of their own, the intact records after the damage are
// kept, too, and each damaged piece is a file in quarantine/. Receipt.Salvaged then is true,
// and Receipt.Damage says why.
func Run(ctx context.Context, o Options) (Receipt, error) {
	if err := checkSources(&o); err != nil {
		return Receipt{}, err
	}
	started := time.Now()
	// Until publish has renamed the marker into place, the directory holds a draft, which no
	// program takes for a log. A crash before that leaves the draft, and the next Run at the
	// same place removes it.
	m := &migration{ctx: ctx, o: o}
	err := m.read()
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

// A migration is one call of Run.
type migration struct {
	ctx     context.Context
	o       Options
	pass    *sourcePass
	draft   *segment.Draft
	room    bool // checkRoom has compared
	times   timeCounter
	sources []sourceReceipt // of the sources that were read; empty if there is only one
	total   int64           // bytes of all sources; 0 if there is only one
	before  int64           // bytes of those that were read
	files   io.WriteCloser  // filesName, if each source is a record; nil means that it was not created
	receipt Receipt
}

// read fills the draft with the records of the source, or of all sources.
func (m *migration) read() error {
	switch {
	case m.o.Each:
		return m.readFiles()
	case len(m.o.Sources) > 0:
		return m.readSources()
	}
	p, err := readSource(m.ctx, m.o, m.o.Accept, m.begin)
	m.pass = p
	if err != nil && m.o.Salvage {
		err = m.salvage(err)
	}
	if err == nil {
		err = m.endSource()
	}
	return err
}

// begin creates the draft for a pass over the source. It discards the draft of an earlier
// pass, which took the wrong values for records.
func (m *migration) begin(p *sourcePass) (err error) {
	if err := m.discard(); err != nil {
		return err
	}
	m.pass = p
	m.draft, err = segment.NewDraft(m.ctx, m.o.Dir, segment.Options{FS: m.o.FS, Settings: m.o.Settings, Compress: m.o.Compress})
	if err != nil {
		return err
	}
	m.times = timeCounter{}
	return m.prepare(p, nil)
}

// prepare makes a pass fill the draft. before is the pass over the source before; nil means
// none.
func (m *migration) prepare(p, before *sourcePass) (err error) {
	if len(m.o.Sources) > 0 && !m.o.Each {
		m.draft.PrefixOrigin(sourcePrefix(len(m.sources) + 1))
	}
	p.take = m.take
	p.scan.Limit(m.draft.Policy().MaxRecord)
	// The first records show where the times are.
	if before != nil && (m.o.Each || m.draft.Summary().Records > 0) {
		p.follow(before)
	} else {
		p.findTimes(m.configure)
	}
	if m.o.Each { // nothing but the record is kept
		return nil
	}
	p.origin, err = newOriginWriter(m.draft, p.scan, cmp.Or(m.o.learn, learnBytes))
	return err
}

// configure sets how the draft reads times.
func (m *migration) configure(s segment.Settings) (segment.Policy, error) {
	err := m.draft.Configure(s)
	m.times.format = m.draft.Policy().TimeFormat
	return m.draft.Policy(), err
}

// take adds a record to the draft.
func (m *migration) take(compact, timeScalar []byte) error {
	untimed := m.draft.Untimed()
	if err := m.draft.Write(compact, timeScalar); err != nil {
		return err
	}
	m.times.add(timeScalar, m.draft.Untimed() == untimed)
	return m.checkRoom()
}

// discard removes the draft, if there is one.
func (m *migration) discard() error {
	if m.draft == nil {
		return nil
	}
	var err error
	if o := m.pass.origin; o != nil {
		err = o.closeFiles()
	}
	if m.files != nil {
		_ = m.files.Close() // perhaps for the second time
	}
	if err = errors.Join(err, m.draft.Discard()); err == nil {
		m.draft = nil
	}
	return err
}

// minRatio is the minimum ratio by which compression is assumed to shrink segments.
const minRatio = 4

// sampleRoom is how many bytes of a source are read before the size of its log is
// estimated.
const sampleRoom = 8 << 20

// checkRoom compares, once, the free space of the disk with the estimated size of the
// log: a large source is refused after some megabytes, and not when the disk is full.
func (m *migration) checkRoom() error {
	read, size := m.before+m.pass.bytesDone(), max(m.total, m.pass.size)
	if m.room || size == 0 || read < min(sampleRoom, size/2) {
		return nil
	}
	m.room = true
	free, _, err := memguard.DiskFree(nearestExisting(m.o.Dir))
	if err != nil {
		return err
	}
	written := float64(m.draft.Summary().Bytes)
	need := written/float64(read)*float64(size) - written
	if m.o.Compress != segment.Plain {
		need /= minRatio
	}
	if need > float64(free) {
		return &RoomError{Need: uint64(need), Free: free}
	}
	return nil
}

// endSource completes what origin/ keeps of the source that was read last.
func (m *migration) endSource() error {
	m.pass.buf = nil // as large as the largest record; the verification needs the memory
	return m.pass.origin.close(m.pass.finder.depth, m.pass.finder.location())
}

// finish makes all but the receipt durable, and verifies it.
func (m *migration) finish() error {
	// What is verified must be on the disk: a crash between Flush and Publish leaves a draft.
	if err := m.draft.Flush(); err != nil {
		return err
	}
	view, err := m.draft.View(m.ctx)
	if err != nil {
		return err
	}
	switch {
	case m.o.Each:
		m.describeFiles()
	case len(m.sources) > 0:
		m.describeSources()
	default:
		m.describe()
	}
	m.receipt.Segments, m.receipt.Times = len(view.Segments), m.times.result(view.Marker.Settings)
	if m.receipt.Records > 0 {
		m.receipt.FirstSeq, m.receipt.LastSeq = 1, segment.Sequence(m.receipt.Records)
	}
	return m.verify(view)
}

// describe fills the receipt with what was found in the only source.
func (m *migration) describe() {
	p := m.pass
	m.receipt.Source, m.receipt.Records, m.receipt.Declared = m.o.Source, p.records, p.finder.declared
	m.receipt.RecordsAt, m.receipt.NonFinite, m.receipt.Export = p.finder.location(), p.scan.NonFinite(), m.exportKind()
	if !m.receipt.Salvaged {
		m.receipt.SourceBytes, m.receipt.SourceSHA256 = p.source.size, p.source.digest()
	}
	m.receipt.Share = p.share(m.receipt.SourceBytes)
}

// publish writes the receipt and makes the draft a log.
func (m *migration) publish(started time.Time) error {
	m.receipt.Sums = true
	m.receipt.Migrated = time.Now().UTC()
	m.receipt.Elapsed = time.Since(started).Seconds()
	m.receipt.PeakRSS = memguard.PeakRSS()
	// The receipt first: a crash between the two leaves a draft with a receipt, which is
	// removed like any other. In the other order it would leave a log without one.
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
