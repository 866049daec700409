//go:build histlog_invariants

package segment

import "testing"

// TestWriteChecks checks that the build tag has Write refuse what is no compact JSON.
func TestWriteChecks(t *testing.T) {
	w := create(t, newDir(t), nil)
	for _, text := range []string{"", "{", `{"a": 1}`, "1 2", "nonsense", "1\n"} {
		if _, err := w.Write([]byte(text), nil); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	_, err := w.Write([]byte(`{"a":[1,NaN]}`), nil)
	check(t, err)
}
