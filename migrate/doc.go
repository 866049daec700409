// Package migrate turns a monolithic JSON file into a log, in constant memory, and a log
// back into that file.
//
// # Records
//
// The records of a source are found without help:
//
//	[a, b, c]                      the elements of a root array
//	{"history": [a, b], "n": 2}    the elements of a root object's member "history",
//	{"n": 2, "rows": [{}, {}]}     or else of the array of objects that holds most of it
//	{"a": {"rows": [{}, {}]}}      at any depth, also of arrays in arrays
//	{"2025-05-01": {}, ...}        the members of an object by date
//	a b c                          each of several values of one kind (NDJSON and the like)
//	{"timestamp": 1}               the value itself
//
// or they are named by a JSON pointer, or by a pattern. If several places may hold the
// records, the result is an [UndecidedError] with the candidates; finder_decide.go has the
// rules. The same error is returned for several values if one of them is a document with
// records inside, as finder_documents.go defines it. A table by columns is a [ColumnsError].
//
// One pass over the source is enough to find a root array, or a "history" of objects that is
// most of the source. Otherwise a survey reads the source once more, and the records are read
// in a third pass, which is impossible for standard input.
//
// # Patterns
//
// A token * of a pattern matches every member of an object and every element of an array. If
// a pattern leads to an array, its elements are the records; if its last token is *, so is any
// other value it leads to. A record below a * over an object keeps the keys that it was found
// under, outermost first, as the objects that it is stored in:
//
//	/history/*   {"history": {"2025-05-01": {"p": 1}}}       {"2025-05-01":{"p":1}}
//	/*           {"BTC": [{"p": 1}, {"p": 2}], "ETH": []}    {"BTC":{"p":1}} and {"BTC":{"p":2}}
//	/*/*         {"BTC": {"2025-05-01": 1}}                  {"BTC":{"2025-05-01":1}}
//	/*/rows      [{"rows": [1]}, {"rows": [2]}]              1 and 2
//
// # What is kept
//
// Every token of a record is kept, byte for byte. The directory origin/ of the log has the
// source's bytes before the first record and after the last one; the white space that its
// writer puts between tokens, learned from the first records; and, compressed, all white
// space that differs from it. [Export] therefore writes the same file again: the receipt
// has its SHA-256.
package migrate
