//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// plots draw numbers of a month of small records. They read all of it, as cat does.
var plots = []contestant{
	{"histlog cat to /dev/null", "", shell(`"$HISTLOG" cat "$MONTH" > /dev/null`), false},
	{"histlog plot, one chart", "", []string{"$HISTLOG", "plot", "$MONTH", "/total_matches"}, false},
	{"histlog plot, three charts", "", []string{"$HISTLOG", "plot", "$MONTH", "/total_matches", "/matches#", "$BYTES"}, false},
	{"histlog plot --html, three charts", "", []string{"$HISTLOG", "plot", "--html", "-", "$MONTH", "/total_matches", "/matches#", "$BYTES"}, false},
	{"histlog plot --svg, three charts", "", []string{"$HISTLOG", "plot", "--svg", "-", "$MONTH", "/total_matches", "/matches#", "$BYTES"}, false},
}

func benchPlot(rounds int) (err error) {
	work, clear, err := workplace()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clear()) }()
	os.Setenv("BYTES", "$bytes") // in arguments a $ begins a variable
	os.Setenv("MONTH", filepath.Join(work, "month"))
	if err := makeSmallMonth(); err != nil {
		return err
	}
	_, largest, err := measureLog(os.Getenv("MONTH"))
	if err != nil {
		return err
	}
	times, err := contest(plots, rounds, false)
	if err != nil {
		return err
	}
	fmt.Printf("\nplot of %d records; medians\n\n%8s  %8s  %8s  %8s\n", monthRecords, "ms", "at most", "peak MiB", "at most")
	for _, c := range plots[1:] {
		if err := c.showAnswer(times, 2*time.Second, largest); err != nil {
			return err
		}
	}
	fmt.Printf("%8.2f ×   %s of %s\n", times[plots[1].name].Seconds()/times[plots[0].name].Seconds(), plots[1].name, plots[0].name)
	return nil
}
