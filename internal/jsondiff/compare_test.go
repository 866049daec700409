package jsondiff

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/testutil"
)

// TestPatch compares patches with those that a person would write.
func TestPatch(t *testing.T) {
	for _, row := range []struct{ a, b, want string }{
		{`{"a":1}`, `{"a":1}`, `[]`},
		{`{"a":1,"b":2}`, `{"b":2,"a":1}`, `[]`},
		{`1`, `"1"`, `[{"op":"replace","path":"","value":"1"}]`},
		{`{"a":1}`, `[1]`, `[{"op":"replace","path":"","value":[1]}]`},
		{`{"a":1}`, `{"a":1.0}`, `[{"op":"replace","path":"/a","value":1.0}]`},
		{`{"a":12345678901234567890}`, `{"a":12345678901234567891}`, `[{"op":"replace","path":"/a","value":12345678901234567891}]`},
		{`{"a":1e2}`, `{"a":1E2}`, `[{"op":"replace","path":"/a","value":1E2}]`},
		{`{"a":NaN}`, `{"a":-Infinity}`, `[{"op":"replace","path":"/a","value":-Infinity}]`},
		{`{"a":null}`, `{}`, `[{"op":"remove","path":"/a"}]`},
		{`{}`, `{"a":null}`, `[{"op":"add","path":"/a","value":null}]`},
		{`{"a":"\u00e9"}`, `{"a":"é"}`, `[]`},
		{`{"\u00e9":1}`, `{"é":2}`, `[{"op":"replace","path":"/é","value":2}]`},
		{`{"a":"\/"}`, `{"a":"/"}`, `[]`},
		{`{"a":"\ud800"}`, `{"a":"\ud801"}`, `[{"op":"replace","path":"/a","value":"\ud801"}]`},
		{`{"a":"\ud83d\ude00"}`, `{"a":"😀"}`, `[]`},
		{`{"a/b":{"~":1},"":2}`, `{"a/b":{"~":2},"":{"":3}}`, `[{"op":"replace","path":"/a~1b/~0","value":2},{"op":"replace","path":"/","value":{"":3}}]`},
		{`{"a":{"\"\\\n<":1}}`, `{"a":{"\"\\\n<":2}}`, `[{"op":"replace","path":"/a/\"\\\n<","value":2}]`},

		// by place
		{`[1,2,3]`, `[1,3]`, `[{"op":"remove","path":"/1"}]`},
		{`[1,3]`, `[1,2,3]`, `[{"op":"add","path":"/1","value":2}]`},
		{`[1,2]`, `[3,1,2]`, `[{"op":"add","path":"/0","value":3}]`},
		{`[1,1]`, `[1,1,1]`, `[{"op":"add","path":"/2","value":1}]`},
		{`[1,2,3,4]`, `[1,9,4]`, `[{"op":"remove","path":"/2"},{"op":"replace","path":"/1","value":9}]`},
		{`[]`, `[1,2]`, `[{"op":"add","path":"/0","value":1},{"op":"add","path":"/1","value":2}]`},
		{`[1,2]`, `[]`, `[{"op":"remove","path":"/1"},{"op":"remove","path":"/0"}]`},
		{`[{"id":1,"s":0},{"id":1,"s":0}]`, `[{"id":1,"s":0},{"id":1,"s":1}]`, `[{"op":"replace","path":"/1/s","value":1}]`},
		{`[{"id":1,"s":0},7]`, `[{"id":2,"s":0},7]`, `[{"op":"replace","path":"/0/id","value":2}]`},
		{`[{"id":[1],"s":0}]`, `[{"id":[2],"s":0}]`, `[{"op":"replace","path":"/0/id/0","value":2}]`},

		// by key
		{`[{"id":1,"s":0},{"id":2,"s":0}]`, `[{"id":2,"s":1}]`, `[{"op":"remove","path":"/0"},{"op":"replace","path":"/0/s","value":1}]`},
		{`[{"id":1,"s":0},{"id":2,"s":0}]`, `[{"id":3},{"id":1,"s":1},{"id":2,"s":0}]`, `[{"op":"add","path":"/0","value":{"id":3}},{"op":"replace","path":"/1/s","value":1}]`},
		{`[{"id":1},{"id":2},{"id":3}]`, `[{"id":2},{"id":3},{"id":1}]`, `[{"op":"move","from":"/0","path":"/2"}]`},
		{`[{"id":1},{"id":2},{"id":3}]`, `[{"id":3},{"id":1},{"id":2}]`, `[{"op":"move","from":"/2","path":"/0"}]`},
		{`[{"id":1},{"id":1.0}]`, `[{"id":1.0},{"id":"1"}]`, `[{"op":"remove","path":"/0"},{"op":"add","path":"/1","value":{"id":"1"}}]`},
		{`[{"x":1,"id":1}]`, `[{"x":2,"\u0069d":1}]`, `[{"op":"replace","path":"/0/x","value":2}]`},
		{`[{"id":"a","match_id":1}]`, `[{"match_id":1}]`, `[{"op":"remove","path":"/0/id"}]`},
		{`{"m":[{"id":1,"in":[{"id":5},{"id":6}]}]}`, `{"m":[{"id":0},{"id":1,"in":[{"id":6}]}]}`, `[{"op":"add","path":"/m/0","value":{"id":0}},{"op":"remove","path":"/m/1/in/0"}]`},

		// objects that no pointer leads into
		{`{"o":{"a":1,"a":2}}`, `{"o":{"a":1,"a":2}}`, `[]`},
		{`{"o":{"a":1,"a":2}}`, `{"o":{"a":0,"a":2}}`, `[{"op":"replace","path":"/o","value":{"a":0,"a":2}}]`},
		{`{"o":{"a":1,"a":2}}`, `{"o":{"a":2,"a":1}}`, `[{"op":"replace","path":"/o","value":{"a":2,"a":1}}]`},
		{`{"o":{"a":2}}`, `{"o":{"a":1,"a":2}}`, `[{"op":"replace","path":"/o","value":{"a":1,"a":2}}]`},
		{`{"o":{"\ud800":1}}`, `{"o":{"\ud801":1}}`, `[{"op":"replace","path":"/o","value":{"\ud801":1}}]`},
		{`{"o":{"\ud800":1},"p":1}`, `{"o":{"\ud800":1},"p":2}`, `[{"op":"replace","path":"/p","value":2}]`},
	} {
		if got := patchOf(t, row.a, row.b); got != row.want {
			t.Errorf("%s\n%s\n got %s\nwant %s", row.a, row.b, got, row.want)
		}
		if !strings.Contains(row.a, "NaN") {
			checkPatch(t, row.a, row.b)
			checkPatch(t, row.b, row.a)
		}
	}
}

