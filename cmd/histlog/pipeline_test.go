//go:build linux

package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/testutil"
)

// A poll is a batch in the log.
type poll struct {
	producer string
	n        int
	sum      string // SHA-256
}

// TestPipeline is a pipeline of 100 polls: a producer in Python and a second one
// that races it, which are killed at random, as histlog is beside them, and a
// reader that looks at the latest batch after each poll. At the end every batch that was
// acknowledged is there once, where the acknowledgement said, and no
// histlog has taken more than 32 MiB and four times the largest batch.
func TestPipeline(t *testing.T) {
	testutil.Proof(t)
	if raceDetector {
		t.Skip("works on 225 MB")
	}
	t.Parallel()
	p := &pipelineTest{t: t, dir: t.TempDir(), seed: uint64(time.Now().UnixNano())}
	t.Logf("seed %d", p.seed)
	if err := os.WriteFile(p.path("figures"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	// What the kernel says of a process has its children in it: upkeep has a ceiling of its own.
	histlog(t, nil, "append", "--create", "--allow-empty", p.path("log"))
	histlog(t, nil, "config", p.path("log"), "maintain=manual")
	polls := map[string]int{"first": 100, "second": 25}
	var all sync.WaitGroup
	all.Go(func() {
		reader := p.startReader()
		defer reader.stop()
		p.produce("first", polls["first"], reader.look)
	})
	all.Go(func() { p.produce("second", polls["second"], func(int) {}) })
	all.Wait()
	if t.Failed() {
		return
	}
	there := p.records()
	if len(there) != polls["first"]+polls["second"] {
		t.Errorf("%d records are there, want %v", len(there), polls)
	}
	for name, n := range polls {
		p.checkJournal(name, n, there)
	}
	for _, seen := range p.seen {
		if !p.acknowledged[seen] {
			t.Errorf("the reader saw %v, which nobody made", seen)
		}
	}
	histlog(t, nil, "verify", p.path("log"))
	p.checkFigures()
}

type pipelineTest struct {
	t            *testing.T
	dir          string
	seed         uint64
	seen         []poll        // by the reader
	acknowledged map[poll]bool // by the journals
	largest      int           // record, in bytes
}

func (p *pipelineTest) path(name string) string { return filepath.Join(p.dir, name) }

func (p *pipelineTest) python(args ...string) *exec.Cmd {
	c := pythonCommand(p.t, args...)
	c.Env = append(c.Env, "HISTLOG_BIN=measured", figuresEnv+"="+p.path("figures"), fmt.Sprintf("%s=%d", seedEnv, p.seed))
	return c
}

// produce runs a producer, as often as it is killed, until it has done its polls.
func (p *pipelineTest) produce(name string, polls int, after func(n int)) {
	random := rand.New(rand.NewPCG(p.seed, uint64(len(name))))
	kills := 0
	for done := 0; done < polls; {
		c := p.python("testdata/producer.py", p.path("log"), name, fmt.Sprint(polls), p.path(name))
		var stderr bytes.Buffer
		c.Stderr = &stderr
		stdout, err := c.StdoutPipe()
		if err == nil {
			err = c.Start()
		}
		if err != nil {
			p.t.Error(err)
			return
		}
		killed := false
		left, delay := 1+random.IntN(20), time.Duration(random.IntN(150))*time.Millisecond
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			if _, err := fmt.Sscan(lines.Text(), &done); err != nil {
				p.t.Error(err)
			}
			after(done)
			if left--; left == 0 && done < polls {
				killed = true
				time.AfterFunc(delay, func() { _ = c.Process.Kill() })
			}
		}
		if err := c.Wait(); err != nil && !killed {
			p.t.Errorf("%s: %v\n%s", name, err, stderr.String())
			return
		}
		if killed {
			kills++
		}
	}
	p.t.Logf("%s: %d polls, killed %d times", name, polls, kills)
}

// A pollReader is a running testdata/reader.py.
type pollReader struct {
	test  *pipelineTest
	c     *exec.Cmd
	stdin io.WriteCloser
	lines *bufio.Scanner
}

func (p *pipelineTest) startReader() *pollReader {
	r := &pollReader{test: p, c: p.python("testdata/reader.py", p.path("log"))}
	r.c.Stderr = os.Stderr
	stdin, err := r.c.StdinPipe()
	if err != nil {
		p.t.Error(err)
	}
	stdout, err := r.c.StdoutPipe()
	if err == nil {
		err = r.c.Start()
	}
	if err != nil {
		p.t.Error(err)
	}
	r.stdin, r.lines = stdin, bufio.NewScanner(stdout)
	return r
}

// look has the latest batch read after the first producer's n-th was acknowledged.
func (r *pollReader) look(n int) {
	fmt.Fprintln(r.stdin)
	var latest poll
	if !r.lines.Scan() {
		r.test.t.Errorf("the reader ended: %v", r.lines.Err())
		return
	}
	if _, err := fmt.Sscan(r.lines.Text(), &latest.producer, &latest.n, &latest.sum); err != nil {
		r.test.t.Error(err)
	}
	if latest.producer == "first" && latest.n < n {
		r.test.t.Errorf("after batch %d was acknowledged, the latest is %d", n, latest.n)
	}
	r.test.seen = append(r.test.seen, latest)
}

func (r *pollReader) stop() {
	if err := r.stdin.Close(); err != nil {
		r.test.t.Error(err)
	}
	if err := r.c.Wait(); err != nil {
		r.test.t.Error(err)
	}
}

// records returns what is in the log.
func (p *pipelineTest) records() (there []poll) {
	p.t.Helper()
	c := exec.Command("histlog", "cat", p.path("log"))
	c.Stderr = os.Stderr
	stdout, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	for lines := bufio.NewReader(stdout); ; {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			p.t.Fatal(err)
		}
		text := bytes.TrimSuffix(line, []byte("\n"))
		p.largest = max(p.largest, len(line))
		q := poll{sum: fmt.Sprintf("%x", sha256.Sum256(text))}
		if _, err := fmt.Sscanf(string(text[:min(100, len(text))]), `{"producer":%q,"n":%d,`, &q.producer, &q.n); err != nil {
			p.t.Fatalf("record %d: %v", len(there)+1, err)
		}
		there = append(there, q)
	}
	if err := c.Wait(); err != nil {
		p.t.Fatal(err)
	}
	return there
}

