package outfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func writeText(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

// TestWrite replaces a file, through a link too, and keeps its mode. A failed write
// leaves it as it was, and no other file beside it.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	name, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := Write(name, nil, writeText("one")); err != nil {
		t.Fatal(err)
	}
	err := errors.Join(os.Chmod(name, 0o600), os.Symlink("file", link))
	if _, missing := os.Lstat(link); err != nil || missing != nil {
		t.Skipf("skipped: no symbolic links: %v, %v", err, missing) // Wine 8 makes none, and reports no error
	}
	if err := Write(link, nil, writeText("two")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := Write(name, nil, func(w io.Writer) error { return errors.Join(writeText("half")(w), broken) }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	text, err := os.ReadFile(name)
	info, err2 := os.Lstat(name)
	if err := errors.Join(err, err2); err != nil || string(text) != "two" || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("%q, %v, %v", text, info.Mode(), err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 2 {
		t.Errorf("%v, %v", files, err)
	}
}

func TestStdout(t *testing.T) {
	var out strings.Builder
	if err := Write("-", &out, writeText("text")); err != nil || out.String() != "text" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

// TestNameError refuses a directory, and files anywhere in a log.
func TestNameError(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(os.WriteFile(filepath.Join(dir, markerName), nil, 0o600), os.Mkdir(filepath.Join(dir, "origin"), 0o700)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{t.TempDir(), filepath.Join(dir, "file"), filepath.Join(dir, "origin", "file")} {
		var refused *NameError
		if err := Write(name, nil, writeText("text")); !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestErrorNames checks that errors name the file that was asked for, not the temporary one.
func TestErrorNames(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, write := range map[string]func(io.Writer) error{
		filepath.Join("nowhere", "file"): writeText("text"),
		"file": func(w io.Writer) error {
			if err := w.(io.Closer).Close(); err != nil {
				t.Error(err)
			}
			return writeText("text")(w)
		},
	} {
		if err := Write(name, nil, write); err == nil || !strings.Contains(err.Error(), " "+name+": ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
