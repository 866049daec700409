package migrate

import (
	"context"
	"errors"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/segment"
)

// recordsInLayout returns where the source that l was migrated from had its records, as
// layout.json says. nil means that l was not migrated, or from a root array, which is
// found without help.
func recordsInLayout(l *segment.Log) (*jsonscan.Pointer, error) {
	// Of several sources, the last one is the one that may have grown.
	l, err := lastSource(l)
	if err != nil {
		return nil, err
	}
	at, err := readLayout(l)
	switch {
	case err != nil || at == nil || at.Records == "":
		return nil, err
	case at.Records == streamName:
		return new(jsonscan.Pointer), nil
	}
	return at.pointer()
}

// locate aligns a source with l. Without Options.Records it takes the records from where
// they were when l was migrated. If the values there are not records of l, the source may
// have another shape now, such as lines that were salvaged from it: locate then finds the
// records as Run does.
func locate(ctx context.Context, o Options, l *segment.Log) (Comparison, *sourcePass, error) {
	at, err := recordsInLayout(l)
	if err != nil || o.Records != nil || at == nil {
		if err != nil {
			return Comparison{}, nil, err
		}
		return align(ctx, o, l)
	}
	named := o
	named.Records = at
	m, p, err := align(ctx, named, l)
	if err == nil || !errors.Is(err, ErrNoArray) && !errors.Is(err, ErrNotHere) && !errors.Is(err, ErrDiverged) {
		return m, p, err
	}
	if other, q, e := align(ctx, o, l); e == nil || errors.Is(err, ErrNoArray) {
		return other, q, e
	}
	return m, p, err
}
