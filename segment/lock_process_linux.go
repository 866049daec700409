package segment

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// system identifies this boot of the machine and the PID namespace of this process,
// which do not change while it runs. "" means unknown, because there is no /proc.
var system = sync.OnceValue(func() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(boot)) + " " + space + " "
})

// ownProcessID is the processID of this process.
var ownProcessID = sync.OnceValue(func() string { return processID(os.Getpid()) })

// processID identifies a process of this machine by boot, PID namespace, PID and start
// time, so that no other process ever has the same ID. "" means that the process is
// not alive, or that nothing is known of it.
func processID(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	where := system()
	if err != nil || where == "" {
		return ""
	}
	// Fields of proc_pid_stat(5), counted after the command, which is in parentheses
	// and may contain any character, even a parenthesis.
	const state, started = 0, 19
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	//mutant:lock-a-zombie-process-counts-as-alive
	if len(fields) <= started || bytes.ContainsAny(fields[state], "ZXx") { // a zombie holds no lock
		return ""
	}
	return fmt.Sprintf("%s%d %s", where, pid, fields[started])
}

// sameSystem reports whether a process belongs to this boot and to the PID namespace of
// this process, which can then see it as long as it is alive.
func sameSystem(process string) bool {
	where := system()
	return where != "" && strings.HasPrefix(process, where)
}

// changedAt returns the change time of a file (ctime), which no program can set. Zero
// means unknown.
func changedAt(info fs.FileInfo) time.Time {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(s.Ctim.Unix())
	}
	return time.Time{}
}
