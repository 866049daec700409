//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

const endOfInput = "Ctrl-D"

// outputClosed returns false: the signal SIGPIPE ends the process.
func outputClosed(error) bool { return false }

// dieOf ends the process by the signal, as its parent expects to see.
func dieOf(s os.Signal) {
	signal.Reset(s)
	_ = syscall.Kill(syscall.Getpid(), s.(syscall.Signal))
	select {}
}
