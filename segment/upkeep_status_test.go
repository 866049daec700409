package segment

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/filename"
)

// Status are kept beside each other, and whatever else stands in UPKEEP is none.
func TestNotes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	w, err := Create(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if l.Status() != (Status{}) {
		t.Errorf("a new log has notes: %+v", l.Status())
	}
	want := Status{UpkeepStatus{OK: time.Unix(1, 0).UTC(), Error: "none"}, VerifyStatus{At: time.Unix(2, 0).UTC(), Records: 3}}
	for _, change := range []func(*Status){
		func(n *Status) { n.Upkeep = UpkeepStatus{Error: "a longer one, which is gone"} },
		func(n *Status) { n.Verified = want.Verified },
		func(n *Status) { n.Upkeep = want.Upkeep },
	} {
		if err := l.UpdateStatus(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
	if got := l.Status(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if err := os.WriteFile(filepath.Join(dir, filename.Upkeep), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := l.Status(); got != (Status{}) {
		t.Errorf("got %+v of what is no JSON", got)
	}
}
