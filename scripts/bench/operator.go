//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/histlog/histlog/internal/genhistory"
	"github.com/histlog/histlog/segment"
)

// questions are what an operator asks of a month's log at any hour.
var questions = []contestant{
	{"an empty Go program", "", []string{"$EMPTY"}, false},
	{"histlog tail -n 1", "", []string{"$HISTLOG", "tail", "-n", "1", "$MONTH"}, false},
	{"histlog cat -n 1", "", []string{"$HISTLOG", "cat", "-n", "1", "$MONTH"}, false},
	{"histlog inspect --json", "", []string{"$HISTLOG", "inspect", "--json", "$MONTH"}, false},
	{"histlog check", "", []string{"$HISTLOG", "check", "--stale-after", "1000d", "--min-free", "0", "$MONTH"}, false},
}

// throughputs read all of it.
var throughputs = []contestant{
	{"cat *.ndjson to a pipe", "cat", shell(`cat "$MONTH"/*.ndjson | cat > /dev/null`), false},
	{"histlog cat to a pipe", "", shell(`"$HISTLOG" cat "$MONTH" | cat > /dev/null`), false},
	{"cat *.ndjson to /dev/null", "cat", shell(`cat "$MONTH"/*.ndjson > /dev/null`), false},
	{"histlog verify", "", []string{"$HISTLOG", "verify", "$MONTH"}, false},
}

func benchOperate(month string, rounds int) (err error) {
	work, clear, err := workplace()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clear()) }()
	if month == "" {
		if month, err = makeMonth(); err != nil {
			return err
		}
	}
	os.Setenv("MONTH", month)
	records, largest, err := measureLog(month)
	if err != nil {
		return err
	}
	times, err := contest(questions, 4*rounds, false)
	if err != nil {
		return err
	}
	fmt.Printf("\na log of %d records; medians\n\n%8s  %8s  %8s  %8s\n", records, "ms", "at most", "peak MiB", "at most")
	start := 2*times[questions[0].name] + 5*time.Millisecond
	for i, most := range []time.Duration{0, start, start, 50 * time.Millisecond, 20 * time.Millisecond} {
		if err := questions[i].showAnswer(times, most, largest); err != nil {
			return err
		}
	}
	if err := compareReading(month, rounds); err != nil {
		return err
	}
	return follow(filepath.Join(work, "followed"))
}

// compareReading reads all of a log whose segments are plain.
func compareReading(month string, rounds int) error {
	if names, err := filepath.Glob(filepath.Join(month, "*.ndjson.*")); err != nil || len(names) > 0 {
		fmt.Printf("\nnot compared with cat: %d segments of %s are compressed\n", len(names), month)
		return err
	}
	times, err := contest(throughputs, rounds, false)
	if err != nil {
		return err
	}
	fmt.Printf("\nall of it, from the page cache; medians\n\n%8s  %6s\n", "seconds", "speed")
	for i, c := range throughputs {
		ratio := times[throughputs[i&^1].name].Seconds() / times[c.name].Seconds()
		fmt.Printf("%8.3f  %5.2f×  %s\n", times[c.name].Seconds(), ratio, c.name)
	}
	return nil
}

// showAnswer prints the time of a question beside its limit, and what memory it takes.
func (c contestant) showAnswer(times map[string]time.Duration, most time.Duration, largest int64) error {
	took := times[c.name]
	if most == 0 {
		fmt.Printf("%8.2f  %8s  %8s  %8s  %s\n", took.Seconds()*1e3, "", "", "", c.name)
		return nil
	}
	cmd := exec.Command(os.ExpandEnv(c.args[0]), c.args[1:]...)
	for i := range cmd.Args {
		cmd.Args[i] = os.ExpandEnv(cmd.Args[i])
	}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	const mib = 1 << 20
	peak := float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) * 1024 / mib
	fmt.Printf("%8.2f  %8.2f  %8.1f  %8.1f  %s\n", took.Seconds()*1e3, most.Seconds()*1e3, peak, 32+4*float64(largest)/mib, c.name)
	return nil
}

