package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"io"

	"github.com/histlog/histlog/internal/field"
	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/term"
)

// A rowFormat is a format of rows of fields.
type rowFormat struct {
	header func(io.Writer) error // prints what comes before the first row; nil means nothing
	rows   func(io.Writer) rowWriter
}

// A rowWriter prints rows. A value that is nil is absent.
type rowWriter interface {
	row(values [][]byte) error
	flush() error // prints what row has kept
}

// jsonFormat returns the format that prints each row as a JSON object.
func jsonFormat(fields []field.Field) rowFormat {
	var keys [][]byte // what comes before each value
	for i, f := range fields {
		before := ","
		if i == 0 {
			before = "{"
		}
		keys = append(keys, []byte(before+jsonText(f.Name)+":"))
	}
	return rowFormat{rows: func(out io.Writer) rowWriter { return &jsonRows{out, keys} }}
}

// jsonText returns s as a JSON string.
func jsonText(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // of a string into memory
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

type jsonRows struct {
	out  io.Writer
	keys [][]byte
}

var (
	jsonNull   = []byte("null")
	jsonRowEnd = []byte("}\n")
)

func (r *jsonRows) row(values [][]byte) error {
	for i, v := range values {
		if v == nil {
			v = jsonNull
		}
		if _, err := r.out.Write(r.keys[i]); err != nil {
			return err
		}
		if _, err := r.out.Write(v); err != nil {
			return err
		}
	}
	_, err := r.out.Write(jsonRowEnd)
	return err
}

func (r *jsonRows) flush() error { return nil }

// csvFormat returns the format that prints a header and a line for each row, with comma
// between the values. On a terminal strings are printed without what could control it.
func csvFormat(fields []field.Field, comma rune, terminal bool) rowFormat {
	newRows := func(out io.Writer) *csvRows {
		r := &csvRows{out: out, csv: csv.NewWriter(out), cells: make([]string, len(fields)), terminal: terminal}
		r.csv.Comma = comma
		return r
	}
	return rowFormat{
		header: func(out io.Writer) error {
			r := newRows(out)
			for i, f := range fields {
				r.cells[i] = r.shown(f.Name)
			}
			return cmp.Or(r.write(), r.flush())
		},
		rows: func(out io.Writer) rowWriter { return newRows(out) },
	}
}

type csvRows struct {
	out      io.Writer // of csv
	csv      *csv.Writer
	cells    []string // reused
	terminal bool
}

func (r *csvRows) row(values [][]byte) error {
	for i, v := range values {
		r.cells[i] = r.cell(v)
	}
	return r.write()
}

// write writes cells as a line.
func (r *csvRows) write() error {
	if len(r.cells) > 1 || r.cells[0] != "" {
		return r.csv.Write(r.cells)
	}
	// csv would write an empty line, which readers of CSV skip.
	if err := r.flush(); err != nil {
		return err
	}
	_, err := io.WriteString(r.out, "\"\"\n")
	return err
}

// cell returns a value as text: strings without quotes and escapes, nothing for null and for
// an absent value, and any other value as it is stored.
func (r *csvRows) cell(value []byte) string {
	switch {
	case value == nil || string(value) == "null":
		return ""
	case value[0] == '"':
		return r.shown(jsonscan.Unquote(value))
	}
	return r.shown(string(value))
}

func (r *csvRows) shown(s string) string {
	if r.terminal {
		return term.Safe(s)
	}
	return s
}

func (r *csvRows) flush() error {
	r.csv.Flush()
	return r.csv.Error()
}
