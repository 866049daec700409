// Package faultfs is a file system in memory that remembers everything that
// was done to it, so that a test can rebuild what a crash at any moment would
// leave on the disk, and that fails when it is told to. Tests alone import it.
//
// # The disk it plays
//
// It grants what POSIX promises and no more. A write, or a change of length,
// lasts from the next successful sync of its file on; until then a power cut
// keeps it, drops it or tears it, each by itself and in any order. An entry
// of a directory (a file made, renamed or removed) lasts from the next
// successful sync of its directory on, and that alone: syncing a file does
// not keep its name. After a failed sync of a file its bytes are lost to every later
// one, though they can still be read until the power goes: only writing them
// again helps. (A directory's entries are the file system's own journal, which
// is kept or stops the file system.) The death of a process loses nothing and frees its locks.
package faultfs
