package segment

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"hash/crc64"
	"path/filepath"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
)

// The files in testdata/v1 are a log of version 1, made once. They are never
// made again: a version of this package that can't read them has broken the format.
const goldenDir = "testdata/v1"

const goldenID = "0196abcd-0196-4bcd-8196-abcd0196abcd"

var goldenSums = map[string]string{
	"00000000000000000001.index":  "cf2e93edcb96da5c5b0b42c410f8f46e1f9f9b45c21d5da1df8bdfd9e5d8d930",
	"00000000000000000001.ndjson": "397108c1c2ac8277858c1e9eaf1e40735af1610d7e7b0b28b089e5a6a5f7b388",
	"00000000000000000004.index":  "1b9b70fa95bbe98a8d594546426721555dd8efba9424c0daaf44e410e915ddcd",
	"00000000000000000004.ndjson": "d914100d8a8843c47ebbc56ba593a328c225230c33c42ef8bc4ae844e75a6428",
	"HISTLOG":                     "5759d5e3d83332e33f649e5e9cd4eb9cd60e2d423dfe997ca051a30750a93199",
}

// goldenRecords are the records, in order.
var goldenRecords = []struct {
	text    string
	time    time.Time
	arrived int64 // Unix seconds
	flags   EntryFlags
}{
	{`{"timestamp":"2025-05-28T16:14:22.104113-04:00","n":1}`, time.Date(2025, 5, 28, 20, 14, 22, 104113000, time.UTC), 1748448952, Durable},
	{`{"timestamp":"05/30/2025 07:15:35 AM EDT","n":1.50}`, time.Date(2025, 5, 30, 11, 15, 35, 0, time.UTC), 1748449042, Durable},
	{`{"n":1e400,"text":"é \u00e9"}`, time.Date(2025, 5, 28, 16, 18, 52, 0, time.UTC), 1748449132, Durable | ClockTime},
	{`{"timestamp":1748448862104,"n":[]}`, time.Date(2025, 5, 28, 16, 14, 22, 104000000, time.UTC), 1748449222, Durable},
	{`{"timestamp":"2025-05-28 12:00:00","n":-0}`, time.Date(2025, 5, 28, 16, 0, 0, 0, time.UTC), 1748449312, Durable},
}

// The same log with a compressed segment, one for each codec, made once too.
var goldenCompressed = map[Codec]struct{ dir, sum string }{
	Zstd: {goldenDir + "-zstd", "0c3087908eaefbe361e6889d92a4febc93a48d9b6c82edea8cb2c2537a9fd1c8"},
	Gzip: {goldenDir + "-gzip", "d7b4ca01b1bf983ed47ea18436bcbf8676fcc8dbb1bca2060a02d1a7a4777ff3"},
}

// The same log with all its records in a merged segment, made once too, and an active one.
const goldenMerged = goldenDir + "-merged"

var goldenMergedSums = map[string]string{
	"00000000000000000001-00000000000000000005.index":      "e7f94097b439254b2bb0aab309ec41796433e81d6a28eb8e3c3ca6fd5f6a8265",
	"00000000000000000001-00000000000000000005.ndjson.zst": "c5a2f901278ddeb24b7a143aa982253092e9ad86b041d204cd7c05ea0027f498",
}

func TestGoldenFilesAreFrozen(t *testing.T) {
	for codec, g := range goldenCompressed {
		if got := fmt.Sprintf("%x", sha256.Sum256(testutil.ReadFile(t, filepath.Join(g.dir, fileName(1, codec))))); got != g.sum {
			t.Errorf("%v was changed: its SHA-256 is %s, want %s", codec, got, g.sum)
		}
	}
	for dir, sums := range map[string]map[string]string{goldenDir: goldenSums, goldenMerged: goldenMergedSums} {
		for name, want := range sums {
			if got := fmt.Sprintf("%x", sha256.Sum256(testutil.ReadFile(t, filepath.Join(dir, name)))); got != want {
				t.Errorf("%s was changed: its SHA-256 is %s, want %s", name, got, want)
			}
		}
	}
}

