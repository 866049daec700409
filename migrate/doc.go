// Package migrate turns a monolithic JSON file into a log, in one pass and constant
// memory, and a log back into that file.
//
// # Records
//
// The records of a source are found without help:
//
//	[a, b, c]                      the elements of a root array
//	{"history": [a, b], "n": 2}    the elements of a root object's member "history",
//	{"n": 2, "rows": [{}, {}]}     or else of its only array of objects
//	a b c                          each of several values of one kind (NDJSON and the like)
//	{"timestamp": 1}               the value itself
//
// or they are named by a JSON pointer. If several arrays may hold the records, the result
// is ErrUndecided with the candidates: two arrays of objects of which neither is
// "history", a "history" without objects beside an array of objects, or several values of
// which one is a document with records inside, as finder_documents.go defines it.
//
// One pass over the source is usually enough to find the records. If it is not (a later
// "history", a second value), the source is read again, which is impossible for standard
// input.
//
// # What is kept
//
// Every token of a record is kept, byte for byte. The directory origin/ of the log has the
// source's bytes before the first record and after the last one; the white space that its
// writer puts between tokens, learned from the first records; and, compressed, all white
// space that differs from it. [Export] therefore writes the same file again: the receipt
// has its SHA-256.
package migrate
