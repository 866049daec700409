package docs

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// backupBlock is a console block of docs/BACKUP.md, with the tool that it needs.
var backupBlock = regexp.MustCompile("(?s)```console *(\\w*)\n(.*?)```")

// TestBackup runs what docs/BACKUP.md shows: the backups beside a writer and a
// compactor, then the restores. What is restored verifies, and holds every record that
// was acknowledged before its backup began.
func TestBackup(t *testing.T) {
	page, err := os.ReadFile("docs/BACKUP.md")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	must(t, exec.Command("go", "build", "-o", bin+"/", "./cmd/histlog"))
	must(t, exec.Command("go", "build", "-C", "scripts/tools", "-o", bin+"/", "./genhistory"))
	t.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	dir := t.TempDir()
	runIn(t, dir, "genhistory", "-records", "20", "-batch-bytes", "2000", "-o", "step2.json")
	runIn(t, dir, "genhistory", "-records", "20", "-batch-bytes", "2000", "-shape", "batch", "-o", "batch.json")
	backups, restores, ok := strings.Cut(string(page), "\n## Restoring")
	if !ok {
		t.Fatal("the page has no section on restoring")
	}
	acked := map[string]int64{} // before the backup by a tool began
	var load *load
	eachCommand(t, backups, func(tool, command string) {
		if load != nil {
			acked[tool] = load.acked.Load()
		}
		runIn(t, dir, "sh", "-c", command)
		if load == nil { // the log is there now
			load = startLoad(t, dir)
		}
	})
	load.stop()
	if last := load.acked.Load(); last < 100 {
		t.Errorf("only %d records were appended during the copies", last)
	}
	eachCommand(t, restores, func(tool, command string) {
		runIn(t, dir, "sh", "-c", command)
		if _, restored, ok := strings.Cut(command, "histlog verify "); ok {
			if got := lastSequence(t, filepath.Join(dir, restored)); got < acked[tool] {
				t.Errorf("%s: the newest record is %d, %d was acknowledged before", restored, got, acked[tool])
			}
		}
	})
}

// eachCommand calls fn with each command of the page's blocks whose tool is there.
func eachCommand(t *testing.T, page string, fn func(tool, command string)) {
	t.Helper()
	for _, m := range backupBlock.FindAllStringSubmatch(page, -1) {
		if _, err := exec.LookPath(m[1]); m[1] != "" && err != nil {
			t.Logf("left out: %s is missing; install the package %s", m[1], m[1])
			continue
		}
		for line := range strings.Lines(m[2]) {
			if command, ok := strings.CutPrefix(strings.TrimSpace(line), "$ "); ok {
				fn(m[1], command)
			}
		}
	}
}

// A load is a writer and a compactor at work.
type load struct {
	acked atomic.Int64 // the newest sequence that append has printed
	stop  func()
}

func startLoad(t *testing.T, dir string) *load {
	t.Helper()
	runIn(t, dir, "histlog", "config", "step2", "segment-size=4K", "maintain=manual")
	l := &load{}
	writer := exec.Command("histlog", "append", "step2")
	writer.Dir = dir
	in, err := writer.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := writer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	writer.Stderr = &stderr
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	end, ended := make(chan struct{}), make(chan error, 2)
	going := func() bool {
		select {
		case <-end:
			return false
		default:
			return true
		}
	}
	go func() {
		acks := bufio.NewReader(out)
		for going() {
			fmt.Fprintf(in, `{"pad":"%s"}`+"\n", strings.Repeat("x", 100))
			line, err := acks.ReadString('\n')
			if err != nil {
				break
			}
			seq, _ := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
			l.acked.Store(seq)
		}
		in.Close()
		ended <- writer.Wait()
	}()
	go func() {
		for going() {
			c := exec.Command("histlog", "compact", "--older-than", "0s", "step2")
			c.Dir = dir
			if out, err := c.CombinedOutput(); err != nil {
				ended <- fmt.Errorf("compact: %w: %s", err, out)
				return
			}
		}
		ended <- nil
	}()
	l.stop = func() {
		close(end)
		for range 2 {
			if err := <-ended; err != nil {
				t.Errorf("%v %s", err, stderr.String())
			}
		}
	}
	return l
}

// lastSequence returns the sequence of the newest record of a log.
func lastSequence(t *testing.T, dir string) int64 {
	t.Helper()
	out, err := exec.Command("histlog", "cat", "-n", "1", "--json", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`"seq":(\d+)`).FindSubmatch(out)
	if m == nil {
		t.Fatalf("%s", out)
	}
	seq, _ := strconv.ParseInt(string(m[1]), 10, 64)
	return seq
}
