package docs

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/health"
	"github.com/histlog/histlog/internal/survey"
)

// link is a link of Markdown to a file of the repository.
var link = regexp.MustCompile(`\]\(([^):#]+)(#[^)]*)?\)`)

// TestLinks checks that each file to which a document links exists.
func TestLinks(t *testing.T) {
	for _, page := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(source(t, page), -1) {
			target := filepath.Join(filepath.Dir(page), m[1])
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}

// TestNames checks that the Go files and the tests that the documents name exist.
func TestNames(t *testing.T) {
	names := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func (Test\w+|Fuzz\w+)\(`)
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		for at := path; at != "."; at = filepath.Dir(at) {
			tail, _ := filepath.Rel(filepath.Dir(at), path)
			names[filepath.ToSlash(tail)] = true
		}
		if strings.HasSuffix(path, "_test.go") {
			for _, m := range function.FindAllStringSubmatch(source(t, path), -1) {
				names[m[1]] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile("`([\\w/]+\\.go|Test\\w+|Fuzz\\w+)`")
	named := 0
	for _, page := range documents(t) {
		for _, m := range name.FindAllStringSubmatch(source(t, page), -1) {
			named++
			if !names[m[1]] {
				t.Errorf("%s names %s, which does not exist", page, m[1])
			}
		}
	}
	if named < 20 {
		t.Errorf("the documents name %d files and tests", named)
	}
}

// TestExitCodes checks that the README and the manual page name each exit code, and that
// the Python client has an exception for each that is no general failure.
func TestExitCodes(t *testing.T) {
	readme, client := source(t, "README.md"), source(t, "scripts/python/histlog.py")
	_, readme, _ = strings.Cut(readme, "Exit codes: ")
	_, manual, _ := strings.Cut(source(t, "cmd/histlog/cmd_help_man.go"), "# EXIT STATUS\n")
	manual, _, _ = strings.Cut(manual, "Of **check**")
	codes := regexp.MustCompile(`(?m)^\texit(\w+) += (\d+)$`).FindAllStringSubmatch(source(t, "cmd/histlog/exit.go"), -1)
	exceptions := regexp.MustCompile(`(?m)^_BY_EXIT_CODE = .*$`).FindString(client)
	if len(codes) == 0 || exceptions == "" {
		t.Fatalf("codes %v, exceptions %q", codes, exceptions)
	}
	for _, m := range codes {
		name, code := m[1], m[2]
		if !regexp.MustCompile(`^[^.]*\b` + code + ` `).MatchString(readme) {
			t.Errorf("README.md does not name the exit code %s (%s)", code, name)
		}
		if !strings.Contains(manual, "**"+code+"** ") {
			t.Errorf("cmd/histlog/cmd_help_man.go does not name the exit code %s (%s)", code, name)
		}
		if code > "1" && !regexp.MustCompile(`\b`+code+`\b`).MatchString(exceptions) {
			t.Errorf("scripts/python/histlog.py has no exception for the exit code %s (%s)", code, name)
		}
	}
}

// TestCheckCodes checks that the documents and the help name the exit codes of check, which
// are those of health.
func TestCheckCodes(t *testing.T) {
	for status := health.OK; status <= health.Unknown; status++ {
		word := strings.ToLower(status.String())
		for page, form := range map[string]string{
			"README.md":                     `Only .check. has other ones:[^.]*\b%d %s\b`,
			"docs/MONITORING.md":            `exit code that Nagios[^|]*\b%d (?:is |a )?%s\b`,
			"cmd/histlog/cmd_check.go":      `The exit code is[^.]*\b%d for (?:a )?%s\b`,
			"cmd/histlog/cmd_help_man.go":   `Of \*\*check\*\*: .*\*\*%d\*\* (?:a )?%s\b`,
			"internal/health/prometheus.go": `What histlog check said: [^"]*\b%d %s\b`,
		} {
			if !regexp.MustCompile(`(?is)` + fmt.Sprintf(form, status, word)).MatchString(source(t, page)) {
				t.Errorf("%s does not name check's exit code %d (%s)", page, status, word)
			}
		}
	}
}

// TestSyncPoliciesCovered checks that the crash tests run each sync policy, and that
// docs/DURABILITY.md says what each may lose.
func TestSyncPoliciesCovered(t *testing.T) {
	modes := regexp.MustCompile(`(?m)^\tSync[A-Z]\w+ .*//`).FindAllString(source(t, "segment/sync.go"), -1)
	policies := regexp.MustCompile(`(?m)^var policies = .*$`).FindString(source(t, "internal/survival/crash_test.go"))
	_, table, _ := strings.Cut(source(t, "docs/DURABILITY.md"), "## What each sync policy may lose")
	table, _, _ = strings.Cut(table, "\n\n`")
	if n := strings.Count(policies, `"`) / 2; n != len(modes) || n == 0 {
		t.Errorf("internal/survival enumerates %d sync policies, there are %d: %q", n, len(modes), modes)
	}
	if n := strings.Count(table, "\n| `"); n != len(modes)+1 { // and the header
		t.Errorf("docs/DURABILITY.md has %d sync policies, there are %d", n-1, len(modes))
	}
}

// TestThresholds checks that docs/MONITORING.md names the default thresholds, and that
// its example of a line has them.
func TestThresholds(t *testing.T) {
	page := source(t, "docs/MONITORING.md")
	late, tooLate := survey.LateAfter(0) // no usual gap is known
	free := regexp.MustCompile(`"min-free".*Value: "(\w+)"`).FindStringSubmatch(source(t, "cmd/histlog/cmd_check.go"))
	line := regexp.MustCompile(`age=[0-9.]+s;(\d+;\d+);0 gap=(\d+)s;`).FindStringSubmatch(page)
	if free == nil || line == nil {
		t.Fatalf("min-free has the default %q, the line of check is %q", free, line)
	}
	for _, want := range []string{
		fmt.Sprintf("nothing arrived for %d usual gaps", survey.StallFactor),
		fmt.Sprintf("nothing arrived for %d usual gaps", survey.TooLateFactor),
		fmt.Sprintf("warning after %.0fh, critical after %.0fh", late.Hours(), tooLate.Hours()),
		fmt.Sprintf("critical %.0fh after the log was made", tooLate.Hours()),
		"less than `--min-free` (" + free[1] + ")",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("docs/MONITORING.md does not say %q", want)
		}
	}
	gap, err := time.ParseDuration(line[2] + "s")
	if err != nil {
		t.Fatal(err)
	}
	late, tooLate = survey.LateAfter(gap)
	if want := fmt.Sprintf("%.0f;%.0f", late.Seconds(), tooLate.Seconds()); line[1] != want {
		t.Errorf("the line of check in docs/MONITORING.md has the thresholds %s, want %s", line[1], want)
	}
}

// documents returns the paths of the documents.
func documents(t *testing.T) []string {
	t.Helper()
	docs, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	return append(docs, "README.md", "CONTRIBUTING.md")
}

// source returns the text of a file. It is opened by its absolute name: the cache of
// go test does not know of the Chdir in TestMain, and would look for another file.
func source(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
