package recordtime

import (
	"archive/zip"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/testutil"
)

// rfc822 are the zones of RFC 822. It defines them, whatever else uses the same letters.
const rfc822 = "UT GMT UTC EST EDT CST CDT MST MDT PST PDT"

// TestZonesAreUnambiguous checks that every abbreviation in zoneOffsets, except those of
// RFC 822, has stood for its offset alone since 1990, in all zones that Go knows.
func TestZonesAreUnambiguous(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	testutil.NoError(t, err)
	archive, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib/time/zoneinfo.zip"))
	if err != nil {
		t.Skip(err)
	}
	defer func() { _ = archive.Close() }()
	offsets := map[string][]int{}
	for _, file := range archive.File {
		location, err := time.LoadLocation(file.Name)
		if err != nil || file.Name == "Asia/Pyongyang" {
			continue
		}
		for at := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2030; at = at.AddDate(0, 0, 10) {
			name, offset := at.In(location).Zone()
			if !slices.Contains(offsets[name], offset/60) {
				offsets[name] = append(offsets[name], offset/60)
			}
		}
	}
	for name, want := range zoneOffsets {
		if !slices.Contains(strings.Fields(rfc822), name) && !slices.Equal(offsets[name], []int{want}) {
			t.Errorf("%s stands for %v minutes, not for %d alone", name, offsets[name], want)
		}
	}
}

// An abbreviation for which the log's own zone has another offset is undecided.
func TestOwnZoneContradicts(t *testing.T) {
	shanghai, newYork := zone(t, "Asia/Shanghai"), zone(t, "America/New_York")
	for _, scalar := range []string{`"Wed May 28 16:14:22 CST 2025"`, `"2025-05-28 16:14:22 CST"`, `"28.05.2025 16:14:22 CST"`} {
		wantTime(t, scalar, shanghai, "")
		wantTime(t, scalar, newYork, "2025-05-28T22:14:22Z")
	}
	wantTime(t, `"2025-05-28 16:14:22 +0800 CST"`, shanghai, "2025-05-28T08:14:22Z")
	wantTime(t, `"05/28/2025 04:14:22 PM CST"`, shanghai, "2025-05-28T22:14:22Z")
	wantFormat(t, "%Y-%m-%d %H:%M:%S %Z", `"2025-05-28 16:14:22 CST"`, shanghai, "2025-05-28T08:14:22Z")
	wantTime(t, `"2025-05-28 16:14:22 EST"`, newYork, "2025-05-28T21:14:22Z") // New York has EDT then
}
