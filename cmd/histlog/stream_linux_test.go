package main

import (
	"bufio"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/testutil"
)

// TestWaitsWithFewFiles: cat -F waits in a directory until it is a log. It tries many times,
// may open few files, and the garbage collector, which would close them, does not run.
func TestWaitsWithFewFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := exec.Command("sh", "-c", "ulimit -n 20 && exec histlog cat -F log")
	c.Dir, c.Env, c.Stderr = dir, append(os.Environ(), "GOGC=off"), os.Stderr
	out, err := c.StdoutPipe()
	testutil.NoError(t, err)
	testutil.NoError(t, os.Mkdir(dir+"/log", 0o755))
	testutil.NoError(t, c.Start())
	time.Sleep(2 * time.Second) // ten attempts
	histlogIn(t, dir, "1\n", "append", "--create", "log")
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "1\n" {
		t.Errorf("%q, %v", line, err)
	}
	_ = c.Process.Kill()
	_ = c.Wait()
}

// TestEndsWithItsReader: what follows a log, or waits for one, ends when its output is closed,
// although no record comes.
func TestEndsWithItsReader(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	histlogIn(t, dir, "1\n", "append", "--create", "log")
	for _, args := range [][]string{{"cat", "-f", "log"}, {"cat", "-F", "log"}, {"tail", "-f", "log"}, {"cat", "-F", "none"}} {
		c := exec.Command("histlog", args...)
		c.Dir, c.Stderr = dir, os.Stderr
		out, err := c.StdoutPipe()
		testutil.NoError(t, err)
		testutil.NoError(t, c.Start())
		if args[2] == "log" { // it waits for the second record then
			if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
				t.Errorf("%q: %q, %v", args, line, err)
			}
		}
		testutil.NoError(t, out.Close())
		late := time.AfterFunc(time.Minute, func() { _ = c.Process.Kill() })
		if err := c.Wait(); err == nil || err.Error() != "signal: broken pipe" {
			t.Errorf("%q: %v", args, err)
		}
		late.Stop()
	}
}
