package main

import (
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
)

// damagedRecords says which records are damaged. Consecutive records that are damaged for the
// same reason are one message: if a frame of a compressed segment is damaged, so are all of its records.
type damagedRecords struct {
	say         func(format string, a ...any)
	first, last segment.Sequence // of the next message; 0 means that there is none
	err         error            // of first
}

// add adds a damaged record. Sequences must ascend.
func (d *damagedRecords) add(seq segment.Sequence, err error) {
	if d.first != 0 && seq == d.last+1 && reasonOf(err) == reasonOf(d.err) {
		d.last = seq
		return
	}
	d.flush()
	d.first, d.last, d.err = seq, seq, err
}

// flush says what was not said yet.
func (d *damagedRecords) flush() {
	switch {
	case d.first == 0:
	case d.first == d.last:
		d.say("record %d is damaged and skipped: %v", d.first, d.err)
	default:
		d.say("records %s are damaged and skipped: %s", term.Range(d.first, d.last), reasonOf(d.err))
	}
	d.first = 0
}

// reasonOf returns why a record is damaged, without its sequence and offset.
func reasonOf(err error) string {
	if e, ok := errorOf[*segment.CorruptError](err); ok {
		return e.Path + ": " + e.Reason
	}
	return err.Error()
}
