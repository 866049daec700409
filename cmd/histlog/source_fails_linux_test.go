package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
	"github.com/klauspost/compress/zstd"
)

// TestSourceFails has reads of the source fail in the middle of it: a salvage must not take
// that for damage, and give up the rest of the source.
func TestSourceFails(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil || raceDetector {
		t.Skip("skipped: strace is missing, or takes its time")
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	for n := range 40_000 {
		fmt.Fprintf(&text, "{\"n\":%d,\"x\":\"%016x%016x%016x\"}\n", n, rnd.Uint64(), rnd.Uint64(), rnd.Uint64())
	}
	zipped := func(pack func(io.Writer) io.WriteCloser) []byte {
		var b bytes.Buffer
		w := pack(&b)
		_, err := io.WriteString(w, text.String())
		testutil.NoError(t, err)
		testutil.NoError(t, w.Close())
		return b.Bytes()
	}
	for name, source := range map[string][]byte{
		"plain": []byte(text.String()),
		"gzip":  zipped(func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }),
		"zstd": zipped(func(w io.Writer) io.WriteCloser {
			z, err := zstd.NewWriter(w)
			testutil.NoError(t, err)
			return z
		}),
		"xz": testutil.XZ(text.String(), testutil.Dict8MB),
	} {
		for _, when := range []string{"3", "3+"} { // once, and from then on
			t.Run(name+" "+when, func(t *testing.T) {
				dir := t.TempDir()
				path, trace := filepath.Join(dir, "old.json"), filepath.Join(t.TempDir(), "trace")
				testutil.WriteFile(t, path, source)
				p := exec.Command("strace", "-f", "-qq", "--seccomp-bpf", "-o", trace, "-P", path, "-e", "trace=read", "-e", "inject=read:error=EIO:when="+when, "histlog", "migrate", "--salvage", path, filepath.Join(dir, "log"))
				out, err := p.CombinedOutput()
				if called := string(testutil.ReadFile(t, trace)); !strings.Contains(called, "INJECTED") {
					t.Fatalf("no read failed: %v\n%s\n%s", err, out, called)
				}
				if p.ProcessState.ExitCode() != exitFailure || !strings.Contains(string(out), "read "+path+": input/output error\nhint: check the device") {
					t.Errorf("%v: %s", err, out)
				}
				if _, err := os.Stat(filepath.Join(dir, "log")); !os.IsNotExist(err) {
					t.Errorf("there is a log: %v", err)
				}
			})
		}
	}
}
