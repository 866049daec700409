// Package docs tests the documents: that their commands and programs run, and
// that the tests which they name exist.
package docs

import (
	"log"
	"os"
	"testing"
)

// TestMain runs the tests at the top of the repository, as a reader would.
func TestMain(m *testing.M) {
	if err := os.Chdir(".."); err != nil {
		log.Fatal(err)
	}
	os.Exit(m.Run())
}
