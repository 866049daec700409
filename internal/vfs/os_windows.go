package vfs

import (
	"errors"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"github.com/google/uuid"
	"golang.org/x/sys/windows"
)

const openFlags = 0

func inherit(*os.File, fs.FileInfo, fs.FileMode) error { return nil }

// Trusted returns true.
func Trusted(fs.FileInfo) bool { return true }

// Mkdir implements FS.
func (OS) Mkdir(name string, perm fs.FileMode) error { return os.Mkdir(name, 0o755) }

// Hold returns fsys. An open directory could not be renamed or removed on Windows.
func Hold(fsys FS, dir string) (held FS, release func() error, err error) {
	return fsys, func() error { return nil }, nil
}

// Moved returns false.
func Moved(fsys FS, dir string) bool { return false }

// NameOf returns the name of an open file.
func NameOf(f File) (string, error) {
	file, ok := f.(osFile)
	if !ok {
		return "", errors.ErrUnsupported
	}
	return file.Name(), nil
}

// ByName returns fsys.
func ByName(fsys FS) FS { return fsys }

// inParent calls fn with the open directory of name, and the last element of name. The
// methods of os.Root let other processes rename and remove the files that they open
// (FILE_SHARE_DELETE); os.OpenFile does not.
func inParent(name string, fn func(dir *os.Root, base string) error) error {
	dir, err := os.OpenRoot(filepath.Dir(name))
	if err != nil {
		return err
	}
	defer dir.Close()
	return fn(dir, filepath.Base(name))
}

// openPath opens a file as os.OpenFile does, and refuses a symbolic link.
func openPath(name string, flag int, perm fs.FileMode) (f *os.File, err error) {
	err = inParent(name, func(dir *os.Root, base string) error {
		if info, err := dir.Lstat(base); err == nil && !info.Mode().IsRegular() {
			return ErrNotRegular
		}
		return whileInUse(func() (err error) {
			f, err = dir.OpenFile(base, flag, perm)
			return err
		}, windows.ERROR_SHARING_VIOLATION)
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: cause(err)}
	}
	return f, nil
}

// cause returns the error of a system call, without the path that is relative to an os.Root.
func cause(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	if e := (*os.LinkError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// whileInUse calls fn again as long as it returns one of the errors that mean that another
// process uses the file: virus scanners and backups open files for moments.
func whileInUse(fn func() error, inUse ...syscall.Errno) error {
	const patience, interval = 2 * time.Second, 10 * time.Millisecond
	for deadline := time.Now().Add(patience); ; time.Sleep(interval) {
		err := fn()
		if !isErrno(err, inUse...) || time.Now().After(deadline) {
			return err
		}
	}
}

// renamePath renames a file within its directory. On NTFS and ReFS it replaces a file that
// other processes have open: os.Root sets FILE_RENAME_POSIX_SEMANTICS. On other file
// systems it waits a moment for them to close the file.
func renamePath(from, to string) error {
	err := inParent(from, func(dir *os.Root, base string) error {
		return whileInUse(func() error { return dir.Rename(base, filepath.Base(to)) }, windows.ERROR_SHARING_VIOLATION, windows.ERROR_ACCESS_DENIED)
	})
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: cause(err)}
	}
	return nil
}

// Remove implements FS. The name is free at once, even while other processes have the
// file open, as on Unix.
func (OS) Remove(name string) error {
	err := inParent(name, func(dir *os.Root, base string) error {
		if posixDelete(dir) {
			return whileInUse(func() error { return dir.Remove(base) }, windows.ERROR_SHARING_VIOLATION)
		}
		return whileInUse(func() error { return removeRenamed(dir, base) }, windows.ERROR_SHARING_VIOLATION)
	})
	if err != nil {
		return &fs.PathError{Op: "remove", Path: name, Err: cause(err)}
	}
	return nil
}

// posixDelete reports whether the file system removes the name of a file that is open, as
// NTFS and ReFS do since Windows 10. Others (FAT, exFAT, Wine) keep the name until the
// last process closes the file.
func posixDelete(dir *os.Root) bool {
	const fileSupportsPOSIXUnlinkRename = 0x400
	f, err := dir.Open(".")
	if err != nil {
		return false
	}
	defer f.Close()
	var flags uint32
	err = windows.GetVolumeInformationByHandle(windows.Handle(f.Fd()), nil, 0, nil, nil, &flags, nil, 0)
	return err == nil && flags&fileSupportsPOSIXUnlinkRename != 0
}

