// Package jsondiff finds what changed from one JSON value to another, and writes the changes
// as a JSON Patch (RFC 6902).
//
// Both values are compact, as package jsonscan returns them, and are never decoded: numbers
// are compared and written as tokens, so that 1.0 differs from 1 and no digit is lost.
// Strings are compared by their characters: "\u00e9" equals "é". The order of members does not count.
//
// # Arrays
//
// If all elements of both arrays are objects that have a member of the same name with distinct scalar values, such
// as "id", the elements are paired by that value, and an element may move. [DefaultKeys] are
// the names that are tried. The elements of other arrays are paired by their place, after the elements
// with the same bytes at the beginning and at the end of both arrays: one new element at the front of a
// list is one change.
//
// # Objects that no pointer leads into
//
// An object with two members of one name, or with a name that has an escape of a lone
// surrogate, is one value, which is compared byte for byte: no JSON Pointer names its members.
//
// # Cost
//
// No tree is built. [Compare] holds 8 bytes for each element of the arrays, and some 200 for each member
// of the objects and each element with a key, that enclose the place being compared, and 16 bytes for each large
// container; it calls a function for each change instead of returning a list. Two containers that differ
// are compared up to their first difference once for each container that encloses them, which takes long only if
// thousands do.
package jsondiff
