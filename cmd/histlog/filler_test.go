package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/histlog/histlog/segment"
)

// fillerMain appends with one Writer until there is no room, says so, and
// goes on with the same one after a line on stdin.
func fillerMain() {
	fail := func(err error) {
		fmt.Println(err)
		os.Exit(1)
	}
	w, err := segment.OpenWriter(context.Background(), os.Args[1], segment.Options{})
	if err != nil {
		fail(err)
	}
	in := bufio.NewScanner(os.Stdin)
	value := fmt.Appendf(nil, "%q", strings.Repeat("x", 3000))
	for round := 0; ; round++ {
		n := 0
		for {
			if _, err = w.Append(context.Background(), value); err != nil {
				break
			}
			if n++; round > 0 && n == 2 {
				if err := w.Close(); err != nil {
					fail(err)
				}
				fmt.Println("went on")
				return
			}
		}
		if !segment.NoRoom(err) || round > 0 {
			fail(err)
		}
		fmt.Println("no room:", err)
		in.Scan()
	}
}