func TestGoldenIsRead(t *testing.T) {
	goldenIsRead(t, goldenDir)
	t.Run("merged", func(t *testing.T) { goldenIsRead(t, goldenMerged) })
	for codec, g := range goldenCompressed {
		t.Run(codec.String(), func(t *testing.T) { goldenIsRead(t, g.dir) })
	}
}

func goldenIsRead(t *testing.T, dir string) {
	before := snapshot(t, dir)
	l := openLog(t, dir)
	m := l.Marker
	if m.ID.String() != goldenID || m.Version != 1 || m.Role != "log" || m.FirstSeq != 1 || !m.Created.Equal(newClock().Now()) ||
		m.TimeRule(1) != (TimeRule{1, "/timestamp", "America/New_York", ""}) || m.Settings.Get("segment-size") != "150" {
		t.Errorf("%+v", m)
	}
	seq := Sequence(1)
	for i, s := range l.Segments {
		r := openReader(t, l, i)
		f, err := l.Verify(t.Context(), s, nil)
		testutil.NoError(t, err)
		if len(f.Damage) > 0 || f.Rebuilt > 0 || f.Records != r.Count() || s.Base != seq || s.Sealed != (i == 0) || r.ID().String() != goldenID {
			t.Errorf("segment %d: %+v", s.Base, f)
		}
		for ; seq < r.Next(); seq++ {
			want := goldenRecords[seq-1]
			rec, err := r.Record(seq)
			testutil.NoError(t, err)
			if string(rec.Text) != want.text || !rec.Time.Equal(want.time) || rec.Arrived.Unix() != want.arrived || rec.Flags != want.flags {
				t.Errorf("record %d: %s %v %v %b", seq, rec.Text, rec.Time, rec.Arrived.Unix(), rec.Flags)
			}
		}
	}
	if seq != 6 {
		t.Errorf("next sequence %d", seq)
	}
	wantSame(t, before, snapshot(t, dir), "reading")
}

// Without its indexes the log has the same records and the same times, but for
// that of the one that bears none.
func TestGoldenIsReadWithoutIndexes(t *testing.T) {
	dir := testutil.CopyTree(t, goldenDir)
	for _, base := range []Sequence{1, 4} {
		testutil.WriteFile(t, filepath.Join(dir, indexName(base)), nil)
	}
	l := openLog(t, dir)
	for i, s := range l.Segments {
		r := openReader(t, l, i)
		for seq := s.Base; seq < r.Next(); seq++ {
			want := goldenRecords[seq-1]
			rec, err := r.Record(seq)
			testutil.NoError(t, err)
			if string(rec.Text) != want.text || (want.flags&ClockTime == 0 && !rec.Time.Equal(want.time)) {
				t.Errorf("record %d: %s %v", seq, rec.Text, rec.Time)
			}
		}
	}
}

func TestGoldenIsWrittenOn(t *testing.T) {
	dir := testutil.CopyTree(t, goldenDir)
	w := openWriter(t, dir)
	if r := w.Recovery(); !r.Empty() || w.NextSeq() != 6 {
		t.Errorf("%+v, next sequence %d", r, w.NextSeq())
	}
	want := map[Sequence]string{}
	for i, r := range goldenRecords {
		want[Sequence(i+1)] = r.text
	}
	for n := Sequence(6); n <= 9; n++ {
		appendTexts(t, w, n, n)
		want[n] = text(n)
	}
	testutil.NoError(t, w.Close())
	wantTexts(t, dir, want)
	for _, name := range []string{textName(1), indexName(1)} {
		if !bytes.Equal(testutil.ReadFile(t, filepath.Join(dir, name)), testutil.ReadFile(t, filepath.Join(goldenDir, name))) {
			t.Errorf("%s, of a sealed segment, was changed", name)
		}
	}
}

