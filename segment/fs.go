package segment

import "github.com/histlog/histlog/internal/vfs"

// FS is the file system that a log is on. A nil FS in [Options] or [Open] means
// [OS]. Implement it, usually around OS, to observe or to fail file operations in
// tests.
type FS = vfs.FS

// File is an open file of an [FS].
type File = vfs.File

// OS is the file system of the machine.
type OS = vfs.OS
