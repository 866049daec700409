//go:build !linux

package segment

// Datasync is Sync where there is no fdatasync.
func (f osFile) Datasync() error { return f.Sync() }
