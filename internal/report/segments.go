package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/histlog/histlog/internal/survey"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
)

// Longest returns the longest stalls, at most maxShown, in descending order.
func Longest(all []survey.Stall, maxShown int) []survey.Stall {
	sorted := slices.SortedStableFunc(slices.Values(all), func(a, b survey.Stall) int { return cmp.Compare(b.Length(), a.Length()) })
	return sorted[:min(maxShown, len(sorted))]
}

func RangeText(s survey.Segment) string {
	if !s.Sealed {
		return fmt.Sprintf("%d–", s.Base)
	}
	return term.Range(s.Base, s.Next-1)
}

func RatioText(s survey.Segment) string {
	switch r := s.Ratio(); {
	case r == 0 || s.Codec == segment.Plain:
		return ""
	case r < 10:
		return fmt.Sprintf("%.1fx", r)
	default:
		return fmt.Sprintf("%.0fx", r)
	}
}

// StateText is active, plain, or what a segment was compressed with.
func StateText(s survey.Segment) string {
	text := cmp.Or(strings.TrimPrefix(s.Codec.Extension(), "."), "plain")
	if !s.Sealed {
		text = "active"
	}
	if s.Copy {
		text += ", plain too"
	}
	return text
}
