package term

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Progress shows how much of its work a command has done.
type Progress struct {
	bar   *progressbar.ProgressBar // nil until Set is called
	label string
	out   io.Writer // nil: shows nothing
}

// NewProgress returns a Progress that writes to out. mode is auto (if out is a
// terminal), always or never.
func NewProgress(out io.Writer, mode, label string) (*Progress, error) {
	p := &Progress{label: label, out: out}
	switch mode {
	case "never":
		p.out = nil
	case "always":
	case "auto":
		if !IsTerminal(out) {
			p.out = nil
		}
	default:
		return nil, fmt.Errorf("%s: want auto, always or never", mode)
	}
	return p, nil
}

// Set shows that done of total bytes are done. A total of 0 is not known.
func (p *Progress) Set(done, total int64) {
	if p.out == nil {
		return
	}
	if p.bar == nil {
		if total == 0 {
			total = -1
		}
		p.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(p.out), progressbar.OptionShowBytes(true),
			progressbar.OptionSetDescription(p.label), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	_ = p.bar.Set64(done)
}

// Finish removes the progress from the screen.
func (p *Progress) Finish() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
