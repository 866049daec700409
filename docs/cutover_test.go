package docs

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// TestCutOver does what docs/PIPELINE.md says, beside a pipeline that rewrites
// step2.json in place all the time, and compares the log with the pipeline's
// own journal of what it wrote.
func TestCutOver(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the pipeline selects on a pipe")
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3 to write step2.json")
	}
	bin := filepath.Join(t.TempDir(), "histlog")
	must(t, exec.Command("go", "build", "-o", bin, "./cmd/histlog"))
	t.Run("keeps everything", func(t *testing.T) {
		t.Parallel()
		c := startCutOver(t, bin, python, 0, 1<<30)
		c.migrate()
		for range 3 {
			c.pipeline.wait(c.pipeline.made() + 5)
			c.untilRead(c.checkLog, "migrate", "--continue", "step2.json")
			c.checkLog()
		}
		c.finish()
	})
	t.Run("trims to its last 100", func(t *testing.T) {
		t.Parallel()
		// The k-th reading takes over at least firstBatches + k*allowed batches, and until
		// the next one the pipeline may make 2*allowed more: never 100.
		const allowed = 40
		c := startCutOver(t, bin, python, 100, allowed)
		c.migrate()
		for k := 1; k <= 2; k++ {
			c.pipeline.allow()
			c.pipeline.wait(firstBatches + k*allowed)
			c.untilRead(c.checkLog, "migrate", "--continue", "step2.json")
			c.checkLog()
		}
		c.finish()
	})
}

// firstBatches is how many a pipeline begins its file with.
const firstBatches = 60

// A cutOver is a directory in which a pipeline writes, and the histlog beside it.
type cutOver struct {
	t        *testing.T
	bin, dir string
	pipeline *pipeline
	refused  map[string]int // how often, by reason
}

// startCutOver starts a pipeline that keeps its last batches, or all if that is 0,
// and may add so many before allow is called.
func startCutOver(t *testing.T, bin, python string, keep, allowed int) *cutOver {
	c := &cutOver{t: t, bin: bin, dir: t.TempDir(), refused: map[string]int{}}
	script, err := filepath.Abs("docs/testdata/pipeline.py")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(python, script, "step2.json", "journal.ndjson", strconv.Itoa(keep), strconv.Itoa(firstBatches), strconv.Itoa(allowed))
	command.Dir = c.dir
	c.pipeline = startPipeline(t, command)
	c.pipeline.wait(firstBatches)
	return c
}

// A result is how a command ended.
type result struct {
	out, errs string
	code      int
}

// histlog runs a command beside step2.json.
func (c *cutOver) histlog(stdin string, args ...string) result {
	c.t.Helper()
	var out, errs bytes.Buffer
	command := exec.Command(c.bin, args...)
	command.Dir, command.Stdin, command.Stdout, command.Stderr = c.dir, strings.NewReader(stdin), &out, &errs
	err := command.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		c.t.Fatal(err)
	}
	return result{out.String(), errs.String(), command.ProcessState.ExitCode()}
}

// succeed runs a command that must.
func (c *cutOver) succeed(stdin string, args ...string) string {
	c.t.Helper()
	r := c.histlog(stdin, args...)
	if r.code != 0 {
		c.t.Fatalf("%v: exit %d\n%s%s", args, r.code, r.out, r.errs)
	}
	return r.out
}

// atRest are the errors that mean: the pipeline is writing, try again.
var atRest = regexp.MustCompile(`^histlog: migrate step2\.json: (the source changed while it was read(?:: it (?:grew by|shrank by|still has) \d| between two readings)|the text ends inside a value|the source is empty)`)

// attempts is how often a command is run before the test gives up.
const attempts = 3000

// untilRead runs a command until the pipeline lets it read step2.json whole.
// Each time before, it must say that it could not and leave nothing behind;
// check looks at the log, if there is one.
func (c *cutOver) untilRead(check func(), args ...string) {
	c.t.Helper()
	for range attempts {
		before := c.files()
		r := c.histlog("", args...)
		if r.code == 0 {
			return
		}
		reason := atRest.FindStringSubmatch(r.errs)
		if r.code != 6 || reason == nil || r.out != "" {
			c.t.Fatalf("%v: exit %d instead of 0 or a 6 that says why\n%s%s", args, r.code, r.out, r.errs)
		}
		c.refused[regexp.MustCompile(`\d+`).ReplaceAllString(reason[1], "N")]++
		if after := c.files(); !slices.Equal(before, after) {
			c.t.Fatalf("%v failed and left %q, where there was %q", args, after, before)
		}
		check()
	}
	c.t.Fatalf("%v: refused %d times: %v", args, attempts, c.refused)
}

// migrate makes the log, of several segments.
func (c *cutOver) migrate() {
	c.t.Helper()
	c.untilRead(func() {}, "migrate", "--segment-size", "200K", "step2.json")
	c.checkLog()
}

// files lists the directory.
func (c *cutOver) files() (names []string) {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// checkLog compares the lines of the log's segments with the batches that the pipeline made first.
func (c *cutOver) checkLog() {
	c.t.Helper()
	segments, err := filepath.Glob(filepath.Join(c.dir, "step2", "*.ndjson"))
	if err != nil {
		c.t.Fatal(err)
	}
	var log []string
	for _, name := range segments {
		text, err := os.ReadFile(name)
		if err != nil {
			c.t.Fatal(err)
		}
		log = append(log, lines(string(text))...)
	}
	journal := c.journal()
	if len(log) < firstBatches || len(log) > len(journal) {
		c.t.Fatalf("%d records are in the log, and %d batches were made", len(log), len(journal))
	}
	equalLines(c.t, log, journal[:len(log)])
}

// journal returns the batches that the pipeline made, as Python's compact json.dumps.
func (c *cutOver) journal() []string {
	c.t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, "journal.ndjson"))
	if err != nil {
		c.t.Fatal(err)
	}
	return lines(string(text))
}

