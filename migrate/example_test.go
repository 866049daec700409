package migrate_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/histlog/histlog/migrate"
	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
)

func Example() {
	work, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(work)
	source := filepath.Join(work, "runs.json")
	if err := os.WriteFile(source, []byte(`{"runs": {"ok": [{"n": 1.0}, {"n": NaN}]}}`), 0o644); err != nil {
		log.Fatal(err)
	}

	records, err := segment.ParsePointer("/runs/ok") // which is not found by itself
	if err != nil {
		log.Fatal(err)
	}
	receipt, err := migrate.Run(context.Background(), migrate.Options{
		Source: source, Dir: filepath.Join(work, "runs"),
		Records: records,
		Accept:  migrate.Accept{NonFinite: migrate.NullNonFinite},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Records, "records, verified by", receipt.Verified)

	l, err := segment.Open(filepath.Join(work, "runs"))
	if err != nil {
		log.Fatal(err)
	}
	r, err := reader.New(l, reader.Query{})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	if _, err := migrate.Export(os.Stdout, l, migrate.Original, r.All(context.Background())); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 2 records, verified by digest
	// {"runs": {"ok": [{"n": 1.0}, {"n": null}]}}
}
