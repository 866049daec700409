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

// TestSourceFails has all reads of the source fail: a salvage must not take that for damage,
// and give up the rest of the source. TestDeviceFails in migrate has reads fail in the middle;
// strace cannot, because it counts the calls of each thread.
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
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "old.json")
			testutil.WriteFile(t, path, source)
			p := exec.Command("strace", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-P", path, "-e", "trace=read", "-e", "inject=read:error=EIO", "histlog", "migrate", "--salvage", path, filepath.Join(dir, "log"))
			out, _ := p.CombinedOutput()
			if p.ProcessState.ExitCode() != exitFailure || !strings.Contains(string(out), "read "+path+": input/output error\nhint: check the device") {
				t.Errorf("exit %d: %s", p.ProcessState.ExitCode(), out)
			}
			if _, err := os.Stat(filepath.Join(dir, "log")); !os.IsNotExist(err) {
				t.Errorf("there is a log: %v", err)
			}
		})
	}
}
