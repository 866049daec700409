package main

import "os"

// dieOf ends the process; Windows has no death by signal.
func dieOf(os.Signal) { os.Exit(exitFailure) }
