//go:build linux || windows

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// TestCrash kills an appending process again and again. Every record that it
// acknowledged must be there, byte for byte, in order and once; of the others
// there may be those that came next; and the next process goes on.
func TestCrash(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	rounds, until := testutil.Rounds(6, 20), time.Now()
	if text := os.Getenv(tortureTimeEnv); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		until = until.Add(d)
	}
	log := filepath.Join(t.TempDir(), "log")
	upkeepEnds(t, log)
	next := segment.Sequence(1) // that the next record gets
	acknowledged, more := 0, 0
	for i := 0; i < rounds || time.Now().Before(until); i++ {
		round := crashRound{number: i, first: next, log: log, policy: []string{"always", "interval=2ms", "none"}[i%3]}
		stop := readAlong(t, log)
		acks := round.run(t, 1+random.IntN(300), time.Duration(random.IntN(3000))*time.Microsecond)
		stop()
		there := round.check(t)
		histlog(t, nil, "verify", log)
		if there < acks && round.policy != "none" { // there the index is a little behind
			t.Fatalf("round %d, sync %s: %d records were acknowledged, %d are there", i, round.policy, acks, there)
		}
		after := round.appendAfter(t)
		histlog(t, nil, "verify", log)
		if after < max(there, acks) {
			t.Fatalf("round %d, sync %s: %d records were acknowledged and %d there, %d after recovery", i, round.policy, acks, there, after)
		}
		next += segment.Sequence(after) + 1
		acknowledged, more = acknowledged+acks, more+after-acks
	}
	t.Logf("%d records were acknowledged, %d more were there", acknowledged, more)
	if n := bytes.Count(histlog(t, nil, "cat", log), []byte("\n")); n != int(next-1) {
		t.Errorf("the log has %d records, want %d", n, next-1)
	}
}

// tortureTimeEnv says for how long to go on.
const tortureTimeEnv = "HISTLOG_TORTURE_TIME"

// readAlong reads the log again and again, if there is one already, until stop is
// called: all that is shown must be whole records, in order, and never fewer.
func readAlong(t *testing.T, log string) (stop func()) {
	if _, err := os.Stat(filepath.Join(log, "HISTLOG")); err != nil {
		return func() {}
	}
	done := make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() {
		for seen := 0; ; {
			var stderr bytes.Buffer
			c := exec.Command("histlog", "cat", "--json", log)
			c.Stderr = &stderr
			out, err := c.Output()
			lines := bytes.Split(bytes.TrimSuffix(out, []byte("\n")), []byte("\n"))
			if err != nil || stderr.Len() > 0 || len(lines) < seen {
				t.Errorf("cat beside a writer: %d records after %d, %v %s", len(lines), seen, err, stderr.String())
			}
			for i, line := range lines {
				if !bytes.HasPrefix(line, fmt.Appendf(nil, `{"seq":%d,`, i+1)) || !json.Valid(line) {
					t.Errorf("cat beside a writer: line %d is %.200q", i+1, line)
					return
				}
			}
			seen = len(lines)
			select {
			case <-done:
				return
			default:
			}
		}
	})
	return func() { close(done); reader.Wait() }
}

// A crashRound is one process that appends until it is killed.
type crashRound struct {
	number int
	first  segment.Sequence // of its records
	log    string
	policy string
}

// value returns the i-th value that a round appends.
func (c crashRound) value(i int) string {
	size := i * 37 % 400
	if i%50 == 49 {
		size = 9000
	}
	return fmt.Sprintf(`{"round":%d,"i":%d,"pad":%q}`, c.number, i, strings.Repeat("é", size/2))
}

// run appends values until so many acknowledgements were read and then the
// delay has passed, kills the process, and returns how many acknowledgements it had written.
func (c crashRound) run(t *testing.T, least int, delay time.Duration) (acks int) {
	t.Helper()
	p := exec.Command("histlog", "append", "--create", "--segment-size", "64K", "--sync", c.policy, c.log)
	stdin, err := p.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	p.Stderr = &stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		for i := 0; ; i++ {
			if _, err := io.WriteString(stdin, c.value(i)+"\n"); err != nil {
				return // it was killed
			}
		}
	}()
	lines := bufio.NewReader(stdout)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // what follows the last LF was not acknowledged
		}
		if want := fmt.Sprintln(uint64(c.first) + uint64(acks)); line != want {
			t.Fatalf("round %d, sync %s: acknowledged was %q, want %q", c.number, c.policy, line, want)
		}
		if acks++; acks == least {
			time.AfterFunc(delay, func() { _ = p.Process.Kill() })
		}
	}
	_ = p.Wait() // it was killed
	<-fed
	if acks < least {
		t.Fatalf("histlog append ended by itself: %v\n%s", p.ProcessState, stderr.String())
	}
	return acks
}

// check reads what the round has left and returns how many records that is.
func (c crashRound) check(t *testing.T) (there int) {
	t.Helper()
	for line := range strings.Lines(string(histlog(t, nil, "cat", "--from", fmt.Sprint(c.first), c.log))) {
		if want := c.value(there) + "\n"; line != want {
			t.Fatalf("round %d, sync %s: record %d is %q, want %q", c.number, c.policy, c.first+segment.Sequence(there), line, want)
		}
		there++
	}
	return there
}

// appendAfter appends one record more, for which the log is recovered, and
// returns how many records the round has left before it. There may be more than
// could be read: whole records whose index entries were not written.
func (c crashRound) appendAfter(t *testing.T) (there int) {
	t.Helper()
	const last = `{"last":true}` + "\n"
	seq, err := strconv.Atoi(strings.TrimSpace(string(histlog(t, strings.NewReader(last), "append", c.log))))
	if err != nil {
		t.Fatal(err)
	}
	there = seq - int(c.first)
	var want strings.Builder
	for i := range there {
		want.WriteString(c.value(i) + "\n")
	}
	want.WriteString(last)
	if got := histlog(t, nil, "cat", "--from", fmt.Sprint(c.first), c.log); string(got) != want.String() {
		t.Fatalf("round %d, sync %s: after the next append the log has from %d on\n%.2000s\nwant\n%.2000s", c.number, c.policy, c.first, got, want.String())
	}
	return there
}
