package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/health"
)

// The account nobody owns no file.
const nobody = 65534 // its user and group id

// asNobody runs histlog as an account that may not write what root owns. The
// program is run by its open file, for nobody may enter its directory.
func asNobody(t *testing.T, dir string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("skipped: only root can run a program as another account")
	}
	path, err := exec.LookPath("histlog")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	var out, errs bytes.Buffer
	c := &exec.Cmd{
		Path: fmt.Sprintf("/proc/self/fd/%d", 3), Args: append([]string{"histlog"}, args...), Dir: dir, Stdout: &out, Stderr: &errs,
		ExtraFiles: []*os.File{program}, SysProcAttr: &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}},
	}
	err = c.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Skip("skipped: no program can be run as nobody here: ", err)
	}
	return out.String(), errs.String(), c.ProcessState.ExitCode()
}

// openDir returns a directory that every account may enter.
func openDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// flip changes a bit of a file.
func flip(t *testing.T, path string, at int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[at] ^= 1
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestVerifyNotNoted: damage that an account finds which may not write to the log
// can't be noted for check; verify says so and names the account that can.
func TestVerifyNotNoted(t *testing.T) {
	dir := openDir(t)
	histlogIn(t, dir, values(1, 4), "append", "--create", "log", "--segment-size", "70")
	if _, stderr, code := asNobody(t, dir, "verify", "log"); code != exitOK || stderr != "" {
		t.Fatalf("nothing is damaged: %d, %s", code, stderr)
	}
	flip(t, filepath.Join(dir, "log", filename.Text(1)), 3)
	stdout, stderr, code := asNobody(t, dir, "verify", "log")
	if code != exitDamaged || !strings.Contains(stdout, "DAMAGED  record 1") {
		t.Errorf("%d\n%s", code, stdout)
	}
	for _, want := range []string{
		"histlog: warning: the damage could not be recorded in log, so histlog check does not report it: ", "permission denied",
		"run histlog verify as root, the owner of the log",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q is not in %q", want, stderr)
		}
	}
	if stdout, _, code := asNobody(t, dir, "check", "--min-free", "0", "log"); code != int(health.OK) {
		t.Errorf("%d\n%s", code, stdout)
	}

	// Once the damage is noted, an account that finds none can't take that back.
	c := exec.Command("histlog", "verify", "log")
	c.Dir = dir
	if err := c.Run(); c.ProcessState.ExitCode() != exitDamaged {
		t.Fatal(err)
	}
	flip(t, filepath.Join(dir, "log", filename.Text(1)), 3)
	_, stderr, code = asNobody(t, dir, "verify", "log")
	if want := "histlog check still reports the damage of an earlier one"; code != exitOK || !strings.Contains(stderr, want) {
		t.Errorf("%d, %q is not in %q", code, want, stderr)
	}
}

// TestVerifyNotNotedDisk: a full disk and one that is mounted read-only take no
// note either. A note that is there is replaced also on a full disk. Maintenance
// is manual: a child of append could write its note after the disk was filled.
func TestVerifyNotNotedDisk(t *testing.T) {
	const log = `
		histlog append --create --allow-empty disk/log </dev/null
		histlog config disk/log maintain=manual segment-size=10 >/dev/null
		for i in 1 2 3 4; do echo "{\"n\":$i}"; done | histlog append disk/log >/dev/null
		printf X | dd of=disk/log/00000000000000000001.ndjson bs=1 seek=3 conv=notrunc status=none
		verify() { set +e; histlog verify disk/log >found 2>messages; code=$?; set -e; [ $code = 3 ] || { echo exit $code; cat messages; exit 1; }; }`
	const fill = `dd if=/dev/zero of=disk/ballast bs=1k status=none 2>/dev/null || :; `
	for name, script := range map[string]string{
		"full": log + `
			rm -f disk/log/UPKEEP disk/log/events.log; ` + fill + `
			! echo 0 2>/dev/null >disk/more; i=0; while touch disk/b$i 2>/dev/null; do i=$((i+1)); done
			verify
			grep -q 'warning: the damage could not be recorded in disk/log, so histlog check does not report it: .*no space left on device; free some disk space' messages || { cat messages; exit 1; }`,
		"full, noted before": log + `
			verify; ` + fill + `
			verify
			! grep -q warning messages
			set +e; histlog check --min-free 0 disk/log >state; code=$?; set -e
			[ $code = 2 ] && grep -q 'verify found 1 damaged' state`,
		"read-only": log + `
			mount -o remount,ro disk
			verify
			grep -q 'warning: the damage could not be recorded in disk/log, so histlog check does not report it: .*read-only file system; mount the disk read-write' messages
			set +e; echo 5 | histlog append disk/log 2>messages; code=$?; set -e
			[ $code = 1 ] || { echo exit $code; cat messages; exit 1; }
			grep -q '^hint: mount the disk read-write ' messages || { cat messages; exit 1; }`,
	} {
		t.Run(name, func(t *testing.T) {
			needNamespaces(t)
			c := exec.Command("unshare", "-Urm", "sh", "-c", "set -e; mkdir disk; mount -t tmpfs -o size=256k,nr_inodes=100 none disk\n"+script)
			c.Dir = t.TempDir()
			if out, err := c.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// TestNoAccess: an account that can't read a file of a log, or enter the log, is told
// who owns it and what its mode is.
func TestNoAccess(t *testing.T) {
	dir := openDir(t)
	histlogIn(t, dir, values(1, 4), "append", "--create", "log")
	text := filepath.Join("log", filename.Text(1))
	for path, mode := range map[string]os.FileMode{text: 0o600, "log": 0o700} {
		full := filepath.Join(dir, path)
		before, err := os.Stat(full)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(full, mode); err != nil {
			t.Fatal(err)
		}
		_, stderr, code := asNobody(t, dir, "cat", "log")
		want := fmt.Sprintf("hint: run histlog as root, which owns %s (mode %04o); ", path, mode)
		if code != exitFailure || !strings.Contains(stderr, want) || !strings.Contains(stderr, "permission denied") {
			t.Errorf("%d, %q is not in %q", code, want, stderr)
		}
		if err := os.Chmod(full, before.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
}
