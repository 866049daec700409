// Package jsonscan validates and compacts a stream of JSON values in one pass
// and bounded memory.
//
// # Terminology
//
// A value is one JSON text as RFC 8259 defines it. Its compact form has the
// same tokens, byte for byte, and no white space between them: 1.0 stays 1.0,
// 1e400 stays 1e400, "\u00e9" stays an escape, duplicate members stay where
// they are. A stream is any number of values, with or without white space
// between them; a number or a literal needs some before another one.
//
// A pointer is a JSON Pointer (RFC 6901); "" names the whole value.
//
// # What is accepted
//
// Exactly RFC 8259 in UTF-8, nested at most [MaxDepth] deep, and what [Options]
// allow beyond it: the tokens NaN, Infinity and -Infinity, which Python's json
// module writes, and bytes that are not UTF-8. A string escape may name a lone
// surrogate: it is text, and stays as written. A byte-order mark is the
// caller's business: see [Scanner.SkipBOM].
//
// # How this package works
//
// A [Scanner] takes text from a [Source] chunk by chunk and passes it in windows
// through compactor.run, a state machine that can stop and go on at any byte, so
// that no token is ever held but in the caller's buffer. Between tokens and
// inside strings it looks at eight bytes at a time. Everything rare (escapes at a
// window's end, NaN, bad UTF-8) leaves the fast path.
//
// An error's pointer costs nothing until there is an error: the compact bytes
// written so far are read once more to find out where they stand.
package jsonscan
