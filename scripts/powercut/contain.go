//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// contained and guarded are set in the environment of processes that the program starts.
const (
	contained = "HISTLOG_POWERCUT_CONTAINED"
	guarded   = "HISTLOG_POWERCUT_GUARDED"
)

// contain starts this program again in a mount namespace of its own, so that its mounts and
// loop devices end with the last process there.
func contain() error {
	if os.Getenv(contained) != "" {
		return nil
	}
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	args := append([]string{unshare, "--mount", self}, os.Args[1:]...)
	return syscall.Exec(unshare, args, append(os.Environ(), contained+"=1"))
}

// startGuard starts a process that ends the FUSE connection at dir when this process ends, even
// if this one is killed. Otherwise its threads that use the disks would wait for ever for
// answers that only another thread of this process gives, and the process would not end.
//
// The kernel tells the guard when the calling thread ends, so this must be the main thread.
func startGuard(dir, control string) error {
	var info unix.Stat_t
	err := unix.Stat(dir, &info)
	if err == nil {
		err = unix.Mount("fusectl", control, "fusectl", 0, "")
	}
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	guard := exec.Command(self)
	guard.Env = append(os.Environ(), guarded+"="+filepath.Join(control, fmt.Sprint(unix.Minor(info.Dev)), "abort"))
	guard.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	return guard.Start()
}

// guard is the process that startGuard has started. abort is the file that ends the
// connection.
func guard(abort string) error {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	<-end
	if err := os.WriteFile(abort, []byte("1"), 0); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
