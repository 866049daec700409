package field

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// rowsOf returns the rows of a record: values divided by blanks, rows by semicolons, and - for
// an absent value.
func rowsOf(t testing.TB, list string, rec Record) string {
	t.Helper()
	fields, err := Parse([]string{list})
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	err = NewExtractor(fields).Rows(rec, func(values [][]byte) error {
		var row []string
		for _, v := range values {
			if v == nil {
				v = []byte("-")
			}
			row = append(row, string(v))
		}
		rows = append(rows, strings.Join(row, " "))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(rows, "; ")
}

func TestRows(t *testing.T) {
	const batch = `{"timestamp":"2025-05-30T07:00:00Z","total":2,"matches":{"m1":{"odds":{"home":1.50,"away":3}},"m2":{"odds":{"home":-2e1}}},"list":[1,[2,3],{"a":null}],"e":{},"x/y":"\u00e9\"","0":"zero"}`
	for _, test := range []struct{ text, list, want string }{
		{batch, "/timestamp,/total", `"2025-05-30T07:00:00Z" 2`},
		{batch, "/total,/timestamp", `2 "2025-05-30T07:00:00Z"`},
		{batch, "/matches/m1/odds/home,/matches/m1/odds", `1.50 {"home":1.50,"away":3}`},
		{batch, "/no,/total/no1,/matches/no2,/list/3,/list/x,/list/01,/list/-,/e/no3", `- - - - - - - -`},
		{batch, "/list/0,/list/1,x=/list/1/1,/list/2/a,y=/0", `1 [2,3] 3 null "zero"`},
		{batch, "/matches#,/list#,/e#,/total#,/none#,.#,/list/1#", `2 3 0 - - 7 2`},
		{batch, "/x~1y", `"\u00e9\""`},
		{batch, "home=/matches/*/odds/home,away=/matches/*/odds/away,$key,/total", `1.50 3 "m1" 2; -2e1 - "m2" 2`},
		{batch, "/list/*,$key,/list/1/0,/list/*#", `1 0 2 -; [2,3] 1 2 2; {"a":null} 2 2 1`},
		{batch, "/matches/m2/odds/home,$key,/matches/*/odds#,/matches#", `-2e1 "m1" 2 2; -2e1 "m2" 1 2`},
		{batch, "/e/*", ""},
		{batch, "/total/*,/timestamp", ""},
		{batch, "/none/*/a", ""},
		{batch, "$key,/*#", `"timestamp" -; "total" -; "matches" 2; "list" 3; "e" 0; "x/y" -; "0" -`},
		{`[1,{"a":2},"x"]`, "/0,/1/a,/2,/b", `1 2 "x" -`},
		{`[1,[2,[3]],4]`, "/1/1/0,/2", `3 4`},
		{`["]","{[",{"}":"\\\"]"}]`, "/1,/2", `"{[" {"}":"\\\"]"}`},
		{`"text"`, "/a,.#", `- -`},
		{`"text"`, "", `"text"`},
		{`12`, "", `12`},
		{`[]`, "/*", ``},
		{`{"a":NaN,"b":-Infinity,"c":1}`, "/a,/b,/c", `NaN -Infinity 1`},
		{`{"":{"":1}}`, "/,a=//", `{"":1} 1`},
		{`{"a,b":1,"c=":2,"d#":3,"d":[1],"*":{"x":4},"y":{"x":5}}`, "/a~,b,/c=,/d~#,n=/d#,/~*/x", `1 2 3 1 4`},
		{`{"a,b":1,"*":{"x":4},"y":{"x":5}}`, "/*/x,/~*", `- {"x":4}; 4 {"x":4}; 5 {"x":4}`},
		// Names with escapes are compared by what they mean.
		{`{"\u0061":1,"b\\n":2,"b\n":3}`, `/a,/b\n`, `1 2`},
		// Of members with the same name the first one counts, all of it.
		{`{"a":1,"a":2}`, "/a", `1`},
		{`{"a":{"c":3},"a":{"b":1,"c":2}}`, "/a/b,/a/c,/a", `- 3 {"c":3}`},
		{`{"a":7,"a":[1,2]}`, "/a/0,/a#", `- -`},
		{`{"a":[3],"a":[1,2]}`, "/a/*,/a/1", `3 -`},
		{`{"m":{"k":1,"k":2}}`, "$key,/m/*,/m/k,/m#", `"k" 1 1 2; "k" 2 1 2`},
	} {
		if got := rowsOf(t, test.list, Record{Text: []byte(test.text)}); got != test.want {
			t.Errorf("%s of %s:\n%s, want\n%s", test.list, test.text, got, test.want)
		}
	}
}

func TestFacts(t *testing.T) {
	rec := Record{
		Text: []byte(`{"a":[1,2]}`), Seq: 17,
		Time:    time.Date(2025, 5, 30, 7, 0, 0, 500, time.FixedZone("", 3600)),
		Arrived: time.Date(2025, 5, 30, 7, 0, 1, 0, time.UTC),
	}
	const facts = `17 "2025-05-30T06:00:00.0000005Z" "2025-05-30T07:00:01Z" 11`
	if got := rowsOf(t, "$seq,$time,$arrived,$bytes", rec); got != facts {
		t.Errorf("%s, want %s", got, facts)
	}
	if got, want := rowsOf(t, "$seq,$time,$arrived,$bytes,$key,/a/*", rec), facts+" 0 1; "+facts+" 1 2"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := rowsOf(t, "$time,$arrived", Record{Text: rec.Text}); got != "- -" {
		t.Errorf("%s: a record without times", got)
	}
}

// TestNothingStays checks that a record shows nothing of the one before.
func TestNothingStays(t *testing.T) {
	fields, err := Parse([]string{"/a,/b#,$time,/c/*,$key"})
	if err != nil {
		t.Fatal(err)
	}
	x := NewExtractor(fields)
	var got []string
	show := func(values [][]byte) error {
		got = append(got, fmt.Sprintf("%s", values))
		return nil
	}
	for _, rec := range []Record{
		{Text: []byte(`{"a":1,"b":[1],"c":{"k":1}}`), Time: time.Unix(0, 0)},
		{Text: []byte(`{"c":[2]}`)},
		{Text: []byte(`{}`)},
	} {
		if err := x.Rows(rec, show); err != nil {
			t.Fatal(err)
		}
	}
	if want := `[1 1 "1970-01-01T00:00:00Z" 1 "k"]|[   2 0]`; strings.Join(got, "|") != want {
		t.Errorf("%s, want %s", strings.Join(got, "|"), want)
	}
}

// TestRowFails checks that an error of row ends Rows.
func TestRowFails(t *testing.T) {
	fields, _ := Parse([]string{"/*"})
	rows, stop := 0, errors.New("stop")
	err := NewExtractor(fields).Rows(Record{Text: []byte("[1,2,3]")}, func([][]byte) error {
		rows++
		return stop
	})
	if err != stop || rows != 1 {
		t.Error(err, rows)
	}
}

// TestAllocations checks that records without escapes in names take no memory.
func TestAllocations(t *testing.T) {
	fields, _ := Parse([]string{"$seq,$time,$bytes,/t,/m#,$key,/m/*/a,/m/*/b#"})
	rec := Record{Text: []byte(`{"t":"x","m":{"k":{"a":1,"b":[1,2]},"l":{"a":"\n"}}}`), Seq: 1, Time: time.Unix(1, 1), Arrived: time.Unix(1, 1)}
	x, row := NewExtractor(fields), func([][]byte) error { return nil }
	_ = x.Rows(rec, row) // makes the memory that is used again
	if n := testing.AllocsPerRun(100, func() { _ = x.Rows(rec, row) }); n > 0 {
		t.Errorf("%v allocations for a record", n)
	}
}