// finish stops the pipeline, takes over the last batches and appends the next ones.
func (c *cutOver) finish() {
	c.pipeline.stop()
	c.t.Logf("%d batches; refused: %v", c.pipeline.made(), c.refused)
	c.succeed("", "migrate", "--continue", "step2.json")
	c.checkAgainst()
	want := c.journal()
	if len(want) != c.pipeline.made() {
		c.t.Fatalf("the journal has %d batches of %d", len(want), c.pipeline.made())
	}
	equalLines(c.t, lines(c.succeed("", "cat", "step2")), want)
	for i := range 5 {
		batch := fmt.Sprintf(`{"timestamp":"2025-06-01T00:0%d:00-04:00","matches":{"é":1.0}}`, i)
		want = append(want, batch)
		if seq := c.succeed(batch+"\n", "append", "step2"); seq != fmt.Sprintf("%d\n", len(want)) {
			c.t.Fatalf("append answers %q for record %d", seq, len(want))
		}
	}
	c.checkAgainst() // it does not matter that the log has gone on
	if err := os.Remove(filepath.Join(c.dir, "step2.json")); err != nil {
		c.t.Fatal(err)
	}
	equalLines(c.t, lines(c.succeed("", "cat", "step2")), want)
	if got := c.succeed("", "cat", "-n", "1", "step2"); got != want[len(want)-1]+"\n" {
		c.t.Errorf("cat -n 1 gives %q", got)
	}
	if got := c.succeed("", "verify", "step2"); !strings.Contains(got, "0 damaged · 0 in quarantine · 0 with rebuilt checksums") {
		c.t.Errorf("verify says: %s", got)
	}
}

// checkAgainst wants verify to say that step2.json can go.
func (c *cutOver) checkAgainst() {
	c.t.Helper()
	out := c.succeed("", "verify", "--against", "step2.json", "step2")
	kept, last := c.pipeline.kept(c.dir), c.pipeline.made()
	want := fmt.Sprintf("%d of %d records are here as seq %d–%d; step2.json can be deleted\n", kept, kept, last-kept+1, last)
	if !strings.HasSuffix(out, want) {
		c.t.Fatalf("verify --against says:\n%swant it to end with: %s", out, want)
	}
}

func lines(text string) []string {
	return slices.Collect(strings.Lines(text))
}

func equalLines(t *testing.T, got, want []string) {
	t.Helper()
	for i := range min(len(got), len(want)) {
		if strings.TrimSuffix(got[i], "\n") != strings.TrimSuffix(want[i], "\n") {
			t.Fatalf("record %d of %d is %.300q\nwant %.300q", i+1, len(got), got[i], want[i])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
}

// A pipeline is a running docs/testdata/pipeline.py.
type pipeline struct {
	t       *testing.T
	command *exec.Cmd
	stdin   io.WriteCloser
	ended   chan struct{} // closed when its output is
	errs    bytes.Buffer

	mu    sync.Mutex
	moved *sync.Cond
	count int // batches in the file, with those it was trimmed by
	over  bool
}

func startPipeline(t *testing.T, command *exec.Cmd) *pipeline {
	p := &pipeline{t: t, command: command, ended: make(chan struct{})}
	p.moved = sync.NewCond(&p.mu)
	command.Stderr = &p.errs
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p.stdin = stdin
	go p.follow(stdout)
	t.Cleanup(func() {
		_ = stdin.Close()
		<-p.ended
		_ = command.Wait() // stop looked at its end, if the test came so far
	})
	return p
}

// follow counts what the pipeline says it has written.
func (p *pipeline) follow(stdout io.Reader) {
	defer close(p.ended)
	for s := bufio.NewScanner(stdout); s.Scan(); {
		p.mu.Lock()
		p.count, _ = strconv.Atoi(s.Text())
		p.moved.Broadcast()
		p.mu.Unlock()
	}
	p.mu.Lock()
	p.over = true
	p.moved.Broadcast()
	p.mu.Unlock()
}

// made returns how many batches the pipeline has written.
func (p *pipeline) made() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// wait waits until there are n batches.
func (p *pipeline) wait(n int) {
	p.t.Helper()
	p.mu.Lock()
	for p.count < n && !p.over {
		p.moved.Wait()
	}
	ended := p.count < n
	p.mu.Unlock()
	if ended {
		err := p.command.Wait() // and for what it says
		p.t.Fatalf("the pipeline ended after %d batches: %v\n%s", p.made(), err, p.errs.String())
	}
}

// allow lets the pipeline add more batches.
func (p *pipeline) allow() {
	p.t.Helper()
	if _, err := p.stdin.Write([]byte{'+'}); err != nil {
		p.t.Fatal(err)
	}
}

// stop ends the pipeline after the current batch.
func (p *pipeline) stop() {
	p.t.Helper()
	if err := p.stdin.Close(); err != nil {
		p.t.Fatal(err)
	}
	<-p.ended
	if err := p.command.Wait(); err != nil {
		p.t.Fatalf("the pipeline: %v\n%s", err, p.errs.String())
	}
}

// kept returns how many batches its file says it has.
func (p *pipeline) kept(dir string) int {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "step2.json"))
	if err != nil {
		p.t.Fatal(err)
	}
	total := regexp.MustCompile(`"total_entries": (\d+)\n}$`).FindSubmatch(text)
	if total == nil {
		p.t.Fatal("step2.json does not end with total_entries")
	}
	n, err := strconv.Atoi(string(total[1]))
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}
