//go:build race

package migrate

// raceDetector says that memory is not what it is otherwise.
const raceDetector = true
