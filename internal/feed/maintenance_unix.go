//go:build unix

package feed

import (
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// detach starts the child in a session of its own, so that it gets no signals from the
// terminal, and as the owner of the log at dir if that account can do what the child must:
// reach dir, and give new files the group of dir.
func detach(c *exec.Cmd, dir string, owner fs.FileInfo) {
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	own, ok := owner.Sys().(*syscall.Stat_t)
	//mutant:maintenance-of-another-accounts-log-runs-as-root
	if !ok || os.Geteuid() != 0 || own.Uid == 0 {
		return
	}
	if a := account(own.Uid, own.Gid); a.Gid == own.Gid && reaches(a, dir) {
		c.SysProcAttr.Credential = a
	}
}

// reaches reports whether an account may enter every parent of dir, by their modes.
func reaches(a *syscall.Credential, dir string) bool {
	path, err := filepath.EvalSymlinks(dir)
	for last := ""; err == nil && path != last; {
		last, path = path, filepath.Dir(path) // ends with "/", or with "." of a relative name
		var parent syscall.Stat_t
		if err = syscall.Stat(path, &parent); err == nil && !mayEnter(a, parent) {
			return false
		}
	}
	return err == nil
}

// mayEnter reports whether an account has the execute bit of a directory. The first class
// that the account belongs to decides.
func mayEnter(a *syscall.Credential, dir syscall.Stat_t) bool {
	switch {
	case dir.Uid == a.Uid:
		return dir.Mode&unix.S_IXUSR != 0
	case dir.Gid == a.Gid || slices.Contains(a.Groups, dir.Gid):
		return dir.Mode&unix.S_IXGRP != 0
	}
	return dir.Mode&unix.S_IXOTH != 0
}

// account returns the credentials of a user: the group of the log's directory, so that new
// files have it, if the user is a member of that group, or else the user's own.
func account(uid, gid uint32) *syscall.Credential {
	const nobody = 65534
	c := &syscall.Credential{Uid: uid, Gid: nobody}
	u, err := user.LookupId(strconv.Itoa(int(uid)))
	if err != nil { // an account without a name, as in a container, has no group but its own
		if gid == uid {
			c.Gid = gid
		}
		return c
	}
	ids, _ := u.GroupIds()
	for _, id := range append([]string{u.Gid}, ids...) {
		n, err := strconv.ParseUint(id, 10, 32)
		if err != nil {
			continue
		}
		c.Groups = append(c.Groups, uint32(n))
	}
	switch {
	case slices.Contains(c.Groups, gid):
		c.Gid = gid
	case len(c.Groups) > 0:
		c.Gid = c.Groups[0]
	}
	return c
}

// LowerPriority gives every other process precedence over this one. If detach made this
// process a session of its own, its process group is all of its threads.
func LowerPriority() {
	const nice = 10
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, nice)
	if session, err := unix.Getsid(0); err == nil && session == syscall.Getpid() {
		_ = syscall.Setpriority(syscall.PRIO_PGRP, 0, nice)
	}
}
