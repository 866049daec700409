//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/histlog/histlog/internal/genhistory"
)

// appends make one batch of 1.8 MB durable, whole process.
var appends = []contestant{
	{"an empty Go program", "", []string{"$EMPTY"}, false},
	{"dd conv=fdatasync of the line", "dd", []string{"dd", "if=$LINE", "of=$DIR/copy", "bs=4M", "conv=fdatasync"}, false},
	{"histlog append, empty log", "", []string{"$HISTLOG", "append", "--segment-size", "64M", "$EMPTYLOG", "$BATCH"}, false},
	{"histlog append, a month's log", "", []string{"$HISTLOG", "append", "--segment-size", "64M", "$MONTH", "$BATCH"}, false},
}

// monthRecords are the batches of a month, one in three minutes.
const monthRecords = 14_400

func benchAppend(rounds int) (err error) {
	work, clear, err := workplace()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clear()) }()
	for name, file := range map[string]string{"BATCH": "batch.json", "LINE": "line.ndjson", "EMPTYLOG": "empty", "MONTH": "month"} {
		os.Setenv(name, filepath.Join(work, file))
	}
	if err := makeAppendLogs(); err != nil {
		return err
	}
	times, err := contest(appends, 4*rounds, false)
	if err != nil {
		return err
	}
	fmt.Printf("\nappend of one batch; medians\n\n")
	for _, c := range appends {
		fmt.Printf("%8.2f ms  %s\n", times[c.name].Seconds()*1e3, c.name)
	}
	empty, month := times[appends[2].name].Seconds(), times[appends[3].name].Seconds()
	fmt.Printf("%8.2f ×   of dd and the empty program together\n", empty/(times[appends[0].name]+times[appends[1].name]).Seconds())
	fmt.Printf("%8.2f ×   a month's log of an empty one\n", month/empty)
	return nil
}

// makeAppendLogs makes a batch, its line, an empty log and one of a month.
func makeAppendLogs() error {
	if err := makeSource(os.Getenv("BATCH"), genhistory.Options{Records: 1, Shape: genhistory.ShapeBatch, BatchBytes: 1_880_000}); err != nil {
		return err
	}
	if err := makeSmallMonth(); err != nil {
		return err
	}
	if out, err := exec.Command(os.Getenv("HISTLOG"), "append", os.Getenv("EMPTYLOG"), "--create", "--allow-empty", os.Getenv("BATCH")).CombinedOutput(); err != nil {
		return fmt.Errorf("append: %w\n%s", err, out)
	}
	line, err := exec.Command(os.Getenv("HISTLOG"), "cat", os.Getenv("EMPTYLOG")).Output()
	if err != nil {
		return err
	}
	return os.WriteFile(os.Getenv("LINE"), line, 0o644)
}

// makeSmallMonth makes the log $MONTH, whose records and segments are small: their number
// counts, not their size.
func makeSmallMonth() error {
	month := os.Getenv("MONTH") + ".json"
	if err := makeSource(month, genhistory.Options{Records: monthRecords, BatchBytes: 20_000}); err != nil {
		return err
	}
	if out, err := exec.Command(os.Getenv("HISTLOG"), "migrate", "--verify", "none", "--segment-size", "700K", month, os.Getenv("MONTH")).CombinedOutput(); err != nil {
		return fmt.Errorf("migrate: %w\n%s", err, out)
	}
	return nil
}
