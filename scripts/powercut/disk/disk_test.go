package disk

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"testing"
)

const (
	size   = 64 << 10
	length = 8192 // of a write
)

// dirty returns a disk that is full of ones, flushed, and then of twos, not flushed.
func dirty() *Disk {
	d := New(NewImage(size))
	d.Write(bytes.Repeat([]byte{1}, size), 0)
	d.Flush()
	for off := int64(0); off < size; off += length {
		d.Write(bytes.Repeat([]byte{2}, length), off)
	}
	return d
}

func cut(d *Disk, loss Loss, seed uint64) []byte {
	return content(d.Cut(loss, rand.New(rand.NewPCG(seed, 0))))
}

func content(m *Image) []byte {
	b := make([]byte, m.Size)
	m.Read(b, 0)
	return b
}

// TestLosses checks which images each loss can leave.
func TestLosses(t *testing.T) {
	for _, row := range []struct {
		loss     Loss
		piece    int    // the length in which writes are kept or lost
		patterns string // what the distinct runs of pieces may be
	}{
		{LoseAll, size, "1"},
		{LoseNone, size, "2"},
		{LoseWrites, length, ""},
		{LoseBlocks, 4096, ""},
		{LoseSectors, 512, ""},
		{LoseLast, length, "1 2 21"},
		{LoseFirst, length, "1 2 12"},
	} {
		seen := map[string]bool{}
		for seed := range uint64(100) {
			seen[runs(t, cut(dirty(), row.loss, seed), row.piece)] = true
		}
		want := bytes.Fields([]byte(row.patterns))
		for _, pattern := range want {
			if !seen[string(pattern)] {
				t.Errorf("%s: never leaves %s", row.loss, pattern)
			}
		}
		if len(want) > 0 && len(seen) != len(want) || len(want) == 0 && len(seen) < 10 {
			t.Errorf("%s: leaves %v", row.loss, seen)
		}
	}
}

// runs returns the values of b, each run of equal ones once. A run must be of complete pieces.
func runs(t *testing.T, b []byte, piece int) (pattern string) {
	for i := range b {
		if i > 0 && b[i] == b[i-1] {
			continue
		}
		if i%piece != 0 {
			t.Fatalf("a run begins at %d, pieces have %d bytes", i, piece)
		}
		pattern += string('0' + rune(b[i]))
	}
	return pattern
}

// TestFlush checks that a cut after a flush loses nothing, unless the disk ignores flushes.
func TestFlush(t *testing.T) {
	for _, lies := range []bool{false, true} {
		d := dirty()
		d.IgnoreFlush = lies
		d.Flush()
		if lost := cut(d, LoseAll, 1)[0] == 1; lost != lies {
			t.Errorf("ignores flushes: %v, lost: %v", lies, lost)
		}
	}
}

// TestCutIsCopy checks that an image does not change with the disk, nor the disk with the
// image.
func TestCutIsCopy(t *testing.T) {
	d := dirty()
	image := d.Cut(LoseNone, rand.New(rand.NewPCG(1, 1)))
	d.Write([]byte{3}, 100)
	d.Flush()
	if content(image)[100] != 2 {
		t.Error("the image changed with the disk")
	}
	image.Write([]byte{4}, 100)
	b := make([]byte, 1)
	if d.Read(b, 100); b[0] != 3 {
		t.Error("the disk changed with the image")
	}
}

// TestSeed checks that a seed always makes the same choices.
func TestSeed(t *testing.T) {
	for _, loss := range Losses {
		if !bytes.Equal(cut(dirty(), loss, 7), cut(dirty(), loss, 7)) {
			t.Errorf("%s: one seed left two images", loss)
		}
	}
}

// TestOverlap checks that the later one of two kept writes to one place is read.
func TestOverlap(t *testing.T) {
	d := New(NewImage(size))
	d.Write([]byte{1}, 5)
	d.Write([]byte{2}, 5)
	if b := cut(d, LoseNone, 1); b[5] != 2 {
		t.Errorf("kept both, found %d", b[5])
	}
}

// TestWatch checks that the watcher sees each write and each flush.
func TestWatch(t *testing.T) {
	d := New(NewImage(size))
	var unflushed []int
	d.Watch(func() { unflushed = append(unflushed, d.Unflushed()) })
	d.Write([]byte{1}, 0)
	d.Write([]byte{1}, 1)
	d.Flush()
	d.Watch(nil)
	d.Flush()
	if len(unflushed) != 3 || unflushed[0] != 1 || unflushed[1] != 2 || unflushed[2] != 0 {
		t.Errorf("unflushed writes: %v", unflushed)
	}
}

// TestSaveLoad checks that a file holds an image byte for byte.
func TestSaveLoad(t *testing.T) {
	m := NewImage(size + pageSize)
	m.Write([]byte("across a border"), pageSize-4)
	m.Write([]byte("the end"), m.Size-7)
	m.Write(make([]byte, pageSize), 3*pageSize)
	name := filepath.Join(t.TempDir(), "image")
	if err := m.Save(name); err != nil {
		t.Fatal(err)
	}
	found, err := Load(name)
	if err != nil || found.Size != m.Size || !bytes.Equal(content(found), content(m)) {
		t.Errorf("%d bytes, %v", found.Size, err)
	}
	if len(found.pages) != len(m.pages) {
		t.Errorf("%d pages, want %d", len(found.pages), len(m.pages))
	}
}
