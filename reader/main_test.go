package reader

import (
	"os"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
)

func TestMain(m *testing.M) { os.Exit(testutil.Tmpfs{M: m}.Run()) }
