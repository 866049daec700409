package segment

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"
)

// system names this boot of the machine and this process's space of process
// numbers; "": not known, for want of /proc.
func system() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(boot)) + " " + space + " "
}

// processID names a process of this machine so that no other one ever has the same
// name: the boot, the space of process numbers, and when it was started. "" means
// that it does not run, or that nothing is known of it.
func processID(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	where := system()
	if err != nil || where == "" {
		return ""
	}
	const state, started = 0, 19 // of the fields behind the command, which is in parentheses
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	//mutant:lock-one-that-is-dead-and-not-yet-waited-for-counts-as-alive
	if len(fields) <= started || bytes.ContainsAny(fields[state], "ZXx") { // dead, and not yet waited for
		return ""
	}
	return fmt.Sprintf("%s%d %s", where, pid, fields[started])
}

// sameSystem reports whether a process was one of this boot and of this process's
// space of process numbers, so that it can be seen from here as long as it runs.
func sameSystem(process string) bool {
	where := system()
	return where != "" && strings.HasPrefix(process, where)
}

// changedAt returns when a file's bytes, name or mode were last changed, which no
// program can set; zero: not known.
func changedAt(info fs.FileInfo) time.Time {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(s.Ctim.Unix())
	}
	return time.Time{}
}
