package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/histlog/histlog/internal/health"
	"github.com/histlog/histlog/internal/term"
)

// The exit codes are part of the contract of the command line. check has codes of its
// own: see health.Status.
const (
	exitOK       = 0
	exitFailure  = 1
	exitUsage    = 2
	exitDamaged  = 3
	exitLocked   = 4
	exitNoRoom   = 5
	exitRejected = 6
	exitNoLog    = 7
)

// An exitError determines the exit code and the hint of an error.
type exitError struct {
	code int
	err  error
	hint string
	line string // printed on standard output, for monitoring
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// errReported is an error that was already printed.
var errReported = errors.New("reported")

// usage returns a usage error of a command; "" means of no command.
func usage(command, format string, a ...any) *exitError {
	hint := "see: histlog help " + command
	if command == "" {
		hint = "see: histlog help"
	}
	e := &exitError{code: exitUsage, err: fmt.Errorf(format, a...), hint: hint}
	if command == checkName {
		e.code, e.line = int(health.Unknown), fmt.Sprintf("%v - %v", health.Unknown, e.err)
	}
	return e
}

// printError prints an error and its hint, and returns the exit code.
func printError(stdout, stderr io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	own := (*exitError)(nil)
	if errors.As(err, &own) && own.line != "" {
		term.Fprintf(stdout, "%s\n", own.line)
	}
	code, hint := explain(err)
	if !errors.Is(err, errReported) && (own != nil || !outputClosed(err)) {
		say(stderr, "%v", err)
	}
	if hint != "" {
		term.Fprintf(stderr, "hint: %s\n", hint)
		printCandidates(stderr, err)
	}
	return code
}