// checkJournal compares what a producer saw acknowledged with what is there.
func (p *pipelineTest) checkJournal(name string, polls int, there []poll) {
	text, err := os.ReadFile(p.path(name))
	if err != nil {
		p.t.Fatal(err)
	}
	if p.acknowledged == nil {
		p.acknowledged = map[poll]bool{}
	}
	last, want := 0, 0
	for line := range strings.Lines(string(text)) {
		q, seq := poll{producer: name}, 0
		if _, err := fmt.Sscan(line, &q.n, &seq, &q.sum); err != nil {
			p.t.Fatal(err)
		}
		if want++; q.n != want || seq <= last || seq > len(there) || there[seq-1] != q {
			p.t.Errorf("%s's batch %d was acknowledged as record %d, after %d", name, q.n, seq, last)
		}
		last = seq
		p.acknowledged[q] = true
	}
	if want != polls {
		p.t.Errorf("%s: %d acknowledged batches of %d", name, want, polls)
	}
}

// checkFigures waits for the last histlog and looks at the memory of each.
func (p *pipelineTest) checkFigures() {
	f, err := os.Open(p.path("figures"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		p.t.Fatal(err)
	}
	most := 32*mib + 4*p.largest
	processes, killed, peak := 0, 0, 0
	for lines := bufio.NewScanner(f); lines.Scan(); processes++ {
		kib, end := 0, ""
		if _, err := fmt.Sscanf(lines.Text(), "%d %q", &kib, &end); err != nil {
			p.t.Fatal(err)
		}
		if end == "signal: killed" {
			killed++
		}
		if peak = max(peak, kib<<10); kib<<10 > most {
			p.t.Errorf("more than %.1f MiB were resident: %s", float64(most)/mib, lines.Text())
		}
	}
	p.t.Logf("%d processes of histlog, %d of them killed; at most %.1f MiB were resident, of %.1f allowed", processes, killed, float64(peak)/mib, float64(most)/mib)
	if killed == 0 {
		p.t.Error("no histlog was killed")
	}
}
