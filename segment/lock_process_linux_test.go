package segment

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/testutil"
)

// TestZombie: a process that has ended is not alive, even while its parent has not
// waited for it.
func TestZombie(t *testing.T) {
	c := exec.Command("true")
	testutil.NoError(t, c.Start())
	stat := fmt.Sprintf("/proc/%d/stat", c.Process.Pid)
	for {
		b, err := os.ReadFile(stat)
		testutil.NoError(t, err)
		if bytes.Contains(b, []byte(") Z ")) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if id := processID(c.Process.Pid); id != "" {
		t.Errorf("it counts as alive: %q", id)
	}
	testutil.NoError(t, c.Wait())
	if id := processID(c.Process.Pid); id != "" {
		t.Errorf("it counts as alive after Wait: %q", id)
	}
}
