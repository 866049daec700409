// Package term formats what a command prints for people: sizes, durations, counts,
// colours, lines that fit the terminal, and progress. Text from records, file names
// and errors may contain any characters; Safe escapes those that control a terminal.
package term
