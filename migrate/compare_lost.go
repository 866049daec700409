package migrate

import "github.com/histlog/histlog/segment"

// A lostAligner aligns a source with a log that has lost records. A record that was lost
// and repaired may have been any record: it never contradicts a place, and never supports
// one. The place with the most records that are not lost is chosen.
type lostAligner struct {
	keys    logKeys
	next    segment.Sequence // after the log's newest record
	places  []alignment
	records segment.Sequence // of the source so far
	met     segment.Sequence // result of reached
}

// An alignment is a place in the log at which the source may begin.
type alignment struct {
	at   segment.Sequence
	met  int // records there that equal the source's
	lost int // records there that were lost, and may have equalled them
}

// maxLost is the maximum number of alignments that begin with a lost record. Every lost
// record may be the source's first, so a log with many of them would have as many
// alignments.
const maxLost = 1000

// begin finds the places at which a source that begins with the key first may begin.
func (a *lostAligner) begin(base segment.Sequence, first recordKey) error {
	unsure := 0
	return a.keys.each(base, a.next, func(seq segment.Sequence, k recordKey) {
		if k == 0 {
			unsure++
		}
		if k == first || k == 0 && unsure <= maxLost {
			a.places = append(a.places, alignment{at: seq})
		}
	})
}

func (a *lostAligner) close() { a.keys.close() }

func (a *lostAligner) reached() segment.Sequence { return a.met }

// add keeps the places at which the log has the record k or a lost one, or has ended.
func (a *lostAligner) add(k recordKey) error {
	kept := a.places[:0]
	for _, s := range a.places {
		if seq := s.at + a.records; seq < a.next {
			found, err := a.keys.at(seq)
			switch {
			case err != nil:
				return err
			case found == k:
				s.met++
				a.met = max(a.met, seq)
			case found == 0:
				s.lost++
			default:
				continue
			}
		}
		kept = append(kept, s)
	}
	a.places, a.records = kept, a.records+1
	return nil
}

// end returns the alignment with the most matching records; ties are broken by the
// fewest lost records, then by position.
func (a *lostAligner) end() (segment.Sequence, error) {
	var best alignment
	for _, s := range a.places {
		if s.met > best.met || s.met == best.met && s.lost < best.lost {
			best = s
		}
	}
	return best.at, nil
}