// removeRenamed removes a file where posixDelete is false. The file is renamed, so that its
// name is free at once, and a handle removes it when the process ends: a kill leaves no file.
func removeRenamed(dir *os.Root, base string) error {
	path := filepath.Join(dir.Name(), base)
	h, err := createFile(path, windows.DELETE, shareAll, windows.FILE_FLAG_DELETE_ON_CLOSE|windows.FILE_FLAG_OPEN_REPARSE_POINT)
	if err != nil { // of a directory, or a file with the read-only attribute
		return os.Remove(path)
	}
	return errors.Join(renameHandle(h, filepath.Join(filepath.Dir(path), ".removed."+uuid.NewString()+".tmp")), windows.CloseHandle(h))
}

// renameHandle renames an open file.
func renameHandle(h windows.Handle, to string) error {
	to, err := filepath.Abs(to)
	if err != nil {
		return err
	}
	name, err := windows.UTF16FromString(to)
	if err != nil {
		return err
	}
	const longest = 1 << 15
	if len(name) > longest {
		return windows.ERROR_FILENAME_EXCED_RANGE
	}
	info := struct { // FILE_RENAME_INFO
		replace uint32
		root    windows.Handle
		size    uint32 // in bytes, without the final 0
		name    [longest]uint16
	}{size: uint32(2 * (len(name) - 1))}
	copy(info.name[:], name)
	return windows.SetFileInformationByHandle(h, windows.FileRenameInfo, (*byte)(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
}

const shareAll = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE

// createFile opens a file that exists.
func createFile(name string, access, share, flags uint32) (windows.Handle, error) {
	path, err := filepath.Abs(name)
	if err != nil {
		return 0, err
	}
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	return windows.CreateFile(p, access, share, nil, windows.OPEN_EXISTING, flags, 0)
}

// Link implements FS. It always fails, because Links could not tell that a file
// has a second name.
func (OS) Link(from, to string) error {
	return &os.LinkError{Op: "link", Old: from, New: to, Err: errors.ErrUnsupported}
}

// Links implements FS.
func (OS) Links(fs.FileInfo) int { return 1 }

// SyncDir implements FS. FlushFileBuffers of a directory writes its entries on NTFS and
// ReFS. Where a file system refuses it, nothing is left to do: Windows has no other call.
func (OS) SyncDir(name string) error {
	h, err := createFile(name, windows.GENERIC_WRITE, shareAll, windows.FILE_FLAG_BACKUP_SEMANTICS)
	if err == nil {
		err = errors.Join(windows.FlushFileBuffers(h), windows.CloseHandle(h))
	}
	if isErrno(err, windows.ERROR_ACCESS_DENIED, windows.ERROR_INVALID_FUNCTION, windows.ERROR_INVALID_PARAMETER, windows.ERROR_NOT_SUPPORTED) {
		return nil
	}
	if err != nil {
		return &fs.PathError{Op: "sync", Path: name, Err: err}
	}
	return nil
}

// TryLock implements FS. The lock is on one byte of the lock file. A process that opens the
// lock file without FILE_SHARE_DELETE, as os.OpenFile does, prevents its removal.
func (OS) TryLock(name string) (func() error, bool, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, false, err
	}
	dir, base := filepath.Split(name)
	if info.IsDir() {
		dir, base = name, ""
	}
	path := filepath.Join(dir, LockName)
	f, err := openLock(path)
	if err != nil {
		return nil, false, err
	}
	at := lockRange(base)
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	if err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, at); err != nil {
		if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
			err = nil
		}
		return nil, false, errors.Join(err, f.Close())
	}
	unlock := func() error {
		// Unlocked first: after a close alone, Windows may keep the lock for a while.
		err := errors.Join(windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, at), f.Close())
		_ = os.Remove(path) // fails while another process has it open
		return err
	}
	// The lock is that of a name: if the file was removed before the lock was held, other
	// processes do not look for it.
	if _, err := os.Lstat(name); err != nil {
		return nil, false, unlock()
	}
	return unlock, true, nil
}

func openLock(path string) (f *os.File, err error) {
	err = whileInUse(func() (err error) {
		f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		return err
	}, windows.ERROR_SHARING_VIOLATION, windows.ERROR_ACCESS_DENIED) // it is being removed
	return f, err
}

// lockRange returns the byte of the lock file for a file of the directory; "" is the directory.
// Windows ignores the case of names.
func lockRange(base string) *windows.Overlapped {
	h := fnv.New32a()
	h.Write([]byte(strings.ToLower(base)))
	return &windows.Overlapped{Offset: h.Sum32()}
}

// openFolder opens a directory of the machine's own file system. f is nil if fsys is
// another one.
func openFolder(fsys FS, name string) (f *os.File, err error) {
	if _, machine := fsys.(OS); !machine {
		return nil, nil
	}
	return os.Open(name)
}
