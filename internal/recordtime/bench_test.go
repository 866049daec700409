package recordtime

import (
	"testing"
	"time"
)

// BenchmarkParse compares Parse with package time, as older versions used it.
func BenchmarkParse(b *testing.B) {
	newYork := zone(b, "America/New_York")
	for _, text := range []string{
		`"2025-05-28T16:14:22Z"`, `"2025-05-28T16:14:22.104113-04:00"`, `"2025-05-28T16:14:22.104113"`, `"2025-05-28 16:14:22"`, `1748448862`, `1748448862.104113`,
		`"05/30/2025 07:15:35 AM EDT"`, `"Wed, 28 May 2025 16:14:22 GMT"`, `"28.05.2025 16:14:22"`, `"1748448862123"`, `"none at all"`,
	} {
		scalar := []byte(text)
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			p := Parser{Zone: newYork}
			for b.Loop() {
				p.Parse(scalar)
			}
		})
		b.Run(text+"/older", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				olderParse(scalar, newYork)
			}
		})
	}
	f, err := ParseFormat("%Y-%m-%dT%H:%M:%S")
	if err != nil {
		b.Fatal(err)
	}
	b.Run("pattern", func(b *testing.B) {
		p := Parser{Format: f, Zone: time.UTC}
		for b.Loop() {
			p.Parse([]byte(`"2025-05-28T16:14:22"`))
		}
	})
}
