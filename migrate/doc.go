// Package migrate turns a monolithic JSON file into a log, once, in one pass and
// constant memory, and a log back into that file.
//
// # Records
//
// What of a source is a record is found without help:
//
//	[a, b, c]                      the elements of a root array
//	{"history": [a, b], "n": 2}    the elements of a root object's member "history",
//	{"n": 2, "rows": [{}, {}]}     or else of its one array of objects
//	a b c                          each of several values of one kind (NDJSON and the like)
//	{"timestamp": 1}               the value itself
//
// or named by a JSON pointer. Where two answers are possible there is none, but
// ErrUndecided with the candidates: two arrays of objects of which neither is
// "history", a "history" without objects beside an array of objects, or several
// values of which one is a document with records inside, as document.go defines
// it. One pass decides as long as it can; where it
// can't (a second array of objects, a later "history", a second value) the
// source is read again, which standard input does not allow.
//
// # What is kept
//
// Every token of a record, byte for byte. In origin/ stand the source's bytes
// before the first record and after the last, verbatim; the white space that its
// writer puts between tokens, learned from the first records; and, compressed,
// all white space that differs from that. So [Export] gives back the very file:
// its SHA-256 is in the receipt.
package migrate
