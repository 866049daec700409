package migrate

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

func TestSourceErrors(t *testing.T) {
	deep := strings.Repeat("[", jsonscan.MaxDepth)
	for _, c := range []struct {
		source  string
		cause   error
		offset  int64
		record  segment.Sequence
		pointer string
	}{
		{`{"history": [{"a": [1, tru`, jsonscan.ErrCut, 26, 1, "/history/0/a/1"},
		{`{"history": [{"a": 1}, `, jsonscan.ErrCut, 23, 2, "/history/1"},
		{`{"history": [{"a": 1}`, jsonscan.ErrCut, 21, 2, "/history/1"},
		{`{"history": [{"a": 1}], "x": {"y`, jsonscan.ErrCut, 32, 0, "/x"},
		{`{"history": [{"a": 1}]`, jsonscan.ErrCut, 22, 0, ""},
		{`[1, 2`, jsonscan.ErrCut, 5, 2, "/1"},
		{`[1, 2.`, jsonscan.ErrCut, 6, 2, "/1"},
		{`[1, "\u00`, jsonscan.ErrCut, 9, 2, "/1"},
		{`{"a": {"b": 1`, jsonscan.ErrCut, 13, 0, "/a"},
		{`{"a"`, jsonscan.ErrCut, 4, 0, ""},
		{"{\"a\":1}\n{\"b\":[1,", jsonscan.ErrCut, 16, 2, "/b/1"},
		{`{"history": [{"a": 1}, {"b": {"c": x}}]}`, jsonscan.ErrInvalid, 35, 2, "/history/1/b/c"},
		{`{"history": [1 2]}`, jsonscan.ErrInvalid, 15, 2, "/history/1"},
		{`{"history": [1], "x": }`, jsonscan.ErrInvalid, 22, 0, "/x"},
		{`{"rows": [{}, 01]}`, jsonscan.ErrInvalid, 15, 2, "/rows/1"},
		{"{\"a\":1}\n{\"b\":[1,}", jsonscan.ErrInvalid, 16, 2, "/b/1"},
		{"{\"a\":1}\n{\"b\":2}}", jsonscan.ErrInvalid, 15, 3, ""},
		{`[1] x`, jsonscan.ErrInvalid, 4, 0, ""},
		{`[1,]`, jsonscan.ErrInvalid, 3, 2, "/1"},
		{"[1]\x00\x00", jsonscan.ErrInvalid, 3, 0, ""},
		{"\xef\xbb\xbf[x", jsonscan.ErrInvalid, 4, 1, "/0"},
		{"[\"a\", \"\xff\"]", jsonscan.ErrUTF8, 7, 2, "/1"},
		{"[1, NaN]", jsonscan.ErrNonFinite, 4, 2, "/1"},
		{"[1, {\"a\": -Infinity}]", jsonscan.ErrNonFinite, 10, 2, "/1/a"},
		{"[1, " + deep + "[", jsonscan.ErrDepth, int64(4 + len(deep)), 2, "/1" + strings.Repeat("/0", jsonscan.MaxDepth)},
		{`{"history": [1, "` + strings.Repeat("x", 200) + `"]}`, jsonscan.ErrTooLarge, 0, 2, "/history/1"},
	} {
		p := newPlace(t)
		o := Options{Settings: segment.Settings{"max-record": "100"}}
		_, err := p.run(c.source, o)
		var at *SourceError
		if !errors.As(err, &at) {
			t.Errorf("%.60q: %v, want a *SourceError", c.source, err)
			continue
		}
		testutil.ErrorIs(t, err, c.cause)
		if (at.Offset != c.offset && c.cause != jsonscan.ErrTooLarge) || at.Record != c.record || at.Pointer != c.pointer {
			t.Errorf("%.60q: offset %d, record %d, %.40q; want %d, %d, %.40q", c.source, at.Offset, at.Record, at.Pointer, c.offset, c.record, c.pointer)
		}
		for _, other := range []error{jsonscan.ErrCut, jsonscan.ErrInvalid, jsonscan.ErrUTF8, jsonscan.ErrNonFinite, jsonscan.ErrDepth, jsonscan.ErrTooLarge, ErrChanged, ErrEmpty, ErrEncoding} {
			if other != c.cause && errors.Is(err, other) {
				t.Errorf("%.60q: %v is also %q", c.source, err, other)
			}
		}
		p.write(c.source)
		if _, dry := DryRun(t.Context(), p.options(o)); c.cause != jsonscan.ErrNonFinite && (dry == nil || dry.Error() != err.Error()) {
			t.Errorf("%.60q: the dry run says %v", c.source, dry)
		}
		p.nothing()
	}
}

