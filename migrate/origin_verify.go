package migrate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/segment"
)

// VerifyOrigin returns the damage of the files in origin/ that an export of the source
// needs. A log migrated by a version without checksums has none to compare with; a log
// whose receipt says that it has them, and that has not, is damaged.
func VerifyOrigin(ctx context.Context, l *segment.Log) ([]segment.OriginDamage, error) {
	damage, known, err := l.VerifyOrigin(ctx)
	if err != nil || known {
		return damage, err
	}
	r, err := ReadReceipt(l)
	var disk *fs.PathError
	switch {
	case errors.As(err, &disk):
		return nil, err
	case err != nil: // the receipt is not JSON
		return []segment.OriginDamage{{Name: receiptName, Reason: err.Error()}}, nil
	case r != nil && r.Sums:
		return []segment.OriginDamage{{Name: filename.Sums, Reason: "missing"}}, nil
	}
	return nil, nil
}

// intactOrigin returns an error if a file of origin/ is damaged.
func intactOrigin(ctx context.Context, l *segment.Log) error {
	all, err := VerifyOrigin(ctx, l)
	if err != nil {
		return err
	}
	for _, d := range all {
		if !d.Extra {
			return fmt.Errorf("%w: %s: %s", ErrOrigin, filepath.Join(l.Dir, filename.Origin, d.Name), d.Reason)
		}
	}
	return nil
}
