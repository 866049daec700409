package main

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/urfave/cli/v2"
)

// progress shows how far a command is, to a person.
type progress struct {
	bar   *progressbar.ProgressBar
	label string
	out   io.Writer
}

func newProgress(c *cli.Context, label string) (*progress, error) {
	p := &progress{label: label, out: c.App.ErrWriter}
	switch mode := c.String("progress"); mode {
	case "never":
		p.out = nil
	case "always":
	case "auto":
		if !isTerminal(c.App.ErrWriter) {
			p.out = nil
		}
	default:
		return nil, usage(c.Command.Name, "--progress %s: want auto, always or never", mode)
	}
	return p, nil
}

// set shows that read of `of` bytes are done.
func (p *progress) set(read, of int64) {
	if p.out == nil {
		return
	}
	if p.bar == nil {
		if of == 0 {
			of = -1
		}
		p.bar = progressbar.NewOptions64(of, progressbar.OptionSetWriter(p.out), progressbar.OptionShowBytes(true),
			progressbar.OptionSetDescription(p.label), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	_ = p.bar.Set64(read)
}

func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
