package reader_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
)

func Example() {
	dir := history()
	defer os.RemoveAll(filepath.Dir(dir))

	l, err := segment.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	r, err := reader.New(l, reader.Query{Since: time.Date(2025, 5, 28, 20, 15, 0, 0, time.UTC)})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	for r.Next() {
		switch rec := r.Record(); {
		case rec.Damage != nil:
			fmt.Println(rec.Seq, "is damaged:", rec.Damage) // the records after it can be read
		case rec.Blank:
			fmt.Println(rec.Seq, "was lost, and repaired")
		default:
			fmt.Printf("%d %s\n", rec.Seq, rec.Text) // valid until the next call of Next
		}
	}
	if err := r.Err(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 2 {"timestamp":"2025-05-28T16:17:22-04:00","total_matches":74}
	// 3 {"timestamp":"2025-05-28T16:20:21-04:00","total_matches":75}
}

// A Watch waits until records are appended.
func ExampleWatch() {
	dir := history()
	defer os.RemoveAll(filepath.Dir(dir))

	watch := reader.NewWatch(dir) // before the first record is read, so that none is missed
	defer watch.Close()
	l, err := segment.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	r, err := reader.New(l, reader.Query{Last: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	go add(dir, `{"timestamp": "2025-05-28T16:23:20-04:00", "total_matches": 76}`)
	for r.Seq() <= 4 {
		for r.Next() {
			fmt.Printf("%s\n", r.Record().Text)
		}
		if err := watch.Wait(context.Background()); err != nil {
			log.Fatal(err)
		}
		if err := r.Refresh(); err != nil { // the Reader continues even if segments were sealed or retired
			log.Fatal(err)
		}
	}
	// Output:
	// {"timestamp":"2025-05-28T16:20:21-04:00","total_matches":75}
	// {"timestamp":"2025-05-28T16:23:20-04:00","total_matches":76}
}

// history creates a log of three records.
func history() (dir string) {
	parent, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	dir = filepath.Join(parent, "step2")
	w, err := segment.Create(context.Background(), dir, segment.Options{})
	if err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
	add(dir, `{"timestamp": "2025-05-28T16:14:22-04:00", "total_matches": 74}`,
		`{"timestamp": "2025-05-28T16:17:22-04:00", "total_matches": 74}`,
		`{"timestamp": "2025-05-28T16:20:21-04:00", "total_matches": 75}`)
	return dir
}

func add(dir string, values ...string) {
	w, err := segment.OpenWriter(context.Background(), dir, segment.Options{})
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
}
