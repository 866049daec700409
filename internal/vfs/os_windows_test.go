package vfs

import (
	"os"
	"testing"
)

func replacesOpenFiles(t *testing.T, dir string) bool {
	root, err := os.OpenRoot(dir)
	noError(t, err)
	defer root.Close()
	return posixDelete(root)
}
