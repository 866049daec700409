package segment

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/histlog/histlog/internal/filename"
)

// An OriginDamage is a file of origin/ that is not as it was written.
type OriginDamage struct {
	Name   string
	Reason string
	Extra  bool // the file has no checksum, so histlog did not write it
}

// VerifyOrigin compares the files of origin/ with their checksums. known is false if
// there are no checksums: the log was not migrated, or by an older histlog. After
// WithOrigin it compares the files of one source only.
func (l *Log) VerifyOrigin(ctx context.Context) (damage []OriginDamage, known bool, err error) {
	f, err := l.openRegular(filename.Sums)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	text, err := io.ReadAll(io.LimitReader(f, sumsBytes))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, false, err
	}
	sums := map[string]string{}
	for n, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		sum, name, ok := strings.Cut(line, "  ")
		// A name with a separator would lead out of origin/, and of two checksums of one file
		// at least one is wrong.
		if _, err := hex.DecodeString(sum); !ok || err != nil || len(sum) != 2*sha256.Size || name != filepath.Base(name) || sums[name] != "" {
			damage = append(damage, OriginDamage{Name: filename.Sums, Reason: fmt.Sprintf("line %d is not a checksum", n+1)})
			continue
		}
		sums[name] = sum
	}
	// A line that was truncated within its name still parses.
	if !bytes.HasSuffix(text, []byte("\n")) {
		damage = append(damage, OriginDamage{Name: filename.Sums, Reason: "its last line does not end"})
	}
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		if !strings.HasPrefix(name, l.source) {
			continue
		}
		reason, err := l.checkSum(ctx, name, sums[name])
		if err != nil {
			return nil, true, err
		}
		if reason != "" {
			damage = append(damage, OriginDamage{Name: name, Reason: reason})
		}
	}
	entries, err := l.fs.ReadDir(filepath.Join(l.Dir, filename.Origin))
	if err != nil {
		return nil, true, err
	}
	for _, e := range entries {
		if name := e.Name(); sums[name] == "" && name != filename.Sums && strings.HasPrefix(name, l.source) {
			damage = append(damage, OriginDamage{Name: name, Reason: "has no checksum in " + filename.Sums, Extra: true})
		}
	}
	return damage, true, nil
}

// openRegular opens a file of origin/ if it is a regular file. Opening a FIFO would block.
func (l *Log) openRegular(name string) (File, error) {
	info, err := l.fs.Lstat(filepath.Join(l.Dir, filename.Origin, name))
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &CorruptError{Kind: KindOrigin, Path: filepath.Join(l.Dir, filename.Origin, name), Reason: "not a regular file"}
	}
	return l.fs.OpenFile(filepath.Join(l.Dir, filename.Origin, name), os.O_RDONLY, 0)
}

// checkSum returns what is wrong with a file of origin/, or "".
func (l *Log) checkSum(ctx context.Context, name, want string) (string, error) {
	f, err := l.openRegular(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "missing", nil
	case errors.Is(err, ErrCorrupt):
		return "not a regular file", nil
	case err != nil:
		return "", err
	}
	sum, in := sha256.New(), bufio.NewReader(f)
	// A piece at a time, so that the context can end it.
	for err == nil {
		if err = ctx.Err(); err == nil {
			_, err = io.CopyN(sum, in, 1<<20)
		}
	}
	if err == io.EOF {
		err = nil
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		return "its content is not that of its checksum", nil
	}
	return "", nil
}
