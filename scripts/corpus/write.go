//go:build ignore

// Writes the history as Go's packages do: go run write.go OUT HISTORY. With
// GOEXPERIMENT=jsonv2 encoding/json is the second version.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

var name, writer = "go", "Go, encoding/json"

func emit(suffix, call string, text []byte) {
	file := name + suffix + ".json"
	if err := os.WriteFile(filepath.Join(os.Args[1], file), text, 0o644); err != nil {
		panic(err)
	}
	fmt.Println(strings.Join([]string{file, writer, strings.TrimPrefix(runtime.Version(), "go"), call}, "\t"))
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

type document struct {
	Name    string           `json:"name"`
	History []map[string]any `json:"history"`
	Total   int              `json:"total_entries"`
}

func main() {
	var doc document
	if err := json.Unmarshal(must(os.ReadFile(os.Args[2])), &doc); err != nil {
		panic(err)
	}
	if strings.Contains(os.Getenv("GOEXPERIMENT"), "jsonv2") {
		name, writer = "go-jsonv2", "Go, encoding/json with jsonv2"
		emit("-tab", `MarshalIndent(o, "", "\t")`, must(json.MarshalIndent(doc, "", "\t")))
		return
	}
	emit("", "Marshal(o)", must(json.Marshal(doc)))
	emit("-tab", `MarshalIndent(o, "", "\t")`, must(json.MarshalIndent(doc, "", "\t")))
	emit("-prefix", `MarshalIndent(list, "    ", "  ")`, must(json.MarshalIndent(doc.History, "    ", "  ")))
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, r := range doc.History {
		_ = e.Encode(r)
	}
	emit("-lines", "Encoder.Encode() of each record", b.Bytes())
	b.Reset()
	e.SetIndent("", " ")
	_ = e.Encode(doc)
	emit("-encoder", `Encoder.SetIndent("", " ")`, b.Bytes())
	b.Reset()
	log := slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.String(slog.TimeKey, "2025-05-28T12:00:01Z")
		}
		return a
	}}))
	for _, r := range doc.History {
		log.Info("entry", "record", r)
	}
	writer = "Go, log/slog"
	emit("-slog", "JSONHandler", b.Bytes())
}
