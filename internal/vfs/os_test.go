package vfs

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// holdsLock names the directory that a child process locks until it is killed.
const holdsLock = "VFS_TEST_LOCK"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holdsLock); dir != "" {
		_, ok, err := OS{}.TryLock(dir)
		fmt.Println(ok, err)
		time.Sleep(time.Hour)
	}
	os.Exit(m.Run())
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newFile writes a file and returns its name, and the file, open.
func newFile(t *testing.T, text string) (string, File) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	noError(t, WriteFile(OS{}, name, []byte(text), 0o644))
	f, err := OS{}.OpenFile(name, os.O_RDONLY, 0)
	noError(t, err)
	t.Cleanup(func() { f.Close() })
	return name, f
}

func checkText(t *testing.T, f File, want string) {
	t.Helper()
	b := make([]byte, len(want)+1)
	n, _ := f.ReadAt(b, 0)
	if got := string(b[:n]); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestReplaceOpenFile replaces a file that is open. Where the file system can't do that,
// the replacement waits until the file is closed.
func TestReplaceOpenFile(t *testing.T) {
	name, f := newFile(t, "old")
	if !replacesOpenFiles(t, filepath.Dir(name)) {
		time.AfterFunc(50*time.Millisecond, func() { f.Close() })
		noError(t, ReplaceFile(OS{}, name, []byte("new"), 0o644))
	} else {
		noError(t, ReplaceFile(OS{}, name, []byte("new"), 0o644))
		checkText(t, f, "old")
	}
	b, err := ReadFile(OS{}, name, 10)
	noError(t, err)
	if string(b) != "new" {
		t.Errorf("%q", b)
	}
}

// TestRemoveOpenFile removes a file that is open. Its name is free at once, and the open
// file can still be read.
func TestRemoveOpenFile(t *testing.T) {
	name, f := newFile(t, "old")
	noError(t, OS{}.Remove(name))
	if _, err := (OS{}).Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the name is still there: %v", err)
	}
	if _, err := (OS{}).OpenFile(name, os.O_RDONLY, 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the name can be opened: %v", err)
	}
	noError(t, WriteFile(OS{}, name, []byte("new"), 0o644))
	checkText(t, f, "old")
	noError(t, f.Close())
	noError(t, OS{}.Remove(name))
	if entries, err := (OS{}).ReadDir(filepath.Dir(name)); err != nil || len(entries) != 0 {
		t.Errorf("%v, %v", entries, err)
	}
}

// TestRemoveReadOnly removes a file with the read-only attribute, and an empty directory.
func TestRemoveReadOnly(t *testing.T) {
	name, f := newFile(t, "text")
	noError(t, f.Close())
	noError(t, os.Chmod(name, 0o444))
	noError(t, OS{}.Remove(name))
	noError(t, OS{}.Remove(filepath.Dir(name)))
}

// TestTryLock locks a directory and a file in it, which are two locks. The locked file can be
// read and replaced, and no file remains when the locks are released.
func TestTryLock(t *testing.T) {
	name, f := newFile(t, "old")
	noError(t, f.Close())
	var unlock []func() error
	for _, path := range []string{filepath.Dir(name), name} {
		u, ok, err := OS{}.TryLock(path)
		if !ok || err != nil {
			t.Fatal(path, ok, err)
		}
		if _, ok, err := (OS{}).TryLock(path); ok || err != nil {
			t.Errorf("%s was locked twice: %v", path, err)
		}
		unlock = append(unlock, u)
	}
	b, err := ReadFile(OS{}, name, 10)
	noError(t, err)
	if string(b) != "old" {
		t.Errorf("%q", b)
	}
	noError(t, ReplaceFile(OS{}, name, []byte("new"), 0o644))
	for _, u := range unlock {
		noError(t, u())
	}
	if u, ok, err := (OS{}).TryLock(name); !ok || err != nil {
		t.Errorf("the lock is not free: %v", err)
	} else {
		noError(t, u())
	}
	if entries, err := os.ReadDir(filepath.Dir(name)); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
	if _, _, err := (OS{}).TryLock(name + "-missing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

// TestLockEndsWithProcess kills a process that holds a lock.
func TestLockEndsWithProcess(t *testing.T) {
	dir := t.TempDir()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), holdsLock+"="+dir)
	out, err := c.StdoutPipe()
	noError(t, err)
	noError(t, c.Start())
	t.Cleanup(func() { c.Process.Kill(); c.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); strings.TrimSpace(line) != "true <nil>" {
		t.Fatalf("%q, %v", line, err)
	}
	if _, ok, err := (OS{}).TryLock(dir); ok || err != nil {
		t.Fatalf("the lock excludes nobody: %v", err)
	}
	noError(t, c.Process.Kill())
	c.Wait()
	for range 1000 {
		unlock, ok, err := OS{}.TryLock(dir)
		noError(t, err)
		if ok {
			noError(t, unlock())
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the lock did not end with its process")
}

// TestLongPath uses a path that is longer than 260 characters, a limit of Windows.
func TestLongPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("a", 200), strings.Repeat("b", 200))
	noError(t, os.MkdirAll(dir, 0o755))
	name := filepath.Join(dir, "file")
	unlock, ok, err := OS{}.TryLock(dir)
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	noError(t, ReplaceFile(OS{}, name, []byte("text"), 0o644))
	noError(t, CopyFile(OS{}, name, name+"2", 0o644))
	noError(t, OS{}.Remove(name))
	noError(t, unlock())
	if entries, err := (OS{}).ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

// TestNotRegular refuses a directory and a symbolic link.
func TestNotRegular(t *testing.T) {
	name, _ := newFile(t, "text")
	if _, err := (OS{}).OpenFile(filepath.Dir(name), os.O_RDONLY, 0); !errors.Is(err, ErrNotRegular) {
		t.Errorf("a directory: %v", err)
	}
	link := name + "-link"
	err := os.Symlink(name, link)
	if _, missing := os.Lstat(link); err != nil || missing != nil {
		t.Skipf("no symbolic links here: %v, %v", err, missing)
	}
	if f, err := (OS{}).OpenFile(link, os.O_RDONLY, 0); err == nil {
		t.Errorf("a symbolic link was opened: %v", f)
	}
}