// A record that is too large is not damage, and is not salvaged.
func TestTooLargeIsNotSalvaged(t *testing.T) {
	p := newPlace(t)
	_, err := p.run(`[1, "`+strings.Repeat("x", 200)+`"]`, Options{Salvage: true, Settings: segment.Settings{"max-record": "100"}})
	testutil.ErrorIs(t, err, jsonscan.ErrTooLarge)
	p.migrated(`["`+strings.Repeat("x", 98)+`"]`, Options{Settings: segment.Settings{"max-record": "100"}})
}

func TestNoSource(t *testing.T) {
	p := newPlace(t)
	for text, want := range map[string]error{"": ErrEmpty, " \n": ErrEmpty, "\xef\xbb\xbf": ErrEmpty, "\xef\xbb\xbf \n": ErrEmpty} {
		for _, o := range []Options{{}, {Salvage: true}, {Source: "-", Stdin: strings.NewReader(text)}} {
			_, err := p.run(text, o)
			testutil.ErrorIs(t, err, want)
		}
	}
	_, err := Run(t.Context(), p.options(Options{Source: p.source + ".none"}))
	testutil.ErrorIs(t, err, os.ErrNotExist)
	p.nothing()
	if _, err = Run(t.Context(), p.options(Options{Source: t.TempDir()})); err == nil {
		t.Error("a directory was migrated")
	}
	p.nothing()
}

func TestUTF16(t *testing.T) {
	const text = `{"history": [1]}`
	for _, c := range []struct {
		name  string
		width int
		big   bool
		mark  bool
	}{
		{"UTF-16LE with mark", 2, false, true},
		{"UTF-16BE with mark", 2, true, true},
		{"UTF-16LE", 2, false, false},
		{"UTF-16BE", 2, true, false},
		{"UTF-32LE with mark", 4, false, true},
		{"UTF-32BE with mark", 4, true, true},
		{"UTF-32LE", 4, false, false},
		{"UTF-32BE", 4, true, false},
	} {
		units := utf16.Encode([]rune(text))
		if c.mark {
			units = append([]uint16{0xfeff}, units...)
		}
		var b []byte
		for _, u := range units {
			unit := make([]byte, c.width)
			if c.big {
				unit[c.width-2], unit[c.width-1] = byte(u>>8), byte(u)
			} else {
				unit[0], unit[1] = byte(u), byte(u>>8)
			}
			b = append(b, unit...)
		}
		for _, salvage := range []bool{false, true} {
			if _, err := newPlace(t).run(string(b), Options{Salvage: salvage}); !errors.Is(err, ErrEncoding) {
				t.Errorf("%s: %v, want %v", c.name, err, ErrEncoding)
			}
		}
	}
}

// change is a way in which a source changes while it is read.
var changes = []struct {
	name string
	do   func(name string, size int64) error
}{
	{"grows", func(name string, _ int64) error { return writeAt(name, "\n{}\n", -1) }},
	{"is cut", func(name string, size int64) error { return os.Truncate(name, size/2) }},
	{"is emptied", func(name string, size int64) error { return os.Truncate(name, 0) }},
	{"is written over", func(name string, size int64) error {
		return errors.Join(writeAt(name, "!", size-3), os.Chtimes(name, time.Time{}, time.Now()))
	}},
}

func writeAt(name, text string, at int64) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if at < 0 {
		at, err = f.Seek(0, io.SeekEnd)
	}
	if err == nil {
		_, err = f.WriteAt([]byte(text), at)
	}
	return errors.Join(err, f.Close())
}

func TestSourceChanges(t *testing.T) {
	for _, c := range changes {
		for name, text := range map[string]string{"small": ndjson(numbered(1, 5)), "large": ndjson(numbered(1, 60_000)), "history": history(numbered(1, 60_000))} {
			for _, salvage := range []bool{false, true} {
				t.Run(c.name+"/"+name, func(t *testing.T) {
					p := newPlace(t)
					p.write(text)
					testutil.NoError(t, os.Chtimes(p.source, time.Time{}, time.Now().Add(-time.Hour)))
					calls := 0
					o := p.options(Options{Salvage: salvage, Progress: func(int64, int64) {
						if calls++; calls == 3 {
							testutil.NoError(t, c.do(p.source, int64(len(text))))
						}
					}})
					_, err := Run(t.Context(), o)
					testutil.ErrorIs(t, err, ErrChanged)
					var at *SourceError
					if !errors.As(err, &at) || at.Offset == 0 || errors.Is(err, jsonscan.ErrCut) || errors.Is(err, jsonscan.ErrInvalid) {
						t.Errorf("%v: want ErrChanged alone, with its place", err)
					}
					p.nothing()
				})
			}
		}
	}
}

