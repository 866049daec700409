//go:build unix

package migrate

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/testutil"
)

// fifo makes the source a FIFO from which text can be read once.
func (p *place) fifo(text string) {
	p.Helper()
	testutil.NoError(p, syscall.Mkfifo(p.source, 0o600))
	go func() {
		if f, err := os.OpenFile(p.source, os.O_WRONLY, 0); err == nil {
			_, _ = f.WriteString(text)
			_ = f.Close()
		}
	}()
}

// inTime fails the test if do waits for a FIFO without a writer.
func (p *place) inTime(do func() error) (err error) {
	p.Helper()
	done := make(chan error)
	go func() { done <- do() }()
	for patience := 2 * time.Second; ; patience = time.Second {
		select {
		case err = <-done:
			return err
		case <-time.After(patience):
			p.Error("it waits for the FIFO to be written to once more")
			if f, err := os.OpenFile(p.source, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
				_ = f.Close()
			}
		}
	}
}

func TestFIFO(t *testing.T) {
	for _, c := range []struct {
		name, text string
		o          Options
		want       error
	}{
		{"in one pass", history(numbered(1, 3)), Options{}, nil},
		{"roundtrip", history(numbered(1, 3)), Options{Verify: VerifyRoundtrip}, nil},
		{"roundtrip of odd white space", `[1 , 2,3]`, Options{Verify: VerifyRoundtrip}, nil},
		{"roundtrip of converted tokens", `[1,NaN]`, Options{Verify: VerifyRoundtrip, Accept: Accept{NonFinite: NullNonFinite}}, ErrOnce},
		{"undecided", ndjson(numbered(1, 3)), Options{}, ErrUndecided},
		{"cut", "[1, 2", Options{Salvage: true}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			p.fifo(c.text)
			err := p.inTime(func() error {
				_, err := Run(t.Context(), p.options(c.o))
				return err
			})
			switch {
			case c.name == "cut":
				if err == nil {
					t.Error("no error")
				}
				p.nothing()
			case c.want != nil:
				testutil.ErrorIs(t, err, c.want)
				p.nothing()
			default:
				testutil.NoError(t, err)
				wantText(t, "export", p.export(), c.text)
			}
		})
	}
}

// A FIFO is rejected where a source must be read twice.
func TestFIFOTwice(t *testing.T) {
	for name, do := range map[string]func(ctx context.Context, o Options, p *place) error{
		"Compare": func(ctx context.Context, o Options, p *place) error {
			_, err := Compare(ctx, o, p.log())
			return err
		},
		"Continue": func(ctx context.Context, o Options, _ *place) error {
			_, err := Continue(ctx, o, 0)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.migrated("[1,2,3]", Options{})
			testutil.NoError(t, os.Remove(p.source))
			p.fifo("[1,2,3,4]")
			testutil.ErrorIs(t, p.inTime(func() error { return do(t.Context(), p.options(Options{}), p) }), ErrOnce)
			wantTexts(t, p.texts(), []string{"1", "2", "3"})
		})
	}
}
