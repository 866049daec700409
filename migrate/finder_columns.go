package migrate

import (
	"fmt"
	"slices"

	"github.com/histlog/histlog/internal/jsonscan"
)

// columns is a table that is stored by columns: an object with an array of scalars for each
// column, all of the same length; or, as pandas writes it, with an object of scalars for each
// column, all with the same keys.
type columns struct {
	at    string // pointer to the object
	count uint64 // of the rows
	width uint64 // number of the columns
	bytes int64  // of the columns
	keyed bool   // the columns are objects
}

// columnsAt returns the object at v as a table; at is its pointer. It returns nil if
// columns are not most of the object, or if its names are those of rows.
func columnsAt(v *node, at string) *columns {
	if v.values != 1 || v.keys.dates() || v.keys.numbers() {
		return nil
	}
	parts := v.members
	if v.folded != nil {
		parts = []*node{v.folded}
	}
	lists, maps := columns{at: at}, columns{at: at, keyed: true}
	for _, m := range parts {
		switch {
		case m.shortest != m.longest:
		case m.arrays == m.values && m.holdsScalars():
			lists.add(m)
		case m.objects == m.values && m.labelled():
			maps.add(m)
		}
	}
	for _, t := range []*columns{&lists, &maps} {
		if t.width > 1 && t.count > 1 && 2*t.bytes > v.inside {
			return t
		}
	}
	return nil
}

// add adds columns of one length. The table has the longest columns; shorter ones are
// dropped.
func (t *columns) add(m *node) {
	switch {
	case m.longest < t.count:
		return
	case m.longest > t.count:
		t.count, t.width, t.bytes = m.longest, 0, 0
	}
	t.width += m.values
	t.bytes += m.bytes
}

// labelled reports whether the objects at v hold only scalars, and their names are labels of
// rows: numbers or dates.
func (v *node) labelled() bool {
	container := func(m *node) bool { return m.objects+m.arrays > 0 }
	return (v.keys.numbers() || v.keys.dates()) && !slices.ContainsFunc(v.members, container) && (v.folded == nil || !container(v.folded))
}

// A ColumnsError is returned for a source that holds a table by columns, not by records.
type ColumnsError struct {
	Pointer string // JSON pointer to the object with the columns
	Rows    uint64
	Filter  string // program of jq that writes the rows, a line each
}

func (e *ColumnsError) Error() string {
	where := "the source"
	if e.Pointer != "" {
		where = jsonscan.ShortPointer(e.Pointer)
	}
	return fmt.Sprintf("%s holds columns, not records: a member has the values of all %d rows", where, e.Rows)
}

// err returns the table's ColumnsError.
func (t *columns) err() error {
	filter := `with_entries(select(.value|type=="array"))|range(map(length)|max) as $i|map_values(.[$i])`
	if t.keyed {
		filter = `with_entries(select(.value|type=="object"))|(.[keys_unsorted[0]]|keys_unsorted[]) as $k|{index:$k}+map_values(.[$k])`
	}
	if t.at != "" {
		filter = jqPath(t.at) + "|" + filter
	}
	return &ColumnsError{t.at, t.count, filter}
}
