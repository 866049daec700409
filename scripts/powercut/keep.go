//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/histlog/histlog/scripts/powercut/disk"
)

// kept is the file beside a kept image.
type kept struct {
	plan
	Loss       disk.Loss
	Unflushed  int
	Generation int
	Problems   []string
	Events     []event
}

// keep stores a cut that has problems, and prints how to look at it.
func (r *rig) keep(c cut, problems []string) error {
	if r.lies {
		return nil
	}
	for _, problem := range problems {
		r.say(c.plan, "PROBLEM, unflushed writes lost: %s: %s", c.loss, problem)
	}
	dir, err := os.MkdirTemp(r.scratch, "kept")
	if err != nil {
		return err
	}
	image := filepath.Join(dir, "disk")
	b, err := json.Marshal(kept{c.plan, c.loss, c.unflushed, c.generation, problems, c.events})
	if err := errors.Join(err, c.image.Save(image), os.WriteFile(filepath.Join(dir, "cut.json"), b, 0o600)); err != nil {
		return err
	}
	fmt.Printf("  its disk: cp --sparse=always %s work && mount -o %s work /mnt\n  check it again: bin/powercut -look %s\n  the same choices: bin/powercut -fs %s -seed %d -runs 1\n",
		image, strings.Trim("loop,"+r.options, ","), dir, r.name, c.Seed)
	return nil
}

// load reads what keep has stored.
func load(dir string) (c cut, err error) {
	b, err := os.ReadFile(filepath.Join(dir, "cut.json"))
	var k kept
	if err == nil {
		err = json.Unmarshal(b, &k)
	}
	if err == nil {
		c = cut{k.plan, nil, k.Loss, k.Unflushed, k.Events, k.Generation}
		c.image, err = disk.Load(filepath.Join(dir, "disk"))
	}
	return c, err
}
