package main

// ownerOf returns the name of the account that owns a file, "" if it is not known.
func ownerOf(string) string { return "" }