// makeMonth makes a log of a month's batches as large as they are, 6.3 GB, where
// the next run finds it.
func makeMonth() (string, error) {
	const dir = "bench-operate"
	log := filepath.Join(dir, "log")
	if _, err := os.Stat(log); err == nil {
		return log, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	made := log + ".new"
	if err := os.RemoveAll(made); err != nil {
		return "", err
	}
	cmd := exec.Command(os.Getenv("HISTLOG"), "append", "--create", "--sync", "none", made)
	stdin, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return "", err
	}
	err = genhistory.Write(stdin, genhistory.Options{Records: monthRecords, BatchBytes: 1_880_000, Shape: genhistory.ShapeNDJSON})
	if err = errors.Join(err, stdin.Close(), cmd.Wait()); err != nil {
		return "", err
	}
	return log, os.Rename(made, log)
}

// measureLog returns how many records a log holds, and the size of the largest.
func measureLog(dir string) (records uint64, largest int64, err error) {
	l, err := segment.Open(dir)
	if err != nil {
		return 0, 0, err
	}
	for _, s := range l.Segments {
		r, err := l.OpenReader(s)
		if err != nil {
			return 0, 0, err
		}
		start := segment.Offset(0)
		for seq := s.Base; seq < r.Next(); seq++ {
			e, err := r.Entry(seq)
			if err != nil {
				return 0, 0, errors.Join(err, r.Close())
			}
			largest, start = max(largest, int64(e.End-start)), e.End
		}
		records += r.Count()
		if err := r.Close(); err != nil {
			return 0, 0, err
		}
	}
	return records, largest, nil
}

// follow measures from the acknowledgement of an append to the record on the
// standard output of cat -f.
func follow(log string) error {
	const appends = 200
	var batch bytes.Buffer
	if err := genhistory.Write(&batch, genhistory.Options{Records: 1, Shape: genhistory.ShapeBatch, BatchBytes: 1_880_000}); err != nil {
		return err
	}
	appender, err := newSession("append", "--create", "--exclusive", log)
	if err != nil {
		return err
	}
	if err := appender.exchange(batch.Bytes()); err != nil {
		return err
	}
	follower, err := newSession("cat", "-f", log)
	if err != nil {
		return err
	}
	seen := make(chan time.Time, appends+1)
	go func() {
		defer close(seen)
		for follower.line() == nil {
			seen <- time.Now()
		}
	}()
	<-seen
	var delays []time.Duration
	for range appends {
		if err := appender.exchange(batch.Bytes()); err != nil {
			return err
		}
		acknowledged := time.Now()
		at, ok := <-seen
		if !ok {
			return errors.New("cat -f ended")
		}
		delays = append(delays, at.Sub(acknowledged))
	}
	err = errors.Join(appender.stdin.Close(), appender.cmd.Wait(), follower.cmd.Process.Kill())
	_ = follower.cmd.Wait() // it was killed
	slices.Sort(delays)
	fmt.Printf("\nfrom an acknowledgement to the record on cat -f's standard output, of %d\n\n", appends)
	fmt.Printf("%8.2f ms  median\n%8.2f ms  99th percentile, at most 10\n", delays[appends/2].Seconds()*1e3, delays[appends*99/100].Seconds()*1e3)
	return err
}

// session is a histlog that one talks to.
type session struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
}

func newSession(args ...string) (*session, error) {
	s := &session{cmd: exec.Command(os.Getenv("HISTLOG"), args...)}
	var err error
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.stdout = bufio.NewReaderSize(out, 1<<20)
	return s, s.cmd.Start()
}

// exchange gives it a value and reads the acknowledgement.
func (s *session) exchange(value []byte) error {
	if _, err := s.stdin.Write(value); err != nil {
		return err
	}
	return s.line()
}

// line reads a line.
func (s *session) line() error {
	for {
		_, err := s.stdout.ReadSlice('\n')
		if err != bufio.ErrBufferFull {
			return err
		}
	}
}
