// Package jsonscan validates and compacts a stream of JSON values in one pass
// and bounded memory.
//
// # Terminology
//
// A value is one JSON text as RFC 8259 defines it. Its compact form has the
// same tokens, byte for byte, and no white space between them: 1.0 stays 1.0,
// 1e400 stays 1e400, "\u00e9" stays an escape, and duplicate members stay. A stream is
// any number of values, with or without white space between them; only between two
// numbers or literals is white space needed.
//
// A pointer is a JSON Pointer (RFC 6901); "" names the whole value.
//
// # What is accepted
//
// The package accepts exactly RFC 8259 in UTF-8, nested at most [MaxDepth] deep. With
// [Options] it also accepts the tokens NaN, Infinity and -Infinity, which Python's json
// module writes, and bytes that are not UTF-8. An escape of a lone surrogate is accepted
// and kept. Callers skip a byte-order mark with [Scanner.SkipBOM].
//
// # How this package works
//
// A [Scanner] reads text from a [Source] chunk by chunk and passes it in windows
// through compactor.run, a state machine that can stop and continue at any byte. No
// token is held anywhere but in the caller's buffer. Between tokens and inside strings
// the machine compares eight bytes at a time. Everything rare, such as an escape at the
// end of a window, NaN, or invalid UTF-8, leaves the fast path. The states, the
// invariants and the overrun are explained in machine.go.
//
// The pointer of an error costs nothing until there is an error: the compact bytes
// written so far are then read once more.
package jsonscan
