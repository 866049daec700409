package segment

import "context"

// A boundFile is a file that is no longer read once a context has ended, so that
// every loop over it ends: the length of a file is whatever its owner made it.
type boundFile struct {
	File
	ctx context.Context
}

// bound binds the reading of a file to a context; nil means to none.
func bound(ctx context.Context, f File) File {
	if ctx == nil {
		return f
	}
	return boundFile{f, ctx}
}

func (f boundFile) ReadAt(b []byte, off int64) (int, error) {
	//mutant:read-a-context-that-has-ended-reads-on
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	return f.File.ReadAt(b, off)
}

func (f boundFile) Read(b []byte) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	return f.File.Read(b)
}

// ended returns the error of the context that a file is bound to.
func ended(f File) error {
	if b, ok := f.(boundFile); ok {
		return b.ctx.Err()
	}
	return nil
}