// The bytes of an index, read with nothing but its specification.
func TestGoldenIndexBytes(t *testing.T) {
	var (
		le     = binary.LittleEndian
		table  = crc32.MakeTable(crc32.Castagnoli)
		id     = []byte{0x01, 0x96, 0xab, 0xcd, 0x01, 0x96, 0x4b, 0xcd, 0x81, 0x96, 0xab, 0xcd, 0x01, 0x96, 0xab, 0xcd}
		seeded = func(seq uint64, b []byte) uint32 {
			return crc32.Checksum(append(le.AppendUint64(bytes.Clone(id), seq), b...), table)
		}
	)
	for _, s := range []struct{ base, count uint64 }{{1, 3}, {4, 2}} {
		b := testutil.ReadFile(t, filepath.Join(goldenDir, indexName(Sequence(s.base))))
		plain := testutil.ReadFile(t, filepath.Join(goldenDir, textName(Sequence(s.base))))
		if string(b[:8]) != "histlogI" || le.Uint16(b[8:]) != 1 || le.Uint16(b[10:]) != 64 || le.Uint16(b[12:]) != 32 || le.Uint16(b[14:]) != 0 ||
			le.Uint32(b[16:]) != 0 || le.Uint32(b[20:]) != 0 || !bytes.Equal(b[24:40], id) || le.Uint64(b[40:]) != s.base ||
			le.Uint64(b[48:])%1e9 != 0 || le.Uint32(b[56:]) != 0 || le.Uint32(b[60:]) != crc32.Checksum(b[:60], table) {
			t.Errorf("header of %d: %x", s.base, b[:64])
		}
		start, digest := uint64(0), uint64(0)
		for k := range s.count {
			e := b[64+32*k:][:32]
			want := goldenRecords[s.base+k-1]
			end := start + uint64(len(want.text)) + 1
			crc := crc32.Checksum(plain[start:end], table)
			if le.Uint64(e) != end || int64(le.Uint64(e[8:])) != want.time.UnixNano() || int64(le.Uint32(e[16:])) != want.arrived ||
				le.Uint32(e[20:]) != uint32(want.flags) || le.Uint32(e[24:]) != crc || le.Uint32(e[28:]) != seeded(s.base+k, e[:28]) {
				t.Errorf("entry %d: %x", s.base+k, e)
			}
			digest = crc64.Update(digest, crc64.MakeTable(crc64.ECMA), e[24:28])
			start = end
		}
		if len(b) != int(64+32*s.count)+map[uint64]int{1: 64, 4: 0}[s.base] {
			t.Errorf("the index of %d has %d bytes", s.base, len(b))
		}
		if s.base != 1 {
			continue
		}
		r := b[64+32*s.count:]
		if string(r[:8]) != "histlogT" || le.Uint64(r[8:]) != s.count || le.Uint64(r[16:]) != start ||
			int64(le.Uint64(r[24:])) != goldenRecords[2].time.UnixNano() || int64(le.Uint64(r[32:])) != goldenRecords[1].time.UnixNano() ||
			int64(le.Uint32(r[40:])) != goldenRecords[0].arrived || int64(le.Uint32(r[44:])) != goldenRecords[2].arrived ||
			le.Uint64(r[48:]) != digest || le.Uint32(r[56:]) != 0 || le.Uint32(r[60:]) != seeded(s.base, r[:60]) {
			t.Errorf("trailer: %x", r)
		}
	}
}

// What is read from the golden bytes is written as them.
func TestGoldenIsWrittenAlike(t *testing.T) {
	l := openLog(t, goldenDir)
	for i, s := range l.Segments {
		r := openReader(t, l, i)
		h := r.index.header
		b := h.encode()
		var sum trailer
		for seq := s.Base; seq < r.Next(); seq++ {
			e, err := r.Entry(seq)
			testutil.NoError(t, err)
			b = h.appendEntry(b, seq, e)
			sum.add(e)
		}
		if s.Sealed {
			b = append(b, h.encodeTrailer(sum)...)
		}
		if !bytes.Equal(b, testutil.ReadFile(t, filepath.Join(goldenDir, indexName(s.Base)))) {
			t.Errorf("the index of %d is written as %x", s.Base, b)
		}
	}
	b, err := l.Marker.encode()
	testutil.NoError(t, err)
	golden := bytes.TrimSuffix(testutil.ReadFile(t, filepath.Join(goldenDir, filename.Marker)), []byte("\n}\n")) // made before there was a checksum
	if want := appendSum(golden); !bytes.Equal(b, want) {
		t.Errorf("HISTLOG is written as %s, want %s", b, want)
	}
}
