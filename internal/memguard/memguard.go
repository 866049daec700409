// Package memguard measures how much memory there is and how much is in use, and keeps a
// process within a budget. It knows the machine's memory, which gopsutil reads, and the
// limit of the control group, which applies in a container and which gopsutil does not
// read.
package memguard

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/shirou/gopsutil/v3/disk"
	"github.com/shirou/gopsutil/v3/mem"
	"github.com/shirou/gopsutil/v3/process"
)

// Figures describe the memory that a process can use, in bytes. 0 means not known.
type Figures struct {
	Total     uint64 // the machine's memory
	Available uint64 // without swapping, and within the limit
	Limit     uint64 // of the control group; 0 means none
}

// Memory returns the current figures.
func Memory() Figures {
	var f Figures
	if m, err := mem.VirtualMemory(); err == nil {
		f.Total, f.Available = m.Total, m.Available
	}
	limit, used := cgroup("/sys/fs/cgroup", "/proc/self/cgroup")
	if limit > 0 {
		f.Limit = limit
		f.Available = min(f.Available, limit-min(used, limit))
	}
	return f
}

// RSS returns the resident memory of this process in bytes; 0 if the system does not
// report it.
func RSS() uint64 {
	self := process.Process{Pid: int32(os.Getpid())}
	m, err := self.MemoryInfo()
	if err != nil {
		return 0
	}
	return m.RSS
}

// PeakRSS returns the maximum resident memory that this process has had in bytes; if the
// system does not report it, the current one.
func PeakRSS() uint64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return RSS()
	}
	for line := range strings.Lines(string(b)) {
		var kib uint64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	return RSS()
}

// DiskFree returns how many bytes a user without privileges may still write to the file
// system of path, and its total size.
func DiskFree(path string) (free, total uint64, err error) {
	u, err := disk.Usage(path)
	if err != nil {
		return 0, 0, err
	}
	return u.Free, u.Total, nil
}

// cgroup returns the minimum of the memory limits of this process's control group and
// its parents, and the usage counted against it. The usage is less the inactive part of
// the page cache, which the kernel frees at once. limit is 0 if there is none. cgroup
// reads version 2 and the memory controller of version 1.
func cgroup(root, self string) (limit, used uint64) {
	b, err := os.ReadFile(self)
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(b)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) < 3 {
			continue
		}
		switch {
		case fields[0] == "0":
			limit, used = minLimit(root, fields[2], version2)
		case strings.Contains(","+fields[1]+",", ",memory,"):
			limit, used = minLimit(filepath.Join(root, "memory"), fields[2], version1)
		}
		if limit > 0 {
			return limit, used
		}
	}
	return 0, 0
}

// files holds the names of a control group's files, and of a line in memory.stat.
type files struct{ limit, used, idle string }

var (
	version1 = files{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"}
	version2 = files{"memory.max", "memory.current", "inactive_file"}
)

// minLimit returns the minimum of the limits of group and its parents up to root.
func minLimit(root, group string, names files) (limit, used uint64) {
	for dir := filepath.Join(root, group); strings.HasPrefix(dir, root); dir = filepath.Dir(dir) {
		// Version 1 writes the largest multiple of a page for "none".
		if n := readNumber(filepath.Join(dir, names.limit)); n > 0 && n < math.MaxInt64/2 && (limit == 0 || n < limit) {
			limit, used = n, readNumber(filepath.Join(dir, names.used))
			used -= min(used, readStat(filepath.Join(dir, "memory.stat"), names.idle))
		}
	}
	return limit, used
}

// readStat returns one figure of a file with a name and a number in each line; 0 if
// there is none.
func readStat(name, figure string) uint64 {
	b, err := os.ReadFile(name)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if text, ok := strings.CutPrefix(line, figure+" "); ok {
			n, _ := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
			return n
		}
	}
	return 0
}

// readNumber returns the number in a file; 0 if there is none.
func readNumber(name string) uint64 {
	b, err := os.ReadFile(name)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64)
	return n
}
