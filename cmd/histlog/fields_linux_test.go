//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFieldsInOrder prints fields of records of many sizes with several goroutines: small
// ones that fill a block together, one that fills a block alone, one that is too large for a
// block, and ones with more rows than wait for their turn. The rows are in order and complete.
func TestFieldsInOrder(t *testing.T) {
	dir := t.TempDir()
	var values, plain, rows bytes.Buffer
	for n := range 400 {
		pad, list := n%50, n%3
		switch {
		case n == 50 || n == 51 || n == 300:
			pad = maxCopied
		case n%7 == 0:
			pad = 100_000
		case n%40 == 1:
			list = 5000
		}
		fmt.Fprintf(&values, `{"n":%d,"list":[%s],"pad":%q,"last":"%d"}`+"\n", n, strings.TrimSuffix(strings.Repeat("7,", list), ","), strings.Repeat("}", pad), -n)
		fmt.Fprintf(&plain, `{"$seq":%d,"n":%d,"list#":%d,"last":"%d"}`+"\n", n+1, n, list, -n)
		for i := range list {
			fmt.Fprintf(&rows, "%d\t%d\t7\t%d\n", n, i, -n)
		}
	}
	log := filepath.Join(dir, "log")
	histlog(t, &values, "append", "--create", "--segment-size", "1M", log)
	histlog(t, nil, "config", log, "maintain=manual")
	check := func(cores string) {
		t.Helper()
		t.Setenv("GOMAXPROCS", cores)
		if got := histlog(t, nil, "cat", "--fields", "$seq,/n,/list#,/last", log); !bytes.Equal(got, plain.Bytes()) {
			t.Errorf("%d bytes, want %d", len(got), plain.Len())
		}
		got := histlog(t, nil, "cat", "--tsv", "--fields", "/n,$key,/list/*,/last", log)
		if _, got, _ := strings.Cut(string(got), "\n"); got != rows.String() {
			t.Errorf("rows: %d bytes, want %d", len(got), rows.Len())
		}
	}
	check("1")
	check("4")
	histlog(t, nil, "compact", log)
	check("4")
}

// TestFieldsOnTerminal prints strings with escapes on a terminal: CSV, which has them decoded,
// must not send them.
func TestFieldsOnTerminal(t *testing.T) {
	dir := t.TempDir()
	text := `{"a":"\u001b[31mred\u202e","\u001bname":1}`
	histlogIn(t, dir, text, "append", "--create", "log")
	const want = "a,\\u001bname\n\\u001b[31mred\\u202e,1\n"
	if got := onTerminal(t, dir, 80, nil, "cat", "--csv", "--fields", "/a,/\x1bname", "log"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	out := filepath.Join(dir, "out")
	if err := os.WriteFile(out, histlog(t, nil, "cat", "--csv", "--fields", "/a,x=/\x1bname", filepath.Join(dir, "log")), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(out); string(got) != "a,x\n\x1b[31mred\u202e,1\n" {
		t.Errorf("%q, %v", got, err)
	}
}
