package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// A session is a process that a script talks to while it runs:
//
//	start NAME PROGRAM ARGS…   begins it; its pid is in $NAME_pid
//	send NAME FILE             gives it the file's content on stdin, which stays open
//	close NAME                 ends its stdin
//	expect NAME PATTERN        reads its stdout until a line matches
//	hangup NAME                reads its stdout no more
//	signal NAME INT|TERM|KILL
//	ended NAME PATTERN         waits for its end, which must match: 'exit status 0', 'signal: killed';
//	                           then stdout is what expect has left, and stderr is its own
type session struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout io.ReadCloser
	lines  *bufio.Reader
	stderr bytes.Buffer
	seen   bytes.Buffer // of stdout
	patrol *time.Timer  // kills it when it keeps the script waiting
	killed atomic.Bool  // by the patrol
}

type sessions map[string]*session

type sessionsKey struct{}

// patience is how long a session may keep a script waiting before it is killed. Wine is
// slow to begin a process.
var patience = map[bool]time.Duration{false: 10 * time.Second, true: time.Minute}[runtime.GOOS == "windows"]

func startCommand(ts *testscript.TestScript, _ bool, args []string) {
	s := &session{cmd: exec.Command(args[1], args[2:]...)}
	s.cmd.Dir, s.cmd.Stderr = ts.MkAbs("."), &s.stderr
	s.cmd.Env = append(os.Environ(), "TZ="+ts.Getenv("TZ"))
	var err error
	s.stdin, err = s.cmd.StdinPipe()
	ts.Check(err)
	s.stdout, err = s.cmd.StdoutPipe()
	ts.Check(err)
	s.lines = bufio.NewReader(s.stdout)
	ts.Check(s.cmd.Start())
	s.patrol = time.AfterFunc(patience, func() {
		s.killed.Store(true)
		_ = s.cmd.Process.Kill()
	})
	ts.Defer(func() {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.patrol.Stop()
	})
	ts.Setenv(args[0]+"_pid", strconv.Itoa(s.cmd.Process.Pid))
	ts.Value(sessionsKey{}).(sessions)[args[0]] = s
}

func sessionOf(ts *testscript.TestScript, args []string) *session {
	s := ts.Value(sessionsKey{}).(sessions)[args[0]]
	if s == nil {
		ts.Fatalf("there is no session %s", args[0])
	}
	s.patrol.Reset(patience)
	return s
}

func sendCommand(ts *testscript.TestScript, _ bool, args []string) {
	_, err := io.WriteString(sessionOf(ts, args).stdin, ts.ReadFile(args[1]))
	ts.Check(err)
}

func closeCommand(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(sessionOf(ts, args).stdin.Close())
}

func expectCommand(ts *testscript.TestScript, _ bool, args []string) {
	s, pattern := sessionOf(ts, args), regexp.MustCompile(args[1])
	for {
		line, err := s.lines.ReadString('\n')
		s.seen.WriteString(line)
		if pattern.MatchString(strings.TrimRight(line, "\n")) {
			return
		}
		if err != nil {
			ts.Fatalf("no line matched before %s ended (%v); its stdout:\n%s", args[0], err, s.seen.String())
		}
	}
}

func hangupCommand(ts *testscript.TestScript, _ bool, args []string) {
	syscall.ForkLock.RLock() // no child that is about to begin another program holds the pipe too
	defer syscall.ForkLock.RUnlock()
	ts.Check(sessionOf(ts, args).stdout.Close())
}

func signalCommand(ts *testscript.TestScript, _ bool, args []string) {
	signals := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL}
	ts.Check(sessionOf(ts, args).cmd.Process.Signal(signals[args[1]]))
}

func endedCommand(ts *testscript.TestScript, _ bool, args []string) {
	s := sessionOf(ts, args)
	_, _ = io.Copy(ts.Stdout(), s.lines) // an error: it was hung up
	_ = s.cmd.Wait()
	s.patrol.Stop()
	_, err := s.stderr.WriteTo(ts.Stderr())
	ts.Check(err)
	if state := s.cmd.ProcessState.String(); s.killed.Load() || !regexp.MustCompile(args[1]).MatchString(state) {
		ts.Fatalf("%s: %s (killed because the script waited for it in vain: %v)", args[0], state, s.killed.Load())
	}
}
