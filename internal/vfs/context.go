package vfs

import "context"

// WithContext returns a file whose reads fail once ctx has ended, so that every
// loop over the file ends: a file may be of any length that its owner gave it.
// A nil ctx never ends.
func WithContext(ctx context.Context, f File) File {
	if ctx == nil {
		return f
	}
	return contextFile{f, ctx}
}

// contextFile is a file whose reads end with a context.
type contextFile struct {
	File
	ctx context.Context
}

func (f contextFile) ReadAt(b []byte, off int64) (int, error) {
	//mutant:read-an-ended-context-does-not-stop-reading
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	return f.File.ReadAt(b, off)
}

func (f contextFile) Read(b []byte) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	return f.File.Read(b)
}
