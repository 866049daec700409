//go:build linux

package main

import (
	"cmp"
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
	fsck    []string // run on what a cut has left, where a system does that when it starts
	overlay bool     // the logs are in an overlay whose upper layer is on the disk
}

// filesystems is the table of those that the rig knows.
var filesystems = []filesystem{
	{name: "ext4", mkfs: ext4, megs: 128, losses: disk.Losses},
	{name: "ext4-writeback", mkfs: ext4, megs: 128, kind: "ext4", options: "data=writeback", losses: disk.Losses},
	{name: "ext4-journal", mkfs: ext4, megs: 128, kind: "ext4", options: "data=journal", losses: disk.Losses},
	{name: "overlay", mkfs: ext4, megs: 128, kind: "ext4", losses: disk.Losses, overlay: true},
	// XFS does not survive torn blocks in its own metadata.
	{name: "xfs", mkfs: []string{"mkfs.xfs", "-q", "-f"}, megs: 320, options: "nouuid", losses: notSectors},
	{name: "btrfs", mkfs: []string{"mkfs.btrfs", "-q", "-f"}, megs: 256, losses: disk.Losses},
	{name: "vfat", mkfs: []string{"mkfs.vfat", "-F", "32"}, megs: 64, losses: disk.Losses, fsck: []string{"fsck.vfat", "-a"}},
	{name: "exfat", mkfs: []string{"mkfs.exfat"}, megs: 64, losses: disk.Losses},
	{name: "f2fs", mkfs: []string{"mkfs.f2fs", "-q"}, megs: 128, losses: disk.Losses},
}

// notSectors is for XFS, which does not survive torn blocks in its own metadata.
var notSectors = slices.DeleteFunc(slices.Clone(disk.Losses), func(l disk.Loss) bool { return l == disk.LoseSectors })

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

// repaired returns an image as fsck leaves it.
func (fs filesystem) repaired(image *disk.Image, dir string) (*disk.Image, error) {
	if fs.fsck == nil {
		return image, nil
	}
	name := filepath.Join(dir, fs.name+".cut")
	defer os.Remove(name)
	err := image.Save(name)
	var out []byte
	if err == nil {
		out, err = exec.Command(fs.fsck[0], append(fs.fsck[1:], name)...).CombinedOutput()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() != 1 || err != nil && exit == nil { // 1: it repaired the file system
		return nil, fmt.Errorf("%s: %w: %s", fs.fsck[0], err, out)
	}
	return disk.Load(name)
}

var disks atomic.Int64 // counts them, for their names

// mount mounts a disk at dir.
func (fs filesystem) mount(d *disk.Disk, s *shelf, dir string) (unmount func() error, err error) {
	if !fs.overlay {
		return fs.mountDisk(d, s, dir)
	}
	base := dir + ".base"
	upper, work, lower := filepath.Join(base, "upper"), filepath.Join(base, "work"), dir+".lower"
	if err := errors.Join(os.MkdirAll(base, 0o755), os.MkdirAll(lower, 0o755)); err != nil {
		return nil, err
	}
	unmountBase, err := fs.mountDisk(d, s, base)
	if err != nil {
		return nil, err
	}
	err = errors.Join(os.MkdirAll(upper, 0o755), os.MkdirAll(work, 0o755))
	if err == nil {
		err = unix.Mount("overlay", dir, "overlay", 0, fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", lower, upper, work))
	}
	if err != nil {
		return nil, errors.Join(err, unmountBase())
	}
	return func() error { return errors.Join(unmountBusy(dir), unmountBase()) }, nil
}

// mountDisk mounts the file system that is on a disk.
func (fs filesystem) mountDisk(d *disk.Disk, s *shelf, dir string) (unmount func() error, err error) {
	name := fmt.Sprint(disks.Add(1))
	loop, err := attach(s.add(name, d))
	if err != nil {
		s.remove(name)
		return nil, err
	}
	defer loop.Close() // it is detached when it is unmounted, too
	if err := unix.Mount(loop.Name(), dir, cmp.Or(fs.kind, fs.name), 0, fs.options); err != nil {
		s.remove(name)
		return nil, fmt.Errorf("%w: %w", errMount, err)
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
