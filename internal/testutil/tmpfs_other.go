//go:build !linux

package testutil

import "testing"

// Tmpfs runs the tests of a package whose files need not survive a power cut.
type Tmpfs struct{ *testing.M }