// TestKeys checks that the caller names the keys.
func TestKeys(t *testing.T) {
	a, b := `[{"n":1,"id":1},{"n":2,"id":2}]`, `[{"n":2,"id":1}]`
	for _, row := range []struct{ keys, want string }{
		{"n", `[{"op":"remove","path":"/0"},{"op":"replace","path":"/0/id","value":1}]`},
		{"absent,n", `[{"op":"remove","path":"/0"},{"op":"replace","path":"/0/id","value":1}]`},
		{"id,n", `[{"op":"remove","path":"/1"},{"op":"replace","path":"/0/n","value":2}]`},
	} {
		if got := patchOf(t, a, b, strings.Split(row.keys, ",")...); got != row.want {
			t.Errorf("%s: %s, want %s", row.keys, got, row.want)
		}
	}
}

// TestPointers checks the pointers in both values, and the keys of the elements.
func TestPointers(t *testing.T) {
	a := `{"m":[{"id":"x","l":[1,2]},{"id":2,"l":[]},{"id":3,"l":[]}]}`
	b := `{"m":[{"id":3,"l":[{"id":7}]},{"id":"x","l":[1]}]}`
	var got []string
	err := Compare(context.Background(), []byte(a), []byte(b), DefaultKeys, func(c *Change) error {
		old, now := "", ""
		if c.Kind != Added {
			old = c.Old()
		}
		if c.Kind != Removed {
			now = c.New()
		}
		got = append(got, fmt.Sprintf("%d %s %s %s %s %s", c.Kind, old, now, strings.Join(c.Keys(), ","), c.From, c.To))
		return nil
	})
	want := []string{
		`1 /m/1  id=2 {"id":2,"l":[]} `,
		`3 /m/2 /m/0 id=3 {"id":3,"l":[]} {"id":3,"l":[{"id":7}]}`,
		`0  /m/0/l/0 id=3,id=7  {"id":7}`,
		`1 /m/0/l/1  id="x" 2 `,
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v\n%s\nwant\n%s", err, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestStops checks that an error of emit, and the end of the context, end the comparison.
func TestStops(t *testing.T) {
	stop := errors.New("stop")
	calls := 0
	err := Compare(context.Background(), []byte(`[1,2,{"a":1}]`), []byte(`[3,4,{}]`), nil, func(*Change) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Error(err, calls)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Compare(ended, []byte(`1`), []byte(`2`), nil, func(*Change) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestDeep compares values as deep as records may be.
func TestDeep(t *testing.T) {
	n := jsonscan.MaxDepth - 1
	a := strings.Repeat("[", n) + "1" + strings.Repeat("]", n)
	if got, want := patchOf(t, a, strings.Replace(a, "1", "2", 1)), `[{"op":"replace","path":"`+strings.Repeat("/0", n)+`","value":2}]`; got != want {
		t.Errorf("%.100s", got)
	}
}

// TestRandomPatches applies the patches between random values and changed copies of them.
func TestRandomPatches(t *testing.T) {
	for seed := range testutil.Rounds(20_000, 150_000) {
		r := &random{rand.New(rand.NewPCG(uint64(seed), 1))}
		a := r.value(4)
		b := r.changed(a)
		checkPatch(t, a.String(), b.String())
	}
}

// FuzzPatch applies the patch from any value to another one.
func FuzzPatch(f *testing.F) {
	f.Add([]byte(`{"m":[{"id":1,"s":0},{"id":2}],"a":"\ud800"}`), []byte(`{"m":[{"id":2},{"id":1,"s":1}],"a":1.0}`))
	f.Add([]byte(`{"a":1,"a":2,"a~/":[[],[1]]}`), []byte(`{"a":2,"a~/":[[1],[2],3]}`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		x, errA := jsonscan.NewBytes(a, jsonscan.Options{}).Value(nil)
		y, errB := jsonscan.NewBytes(b, jsonscan.Options{}).Value(nil)
		if errA == nil && errB == nil {
			checkPatch(t, string(x), string(y))
		}
	})
}
