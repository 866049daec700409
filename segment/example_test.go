package segment_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/histlog/histlog/segment"
)

func Example() {
	parent, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(parent)
	dir := filepath.Join(parent, "odds")

	w, err := segment.Create(context.Background(), dir, segment.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, value := range []string{
		`{"timestamp": "2025-05-28T16:14:22-04:00", "odds": [0.73, -0.25]}`,
		`{"timestamp": "2025-05-28T16:17:22-04:00", "odds": [0.74, -0.25]}`,
	} {
		ack, err := w.Append(context.Background(), []byte(value)) // durable when it returns
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("appended", ack.Seq, "at offset", ack.Offset, "of", ack.Segment)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}

	l, err := segment.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range l.Segments {
		r, err := l.OpenReader(s)
		if err != nil {
			log.Fatal(err)
		}
		for seq := s.Base; seq < r.Next(); seq++ {
			rec, err := r.Record(seq)
			if err != nil {
				log.Fatal(err)
			}
			fmt.Printf("%d %s %s\n", rec.Seq, rec.Time.UTC().Format("15:04:05"), rec.Text)
		}
		if err := r.Close(); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// appended 1 at offset 0 of 00000000000000000001.ndjson
	// appended 2 at offset 62 of 00000000000000000001.ndjson
	// 1 20:14:22 {"timestamp":"2025-05-28T16:14:22-04:00","odds":[0.73,-0.25]}
	// 2 20:17:22 {"timestamp":"2025-05-28T16:17:22-04:00","odds":[0.74,-0.25]}
}
