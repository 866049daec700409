package main

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

const endOfInput = "Ctrl-Z and Enter"

// dieOf ends the process with the exit code of a process that Ctrl-C has ended.
func dieOf(os.Signal) {
	const statusControlCExit = 0xC000013A - 1<<32
	os.Exit(statusControlCExit)
}

// outputClosed reports whether err means that the reader of a pipe has ended, as more does
// when q is pressed. Unix ends a process then by a signal.
func outputClosed(err error) bool {
	return errors.Is(err, windows.ERROR_NO_DATA) || errors.Is(err, windows.ERROR_BROKEN_PIPE)
}
