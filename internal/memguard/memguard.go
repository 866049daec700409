// Package memguard knows how much memory there is and how much was used: the
// machine's, as gopsutil reads it, and the control group's limit, which holds
// inside a container and which gopsutil does not see.
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

// Figures are what a process has to live with, in bytes. 0: not known.
type Figures struct {
	Total     uint64 // the machine's memory
	Available uint64 // what can be had without swapping, at most what the limit leaves
	Limit     uint64 // of the control group; 0: none
}

// Memory returns the figures of this moment.
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

// RSS returns how much memory of this process is resident, in bytes, or 0 where
// the system does not say.
func RSS() uint64 {
	self := process.Process{Pid: int32(os.Getpid())}
	m, err := self.MemoryInfo()
	if err != nil {
		return 0
	}
	return m.RSS
}

// PeakRSS returns the most memory that this process has had resident, in
// bytes; where the system does not say, what it has now.
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

// DiskFree returns the bytes that a user may still write to the file system of
// path, and how many it has in all.
func DiskFree(path string) (free, total uint64, err error) {
	u, err := disk.Usage(path)
	if err != nil {
		return 0, 0, err
	}
	return u.Free, u.Total, nil
}

// cgroup returns the least memory limit on the way from the root to this
// process's group, and the use counted against it, less what the kernel gives
// back at once: files that nobody has looked at for a while. 0 without a limit.
// It knows version 2 and the memory controller of version 1.
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
			limit, used = leastLimit(root, fields[2], version2)
		case strings.Contains(","+fields[1]+",", ",memory,"):
			limit, used = leastLimit(filepath.Join(root, "memory"), fields[2], version1)
		}
		if limit > 0 {
			return limit, used
		}
	}
	return 0, 0
}

// files are the names of a control group's figures.
type files struct{ limit, used, idle string }

var (
	version1 = files{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"}
	version2 = files{"memory.max", "memory.current", "inactive_file"}
)

func leastLimit(root, group string, names files) (limit, used uint64) {
	for dir := filepath.Join(root, group); strings.HasPrefix(dir, root); dir = filepath.Dir(dir) {
		// Version 1 writes the largest multiple of a page for "none".
		if n := readNumber(filepath.Join(dir, names.limit)); n > 0 && n < math.MaxInt64/2 && (limit == 0 || n < limit) {
			limit, used = n, readNumber(filepath.Join(dir, names.used))
			used -= min(used, readStat(filepath.Join(dir, "memory.stat"), names.idle))
		}
	}
	return limit, used
}

// readStat returns one figure of a file of lines of a name and a number.
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

func readNumber(name string) uint64 {
	b, err := os.ReadFile(name)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64)
	return n
}
