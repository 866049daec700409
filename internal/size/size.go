// Package size shows sizes as a person reads them.
package size

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"
)

// Text shows n bytes with three digits, in units of 1000: 80B, 395KB, 1.48GB.
func Text(n uint64) string {
	if n < 1000 {
		return fmt.Sprintf("%dB", n)
	}
	return strings.ToUpper(strings.ReplaceAll(humanize.BytesN(n, 3), " ", ""))
}
