package testutil

import (
	"os"
	"path/filepath"
	"testing"
)

// ReadFile returns the contents of a file.
func ReadFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	NoError(t, err)
	return b
}

// WriteFile writes a file.
func WriteFile(t testing.TB, path string, b []byte) {
	t.Helper()
	NoError(t, os.WriteFile(path, b, 0o644))
}

// EditFile replaces the contents of a file by what change returns for them.
func EditFile(t testing.TB, path string, change func(b []byte) []byte) {
	t.Helper()
	WriteFile(t, path, change(ReadFile(t, path)))
}

// FlipByte changes one byte of a file.
func FlipByte(t testing.TB, path string, at int) {
	t.Helper()
	EditFile(t, path, func(b []byte) []byte { b[at] ^= 0x55; return b })
}

// CopyTree returns a copy of a directory: what a kill at this moment leaves.
func CopyTree(t testing.TB, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	NoError(t, os.CopyFS(to, os.DirFS(dir)))
	return to
}
