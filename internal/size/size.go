// Package size shows and parses sizes as people read and write them.
package size

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/alecthomas/units"
	"github.com/dustin/go-humanize"
)

// Text shows n bytes with three digits, in units of 1000: 80B, 395KB, 1.48GB.
func Text(n uint64) string {
	if n < 1000 {
		return fmt.Sprintf("%dB", n)
	}
	return strings.ToUpper(strings.ReplaceAll(humanize.BytesN(n, 3), " ", ""))
}

// Parse parses a number of bytes: 64M and 64MiB are 1024-based, 64MB is 1000-based.
func Parse(s string) (int64, error) {
	text := strings.TrimSpace(s)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 0 {
		return n, nil
	}
	if text != "" && strings.ContainsRune("KMGTPE", rune(text[len(text)-1])) {
		text += "iB"
	}
	n, err := units.ParseStrictBytes(text)
	if err != nil || n < 0 || n == math.MaxInt64 {
		return 0, fmt.Errorf("%q is not a size: write 64M, 64MiB or 64MB", s)
	}
	return n, nil
}

// Percent formats a share, 0 to 1, such as 99.9 %. Only all is 100 %.
func Percent(share float64) string {
	digits := 1
	if share < 0.01 {
		digits = 2
	}
	scale := math.Pow10(digits)
	text := strconv.FormatFloat(math.Floor(share*100*scale)/scale, 'f', digits, 64)
	return strings.TrimSuffix(text, ".0") + " %"
}
