package migrate

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"time"

	"github.com/histlog/histlog/segment"
)

// receiptName is the name of the receipt in origin/.
const receiptName = "receipt.json"

// exportSources is Export in the receipt of a log of several sources: an export is not one
// file. An older histlog, which does not know the word, says that an export differs from
// its source.
const exportSources = "sources"

// A Receipt is the result of a migration, as stored in origin/. A member that is nil has no
// value: no record has a time, or the source does not declare a number of entries.
type Receipt struct {
	Source       string           `json:"source"`            // as Options.Source named it; the first of several
	Sources      int              `json:"sources,omitempty"` // how many there were, if several
	Files        int              `json:"files,omitempty"`   // how many there were, if each of them is one record
	Records      uint64           `json:"records"`
	RecordsAt    string           `json:"records_at"` // JSON pointer to their array in the source, a pattern, or "stream"
	Share        float64          `json:"share"`      // part of the source's text from the first record of each array to its last, 0 to 1; 0 in receipts of older versions
	SourceBytes  int64            `json:"source_bytes"`
	SourceSHA256 string           `json:"source_sha256"` // of the source's text, decompressed
	LogBytes     int64            `json:"log_bytes"`     // of all segments, uncompressed
	LogDigest    string           `json:"log_digest"`    // CRC-64 of the records' checksums
	Segments     int              `json:"segments"`
	FirstSeq     segment.Sequence `json:"first_seq"`
	LastSeq      segment.Sequence `json:"last_seq"`
	FirstTime    *time.Time       `json:"first_time"`
	LastTime     *time.Time       `json:"last_time"`
	Times
	Elapsed     float64   `json:"elapsed_seconds"`
	PeakRSS     uint64    `json:"peak_rss_bytes"`
	Salvaged    bool      `json:"salvaged"`
	Quarantined int64     `json:"quarantined_bytes"`
	Sums        bool      `json:"checksums"`        // origin/ has checksums of its files
	Pieces      int       `json:"damaged_pieces"`   // files in quarantine/
	Damage      string    `json:"damage,omitempty"` // why the source was salvaged
	Verified    string    `json:"verified"`         // "digest", "roundtrip", "tokens" or "none"
	Export      string    `json:"export"`           // "exact": an export equals the source; "converted": except for converted tokens; "" if salvaged
	NonFinite   int64     `json:"non_finite"`       // NaN and Infinity found
	Declared    *int64    `json:"declared_entries"` // the source's own total_entries
	Migrated    time.Time `json:"migrated_at"`
}

// write stores the receipt in a draft. Closing the file syncs it: without that, a crash
// could leave an empty receipt in a complete log.
func (r Receipt) write(d *segment.Draft) error {
	return writeJSON(d, receiptName, r)
}

// writeJSON stores a small file in origin/.
func writeJSON(d *segment.Draft, name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	f, err := d.CreateOrigin(name)
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	return errors.Join(err, f.Close())
}

// ReadReceipt returns the receipt of a log; nil if the log was not migrated.
func ReadReceipt(l *segment.Log) (*Receipt, error) {
	var r Receipt
	err := readJSON(l, receiptName, &r)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return &r, err
}

// exportReceipt returns the receipt that an export is compared with. The records of one of
// several sources are exported with the numbers that they have in the source.
func exportReceipt(l *segment.Log) (*Receipt, error) {
	r, err := ReadReceipt(l)
	if err == nil && r != nil && r.FirstSeq > 1 {
		r.LastSeq -= r.FirstSeq - 1
		r.FirstSeq = 1
	}
	return r, err
}

// readJSON decodes a small file of origin/.
func readJSON(l *segment.Log, name string, into any) error {
	f, err := l.OpenOrigin(name)
	if err != nil {
		return err
	}
	b, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}
