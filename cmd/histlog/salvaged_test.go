package main

import (
	"strings"
	"testing"

	"github.com/histlog/histlog/migrate"
)

// TestSalvagedText: sizes of many digits are rounded for a person.
func TestSalvagedText(t *testing.T) {
	for _, c := range []struct {
		receipt migrate.Receipt
		want    string
	}{
		{migrate.Receipt{Quarantined: 12_345_678, Pieces: 1}, "all 12.3MB are in "},
		{migrate.Receipt{Quarantined: 999, Pieces: 1, Records: 3}, "the 999 bytes that are damaged"},
		{migrate.Receipt{Quarantined: 12_345_678, Pieces: 1, Records: 3}, "the 12.3MB that are damaged"},
		{migrate.Receipt{Quarantined: 12_345_678, Pieces: 2, Records: 3}, "the 2 damaged pieces, of 12.3MB, are in "},
	} {
		if got := salvagedText(migrate.Options{Dir: "log"}, c.receipt); !strings.Contains(got, c.want) {
			t.Errorf("%q does not say %q", got, c.want)
		}
	}
}