func TestNoRoom(t *testing.T) {
	p := newPlace(t)
	p.write(`["` + strings.Repeat("x", sampleRoom) + `", 2]`)
	m := &migration{ctx: t.Context(), o: p.options(Options{})}
	pass, err := readSource(t.Context(), m.o, m.o.Accept, func(p *sourcePass) error {
		err := m.begin(p)
		p.size = 1 << 62
		return err
	})
	m.pass = pass
	var room *RoomError
	if !errors.As(err, &room) || !errors.Is(err, ErrNoRoom) || room.Need < 1<<61 || room.Free == 0 || room.Free > room.Need {
		t.Errorf("got %v, want a *RoomError", err)
	}
	testutil.NoError(t, m.discard())
	p.nothing()
	r, err := Run(t.Context(), p.options(Options{}))
	testutil.NoError(t, err)
	if r.Records != 2 {
		t.Errorf("%d records", r.Records)
	}
}

// A sparse source is larger than any disk.
func TestNoRoomForSparseSource(t *testing.T) {
	p := newPlace(t)
	p.write(`["` + strings.Repeat("x", sampleRoom) + `", 2`)
	if err := os.Truncate(p.source, 1<<43); err != nil {
		t.Skip("no sparse files of 8 TiB here: ", err)
	}
	_, err := Run(t.Context(), p.options(Options{Salvage: true}))
	testutil.ErrorIs(t, err, ErrNoRoom)
	p.nothing()
}

func TestRunCancelled(t *testing.T) {
	for n := 1; ; n++ {
		p := newPlace(t)
		p.write(ndjson(numbered(1, 6)))
		ctx, progress := cancelAt(t, n)
		_, err := Run(ctx, p.options(Options{Progress: progress, Salvage: n%2 == 0, Verify: VerifyRoundtrip}))
		if ctx.Err() == nil {
			testutil.NoError(t, err)
			return
		}
		testutil.ErrorIs(t, err, context.Canceled)
		p.nothing()
	}
}

// Run does not wait for a source that never gives anything once its context has ended.
func TestRunCancelledWhileWaiting(t *testing.T) {
	in, out := io.Pipe()
	defer out.Close()
	p := newPlace(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, _ = out.Write([]byte("[1,"))
		cancel()
	}()
	_, err := Run(ctx, p.options(Options{Source: "-", Stdin: in}))
	testutil.ErrorIs(t, err, context.Canceled)
	p.nothing()
}

// Files that are in the way stay.
func TestDirTaken(t *testing.T) {
	p := newPlace(t)
	p.write("[1]")
	testutil.NoError(t, os.Mkdir(p.dir, 0o755))
	_, err := Run(t.Context(), p.options(Options{Settings: segment.Settings{"max-record": "x"}}))
	if err == nil {
		t.Error("a bad setting was taken")
	}
	p.write("[1,")
	_, err = Run(t.Context(), p.options(Options{}))
	testutil.ErrorIs(t, err, jsonscan.ErrCut)
	if entries, err := os.ReadDir(p.dir); err != nil || len(entries) > 0 {
		t.Errorf("the directory that was there holds %v, %v", entries, err)
	}
	p.write("[1]")
	_, err = Run(t.Context(), p.options(Options{}))
	testutil.NoError(t, err)
	_, err = Run(t.Context(), p.options(Options{}))
	testutil.ErrorIs(t, err, segment.ErrExists)
	wantTexts(t, p.texts(), []string{"1"})
}

// TestRoomErrorText: sizes of many digits are rounded for a person.
func TestRoomErrorText(t *testing.T) {
	got := (&RoomError{Need: 12_345_678, Free: 4096}).Error()
	if want := ErrNoRoom.Error() + ": the log needs about 12.3MB more, 4.10KB is free"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestChangedText(t *testing.T) {
	for _, c := range []struct {
		before, after int64
		want          string
	}{
		{12_345_678, 12_345_999, "it grew by 321B to 12.3MB"},
		{12_345_678, 0, "it shrank by 12.3MB to 0B"},
		{12_345_678, 12_345_678, "it still has 12.3MB"},
	} {
		if got := changedText(c.before, c.after); got != c.want {
			t.Errorf("from %d to %d: %q, want %q", c.before, c.after, got, c.want)
		}
	}
}
