//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/histlog/histlog/scripts/powercut/disk"
)

// A filesystem is a kind of file system, and how it is made and mounted.
type filesystem struct {
	name    string
	mkfs    []string
	megs    int64  // size of the disk
	kind    string // for mount; "" means name
	options string
	losses  []disk.Loss
}

// filesystems is the table of those that the rig knows.
var filesystems = []filesystem{
	{"ext4", ext4, 128, "", "", disk.Losses},
	{"ext4-writeback", ext4, 128, "ext4", "data=writeback", disk.Losses},
	{"ext4-journal", ext4, 128, "ext4", "data=journal", disk.Losses},
	// XFS does not survive torn blocks in its own metadata.
	{"xfs", []string{"mkfs.xfs", "-q", "-f"}, 320, "", "nouuid", slices.DeleteFunc(slices.Clone(disk.Losses), func(l disk.Loss) bool { return l == disk.LoseSectors })},
	{"btrfs", []string{"mkfs.btrfs", "-q", "-f"}, 256, "", "", disk.Losses},
	{"vfat", []string{"mkfs.vfat", "-F", "32"}, 64, "", "", disk.Losses},
	{"exfat", []string{"mkfs.exfat"}, 64, "", "", disk.Losses},
	{"f2fs", []string{"mkfs.f2fs", "-q"}, 128, "", "", disk.Losses},
}

var ext4 = []string{"mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"}

// find returns the file system of that name.
func find(name string) (filesystem, error) {
	for _, fs := range filesystems {
		if fs.name == name {
			return fs, nil
		}
	}
	return filesystem{}, fmt.Errorf("no file system %s is known", name)
}

// make returns a disk with an empty file system.
func (fs filesystem) make(dir string) (*disk.Image, error) {
	name := filepath.Join(dir, fs.name+".empty")
	defer os.Remove(name)
	if err := errors.Join(os.WriteFile(name, nil, 0o600), os.Truncate(name, fs.megs<<20)); err != nil {
		return nil, err
	}
	if out, err := exec.Command(fs.mkfs[0], append(fs.mkfs[1:], name)...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", fs.mkfs[0], err, out)
	}
	return disk.Load(name)
}

var disks atomic.Int64 // counts them, for their names

// mount mounts a disk at dir.
func (fs filesystem) mount(d *disk.Disk, s *shelf, dir string) (unmount func() error, err error) {
	name := fmt.Sprint(disks.Add(1))
	loop, err := attach(s.add(name, d))
	if err != nil {
		s.remove(name)
		return nil, err
	}
	defer loop.Close() // it is detached when it is unmounted, too
	kind := fs.kind
	if kind == "" {
		kind = fs.name
	}
	if err := unix.Mount(loop.Name(), dir, kind, 0, fs.options); err != nil {
		s.remove(name)
		return nil, fmt.Errorf("%w: %s: %w", errMount, kind, err)
	}
	return func() error {
		defer s.remove(name)
		return unmountBusy(dir)
	}, nil
}

var errMount = errors.New("the kernel can't mount what the cut has left")

// unmountBusy unmounts what background processes may still use.
func unmountBusy(dir string) (err error) {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if err = unix.Unmount(dir, 0); !errors.Is(err, unix.EBUSY) {
			return err
		}
	}
	return fmt.Errorf("unmount %s: %w", dir, err)
}

// attach returns a loop device for a file, which is detached when it is closed everywhere.
func attach(file string) (*os.File, error) {
	backing, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer backing.Close()
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer control.Close()
	for {
		number, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
		if err != nil {
			return nil, fmt.Errorf("a free loop device: %w", err)
		}
		loop, err := os.OpenFile(fmt.Sprintf("/dev/loop%d", number), os.O_RDWR, 0)
		if err != nil {
			return nil, err
		}
		err = unix.IoctlLoopConfigure(int(loop.Fd()), &unix.LoopConfig{
			Fd: uint32(backing.Fd()), Info: unix.LoopInfo64{Flags: unix.LO_FLAGS_AUTOCLEAR},
		})
		if err == nil {
			return loop, nil
		}
		loop.Close()
		if !errors.Is(err, unix.EBUSY) { // another process was faster
			return nil, fmt.Errorf("attach %s: %w", loop.Name(), err)
		}
	}
}
