//go:build linux

// Command bench measures histlog beside other programs that do the same, in
// turn in one run, and prints medians and ratios. What is not installed is left
// out.
//
//	bench [-source step2.json] [-rounds 5] [-slow] [-month log] [migrate|append|library|compact|operate|plot|fields|scale…]
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
)

func main() {
	source := flag.String("source", "", "the file to migrate; made if not given")
	month := flag.String("month", os.Getenv("MONTH"), "the log of a month to look at; made if not given")
	rounds := flag.Int("rounds", 5, "measured rounds, after one that is not")
	slow := flag.Bool("slow", false, "also those that take half a minute and gigabytes of memory")
	tokens := flag.String("jsontext", "", "be the jsontext contestant on `FILE`")
	flag.Parse()
	benches := map[string]func() error{
		"migrate": func() error { return benchMigrate(*source, *rounds, *slow) },
		"append":  func() error { return benchAppend(*rounds) },
		"library": func() error { return benchLibrary(*rounds) },
		"compact": func() error { return benchCompact(*source, *rounds) },
		"operate": func() error { return benchOperate(*month, *rounds) },
		"plot":    func() error { return benchPlot(*rounds) },
		"fields":  func() error { return benchFields(*source, *rounds) },
		"scale":   func() error { return benchScale(*slow) },
	}
	names := flag.Args()
	if len(names) == 0 {
		names = []string{"migrate", "append", "library", "compact", "operate", "plot", "fields", "scale"}
	}
	if *tokens != "" {
		names = nil
		fail(withJSONText(*tokens))
	}
	for _, name := range names {
		switch {
		case benches[name] == nil:
			fail(fmt.Errorf("no bench %s", name))
		case len(names) > 1:
			fail(alone(name))
		default:
			fail(benches[name]())
		}
	}
}

// alone runs one bench in a process of its own: a child's peak memory counts from
// the memory that its parent has when it starts the child, and bench library needs
// hundreds of MiB.
func alone(name string) error {
	flags := os.Args[1 : len(os.Args)-flag.NArg()]
	cmd := exec.Command(os.Args[0], append(slices.Clone(flags), name)...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
