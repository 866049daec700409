package segment

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
)

// TestDuplicate looks for every record of a log of several segments after every sequence:
// Find must find a record if its sequence is larger, under every sync policy.
func TestDuplicate(t *testing.T) {
	for _, policy := range []string{"always", "interval=1h", "none"} {
		t.Run(policy, func(t *testing.T) {
			w := create(t, filepath.Join(t.TempDir(), "log"), Settings{"segment-size": "20", "sync": policy})
			const records = 12
			for n := range records {
				if _, err := w.Write(fmt.Appendf(nil, "[%d]", n+1), nil); err != nil {
					t.Fatal(err)
				}
			}
			for after := range Sequence(records + 1) {
				for seq := Sequence(1); seq <= records; seq++ {
					ack, found, err := w.Find(t.Context(), after, fmt.Appendf(nil, "[%d]", seq))
					if err != nil || found != (seq > after) {
						t.Fatalf("record %d after %d: found %v, %v", seq, after, found, err)
					}
					if found && (ack.Seq != seq || !ack.Duplicate || ack.Durable != (policy != "none") || ack.Bytes != int64(len(fmt.Sprint(seq))+2)) {
						t.Errorf("record %d after %d: %+v", seq, after, ack)
					}
				}
			}
			if _, found, err := w.Find(t.Context(), 0, []byte("[13]")); found || err != nil {
				t.Errorf("no such record: %v, %v", found, err)
			}
			if _, _, err := w.Find(t.Context(), records+1, []byte("[1]")); !errors.Is(err, ErrNoRecord) {
				t.Errorf("after the end: %v", err)
			}
			if ack, err := w.Write([]byte("[14]"), nil); err != nil || ack.Seq != records+1 {
				t.Errorf("the writer goes on: %+v, %v", ack, err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestDuplicateComparesBytes has a checksum and a length that agree by chance: two
// texts of one CRC-32C.
func TestDuplicateComparesBytes(t *testing.T) {
	w := create(t, filepath.Join(t.TempDir(), "log"), nil)
	var one, other []byte
	seen := map[uint32][]byte{}
	for n := 0; ; n++ { // about 2^16 tries
		text := fmt.Appendf(nil, `"%08x"`, n*2654435761%(1<<32))
		sum := Checksum(text)
		if before, ok := seen[sum]; ok {
			one, other = before, text
			break
		}
		seen[sum] = text
	}
	if _, err := w.Write(one, nil); err != nil {
		t.Fatal(err)
	}
	if _, found, err := w.Find(t.Context(), 0, other); found || err != nil {
		t.Errorf("%s is taken for %s, %v", one, other, err)
	}
	if _, found, err := w.Find(t.Context(), 0, one); !found || err != nil {
		t.Errorf("%s is not found: %v", one, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
