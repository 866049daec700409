// Command empty does nothing: how long a Go program takes to start.
package main

func main() {}
