package histlog_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/histlog/histlog"
)

// A program polls something, and each poll becomes a record.
func Example() {
	ctx := context.Background()
	dir := filepath.Join(newDir(), "polls")

	w, err := histlog.OpenWriter(ctx, dir, histlog.Options{})
	if errors.Is(err, histlog.ErrNoLog) { // the first run
		w, err = histlog.Create(ctx, dir, histlog.Options{})
	}
	if err != nil {
		log.Fatal(err)
	}
	for _, poll := range []string{
		`{"timestamp": "2025-05-28T16:14:22Z", "matches": 74}`,
		`{"timestamp": "2025-05-28T16:17:22Z", "matches": 75}`,
	} {
		ack, err := w.Append(ctx, []byte(poll))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("record", ack.Seq, "is on disk")
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}

	history, err := histlog.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	for record, err := range history.Records(ctx, histlog.Range{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d %s %s\n", record.Seq, record.Time.UTC().Format("15:04:05"), record.Text)
	}
	// Output:
	// record 1 is on disk
	// record 2 is on disk
	// 1 16:14:22 {"timestamp":"2025-05-28T16:14:22Z","matches":74}
	// 2 16:17:22 {"timestamp":"2025-05-28T16:17:22Z","matches":75}
}

// The newest record, as a Go value.
func ExampleLog_Last() {
	history := polls(`{"matches": 74}`, `{"matches": 75}`)
	record, err := history.Last(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	var poll struct{ Matches int }
	if err := record.Decode(&poll); err != nil {
		log.Fatal(err)
	}
	fmt.Println(record.Seq, poll.Matches)
	// Output: 2 75
}

// Follow waits for what other processes append.
func ExampleLog_Follow() {
	history := polls(`{"matches": 74}`, `{"matches": 75}`)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	for record, err := range history.Follow(ctx, 0) {
		switch {
		case errors.Is(err, context.Canceled):
			fmt.Println("stopped")
		case record.Seq == 0: // nothing more can be read
			log.Fatal(err)
		case err != nil:
			fmt.Println("record", record.Seq, "cannot be read:", err) // the next one may be
		default:
			fmt.Printf("%s\n", record.Text)
			if record.Seq == 2 {
				stop()
			}
		}
	}
	// Output:
	// {"matches":74}
	// {"matches":75}
	// stopped
}

// newDir makes a directory that TestMain removes.
func newDir() string {
	dir, err := os.MkdirTemp(temporary, "")
	if err != nil {
		log.Fatal(err)
	}
	return dir
}

// polls makes a log of values.
func polls(values ...string) *histlog.Log {
	dir := filepath.Join(newDir(), "polls")
	w, err := histlog.Create(context.Background(), dir, histlog.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, v := range values {
		if _, err := w.Append(context.Background(), []byte(v)); err != nil {
			log.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
	history, err := histlog.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	return history
}
