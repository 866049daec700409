package histlog

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// words are expressions that readers stumbled over, with those to write instead.
var words = []struct{ avoid, write string }{
	{`mend(s|ed|ing)?`, "repair"},
	{`(set(s|ting)?|put) (it |them )?aside`, "quarantine, move to quarantine/"},
	{`t(ake|akes|aken|aking|ook) (it |them )?back`, "roll back"},
	{`g(ive|ives|iven|iving|ave) way`, "replace"},
	{`anew`, "again"},
	{`at hand`, "current, available"},
	{`meanwhile`, "concurrently, during …"},
	{`diary`, "event log"},
	{`com(e|es|ing) to that`, "needed"},
	{`(says?|tells?) whether`, "reports whether"},
	{`nobody.s|nobody (is|does|but)|no one.s|whoever`, "no process, the next writer: name who"},
	{`by now`, "now, since then"},
	{`can't be had|to be had`, "is unavailable, cannot be read"},
	{`(it|that|which|what|they|records?|bytes|files?|lines?) stands?`, "is stored, is at"},
	{`whole ones?`, "complete ones"},
}

// TestWords keeps these expressions out of comments, messages and documents.
func TestWords(t *testing.T) {
	var all []string
	for _, w := range words {
		all = append(all, w.avoid)
	}
	avoid := regexp.MustCompile(`(?i)\b(` + strings.Join(all, "|") + `)\b`)
	out, err := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.Lines(string(out)) {
		name = strings.TrimSuffix(name, "\n")
		if name == "words_test.go" {
			continue
		}
		for _, p := range prose(t, name) {
			if found := avoid.FindString(p.text); found != "" {
				t.Errorf("%s:%d: %q: write %s", name, p.line, found, instead(found))
			}
		}
	}
}

// instead returns what to write for an expression to avoid.
func instead(found string) string {
	for _, w := range words {
		if regexp.MustCompile(`(?i)^(` + w.avoid + `)$`).MatchString(found) {
			return w.write
		}
	}
	return "something else"
}

// A passage is text for people, on one line of a file or from that line on.
type passage struct {
	line int
	text string
}

// prose returns the text of a file that is written for people: in Go code the comments and
// the string literals, in documents and scripts everything.
func prose(t *testing.T, name string) (passages []passage) {
	t.Helper()
	switch filepath.Ext(name) {
	case ".md", ".py", ".sh", ".html", ".css", ".js", ".txtar", ".yml":
		b, err := os.ReadFile(name)
		if os.IsNotExist(err) { // removed, and not yet committed
			return nil
		}
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for line := range strings.Lines(string(b)) {
			n++
			passages = append(passages, passage{n, line})
		}
		return passages
	case ".go":
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, parser.ParseComments)
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, group := range file.Comments {
			passages = append(passages, passage{set.Position(group.Pos()).Line, strings.ReplaceAll(group.Text(), "\n", " ")})
		}
		ast.Inspect(file, func(n ast.Node) bool {
			s, ok := n.(*ast.BasicLit)
			if ok && s.Kind == token.STRING && strings.Contains(s.Value, " ") { // one word is a key or a name
				passages = append(passages, passage{set.Position(s.Pos()).Line, s.Value})
			}
			return true
		})
	}
	return passages
}
