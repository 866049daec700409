package migrate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"unicode/utf8"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/segment"
)

// A layout is the content of layout.json: how the source's writer formatted records.
type layout struct {
	Records string       `json:"records"` // pointer to their array, a pattern, or "stream"
	Depth   int          `json:"depth"`   // containers around a record
	Between *string      `json:"between"` // bytes from the end of the first record to the second; nil means fewer than two
	Spaces  *Style       `json:"spaces"`  // white space inside records; nil means no records, or a layout with Style
	Style   *formerStyle `json:"style,omitempty"`
	Count   uint64       `json:"count"` // number of migrated records, which spaceName may have entries for
	Empty   bool         `json:"empty"` // there was no record, so that the prefix is the whole source
	base    *base        // nil means that Records is not a pattern
}

// errLayout is returned for a base or texts between records that no originWriter writes.
var errLayout = fmt.Errorf("%w: %s contradicts the records", ErrOrigin, layoutName)

// A base is the content of the array or object that the first star of a pattern is about.
// Around it are bytes that belong to no record.
type base struct {
	Pattern string `json:"pattern"`
	From    int64  `json:"from"` // where it begins in prefix
	To      int64  `json:"to"`   // where it ends in suffix, or in prefix if there was no record
}

// plainLayout has the fields of a layout and not its methods.
type plainLayout layout

// MarshalJSON writes a pattern as an object, and a pointer as a string. An older histlog,
// which does not know patterns, returns an error for the object.
func (at layout) MarshalJSON() ([]byte, error) {
	if at.base == nil {
		return json.Marshal(plainLayout(at))
	}
	at.base.Pattern = at.Records
	return json.Marshal(struct {
		Records *base `json:"records"`
		plainLayout
	}{at.base, plainLayout(at)})
}

// UnmarshalJSON reads what MarshalJSON has written.
func (at *layout) UnmarshalJSON(b []byte) error {
	raw := struct {
		Records json.RawMessage `json:"records"`
		*plainLayout
	}{plainLayout: (*plainLayout)(at)}
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	switch {
	case len(raw.Records) == 0:
		return nil
	case raw.Records[0] != '{':
		return inMember("records", json.Unmarshal(raw.Records, &at.Records))
	}
	at.base = new(base)
	err := json.Unmarshal(raw.Records, at.base)
	at.Records = at.base.Pattern
	return inMember("records", err)
}

// A formerStyle is the style in layouts of older versions, without Spaces.
type formerStyle struct {
	Indent *string `json:"indent"` // of each level; nil means that a record is one line
	Comma  string  `json:"comma"`
	Colon  string  `json:"colon"`
}

// style returns the style for writing records.
func (at *layout) style() *Style {
	switch {
	case at.Spaces != nil:
		return at.Spaces
	case at.Style != nil:
		return jsonDump(at.Style.Indent, at.Style.Comma, at.Style.Colon, at.Depth)
	}
	return pythonStyle(at.Depth)
}

// pointer returns where the records were; the error means that they were a stream.
func (at *layout) pointer() (*jsonscan.Pointer, error) {
	if at.base != nil {
		return jsonscan.ParsePattern(at.Records)
	}
	return jsonscan.ParsePointer(at.Records)
}

// readLayout returns the layout of the source that l was migrated from; nil if l was not
// migrated.
func readLayout(l *segment.Log) (*layout, error) {
	var at layout
	err := readJSON(l, layoutName, &at)
	var disk *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.As(err, &disk):
		return nil, err
	case err == nil:
		err = at.check()
	}
	return &at, damagedOrigin(l, layoutName, err)
}

// damagedOrigin returns err, unless it is nil, as the damage of a file of origin/.
func damagedOrigin(l *segment.Log, name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %s: %w", ErrOrigin, l.OriginPath(name), err)
}

// keyMark stands, in the text between two records, for a key of the second one. Several of
// them stand for its innermost keys. JSON text holds no NUL byte.
const keyMark = '\x00'

// isSeparator reports whether a text between two records stays in the same container: a
// comma and, in an object, one key and a colon.
func isSeparator(text []byte) bool {
	const space = " \t\r\n"
	text = bytes.TrimLeft(text, space)
	if len(text) == 0 || text[0] != ',' || !utf8.Valid(text) {
		return false
	}
	text = bytes.Trim(text[1:], space)
	if len(text) > 0 && text[0] == keyMark {
		text = bytes.TrimLeft(text[1:], space)
		return string(text) == ":"
	}
	return len(text) == 0
}
