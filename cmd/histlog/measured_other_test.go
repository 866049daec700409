//go:build !linux

package main

// measuredMain is for Linux alone.
func measuredMain() {}
