//go:build race

package migrate

// raceDetector reports that the race detector runs, which takes memory of its own.
const raceDetector = true
