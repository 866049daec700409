// Package faultfs is a file system in memory for tests. It records every operation,
// so that a test can rebuild what a crash at any moment would leave on the disk, and
// it fails operations on request.
//
// # The model of the disk
//
// The disk guarantees what POSIX guarantees and no more.
//
//   - A write, or a change of length, is durable after the next successful sync of
//     its file. Until then a power cut keeps it, drops it or tears it, independently of
//     all others and in any order.
//   - An entry of a directory (a file created, renamed or removed) is durable after the
//     next successful sync of the directory. A sync of the file does not keep its name.
//   - After a failed sync of a file no later sync makes its bytes durable, although they
//     can be read until the power cut. They must be written again. The entries of a
//     directory are exempt: they are in the journal of the file system, which is kept
//     or stops the file system.
//   - The death of a process loses nothing and releases its locks.
package faultfs
