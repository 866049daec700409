package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
)

// duckQuery prints how many records DuckDB finds in a log, and a sum over them.
const duckQuery = `
const { DuckDBInstance } = require('@duckdb/node-api');
(async () => {
  const files = ['*.ndjson', '*.ndjson.zst', '*.ndjson.gz'].map(name => "'" + process.argv[1] + '/' + name + "'");
  const duck = await (await DuckDBInstance.create()).connect();
  const found = await duck.runAndReadAll("select count(*), sum(n), sum(length(pad)) from read_json([" + files + "], format='newline_delimited', maximum_object_size=33554432)");
  console.log(JSON.stringify(found.getRowsJson()[0].map(Number)));
})();`

// TestDuckDB has DuckDB read a log's files as they are, plain and compressed by
// either codec, in one frame and in several.
func TestDuckDB(t *testing.T) {
	node := duckDB(t)
	dir := filepath.Join(t.TempDir(), "log")
	histlog(t, nil, "append", "--create", "--allow-empty", "--segment-size", "45M", dir)
	histlog(t, nil, "config", dir, "maintain=manual")
	n := 0
	grow := func(sizes ...int) {
		var values bytes.Buffer
		for _, size := range sizes {
			n++
			fmt.Fprintf(&values, "{\"timestamp\":\"2025-05-30T07:00:00Z\",\"n\":%d,\"pad\":%q}\n", n, strings.Repeat("0123456789", size/10))
		}
		histlog(t, &values, "append", dir)
	}
	const mega = 1_000_000
	grow(20*mega, 20*mega, 100, 100) // more than one frame of each codec
	grow(20 * mega)
	histlog(t, nil, "compact", dir)
	grow(4*mega, 4*mega, 10*mega, 20*mega)
	histlog(t, nil, "compact", "--codec", "gzip", dir)
	grow(100, 100)
	for _, kind := range []string{".zst", ".gz", ""} {
		if names, err := filepath.Glob(filepath.Join(dir, "*.ndjson"+kind)); err != nil || len(names) == 0 {
			t.Errorf("there is no segment *.ndjson%s, %v", kind, err)
		}
	}
	var want [3]int // records, sum of n, length of all pads
	for line := range bytes.Lines(histlog(t, nil, "cat", dir)) {
		var v struct {
			N   int
			Pad string
		}
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		want[0], want[1], want[2] = want[0]+1, want[1]+v.N, want[2]+len(v.Pad)
	}
	var stderr bytes.Buffer
	c := exec.Command(node, "-e", duckQuery, dir)
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var got [3]int
	if err := json.Unmarshal(out, &got); err != nil || got != want || want[0] != n {
		t.Errorf("DuckDB finds %v, %v; histlog %v; there are %d records", got, err, want, n)
	}
}

// duckDB returns the program node, which finds DuckDB where NODE_PATH says.
func duckDB(t *testing.T) (node string) {
	t.Helper()
	testutil.Proof(t)
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("skipped: node is missing; install the package nodejs")
	}
	if err := exec.Command(node, "-e", "require('@duckdb/node-api')").Run(); err != nil {
		t.Skipf("skipped: node does not find DuckDB (NODE_PATH=%s): npm install --prefix DIR @duckdb/node-api, then NODE_PATH=DIR/node_modules", os.Getenv("NODE_PATH"))
	}
	return node
}
