//go:build race

package main

// raceDetector says that memory is not what it is otherwise.
const raceDetector = true
