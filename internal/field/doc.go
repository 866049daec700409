// Package field takes values out of records: those that JSON pointers lead to, and facts
// about the record such as its sequence.
//
// # Fields
//
// A list of fields is divided by commas. A field is one of these, with or without a name
// before it, as in home=/matches/0/odds/home:
//
//	/a/0/b      the value that a JSON pointer (RFC 6901) leads to; .a.0.b, as jq writes, is read as /a/0/b
//	/a#         how many members or elements the object or array at /a has
//	/a/*/b      one row for each member or element of /a; * is every name and every index
//	$key        the name or the index that * stands for
//	$seq        the sequence of the record
//	$time       its time, by the rules of the log
//	$arrived    when it was appended
//	$bytes      the size of its text in bytes
//
// The empty pointer is the record itself. Without a name, a field is named by what comes after
// its last slash, without escapes; the record itself is named record.
//
// A ~ makes the character after it ordinary: ~, is a comma and ~= an equals sign in a name, ~# ends a pointer
// with a number sign, and ~* is a member with the name *. ~0 is ~ and ~1 is /, as in RFC 6901. In a name before a
// field, ~. is a dot: only there a dot at the beginning would be taken for that of a pointer.
//
// # Values
//
// A value is the bytes of the record's text: a token, or a compact object or array. If several
// members of an object have one name, the first one counts, so that a search can end when all
// fields are found. jq and most libraries read to the end and take the last one.
//
// A record gives one row, or with a star one row for each match, in the order of the text and
// also for each of several members with one name. Fields without a star repeat in each row.
package field
