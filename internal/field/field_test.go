package field

import (
	"strings"
	"testing"
)

// TestNames checks which fields a list is, and their names.
func TestNames(t *testing.T) {
	for _, test := range []struct {
		lists []string
		want  string // the names
	}{
		{[]string{"/timestamp,/total_matches"}, "timestamp|total_matches"},
		{[]string{"/a", "/b,/c"}, "a|b|c"},
		{[]string{".a.b,."}, "b|record"},
		{[]string{"/a/0/b,/a/0"}, "b|0"},
		{[]string{""}, "record"},
		{[]string{"whole="}, "whole"},
		{[]string{"$seq,$time,$arrived,$bytes"}, "$seq|$time|$arrived|$bytes"},
		{[]string{"n=$seq"}, "n"},
		{[]string{"/matches#,/matches,.#"}, "matches#|matches|record#"},
		{[]string{"home=/matches/0/odds/home,away=/matches/0/odds/away"}, "home|away"},
		{[]string{"$key,/m/*/id,/m/*,/m/*#"}, "$key|id|*|*#"},
		{[]string{"/a=b"}, "a=b"},
		{[]string{"a=b=/c"}, ""}, // the name ends at the first '='
		{[]string{"a~=b=/c"}, "a=b"},
		{[]string{"~.a.b~.=/c,.a.b"}, ".a.b.|b"},
		{[]string{"a~,b=/c,/d~,e,/f~#,~#=/g,~1=/h"}, "a,b|d,e|f#|#|/"},
		{[]string{"/x~1y,/~0,/,/a//b"}, "x/y|~||b"},
		{[]string{"/m/~*/a"}, "a"},
	} {
		fields, err := Parse(test.lists)
		var names []string
		for _, f := range fields {
			names = append(names, f.Name)
		}
		if got := strings.Join(names, "|"); (err == nil) != (test.want != "") || err == nil && got != test.want {
			t.Errorf("%q: %q, %v, want %q", test.lists, got, err, test.want)
		}
	}
}

// TestWritten checks that a field remembers how it was written.
func TestWritten(t *testing.T) {
	fields, err := Parse([]string{"home=/m/*/odds~,/home,$key"})
	if err != nil || fields[0].String() != "home=/m/*/odds~,/home" || fields[1].String() != "$key" {
		t.Error(fields, err)
	}
}

// TestPointer checks the pointers of matches.
func TestPointer(t *testing.T) {
	for text, want := range map[string]string{
		"/a~1b/0": "/a~1b/0", "x=.a.b": "/a/b", "/m/*/id": "/m/a~1\"/id", "n=/m/*#": "/m/a~1\"#", "n=$bytes": "$bytes", "/m/~*/~#": "/m/*/#", "": "",
	} {
		fields, err := Parse([]string{text})
		if err != nil {
			t.Fatal(err)
		}
		if got := fields[0].Pointer([]byte(`"a/\""`)); got != want || fields[0].IsKey() {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	fields, err := Parse([]string{"/m/*/id,$key"})
	if err != nil || fields[0].Pointer([]byte("12")) != "/m/12/id" || !fields[1].IsKey() {
		t.Error(fields, err)
	}
}

func TestBadFields(t *testing.T) {
	for list, want := range map[string]string{
		"timestamp":         "write /timestamp",
		"/a,timestamp":      "write /timestamp",
		"/a, /b":            `field " /b" is no JSON pointer, which begins with '/': write /b`,
		"/a,":               "write record= for the record itself",
		",":                 "has an empty field",
		"=/a":               "the name before '=' is empty",
		"a~b=/a":            "in a name '~' is written ~0",
		"/a~b":              "in a JSON pointer '~' is written ~0 and '/' ~1",
		"/a~":               "in a JSON pointer '~' is written ~0 and '/' ~1",
		"a=b":               "a JSON pointer begins with '/'",
		"$tme":              "want $seq, $time, $arrived, $bytes or $key",
		"$":                 "want $seq",
		"$seq#":             "want $seq",
		"$key":              "no pointer has a *",
		"/a/*/*":            "only one * may be in a pointer",
		"/a/*,/b/*/c":       `"/a/*" and "/b/*/c" have * at different places`,
		"/a/b,/c/b":         `fields "/a/b" and "/c/b" have the name "b": give one of them another name, as in other=/c/b`,
		"x=/a,x=/b":         "as in other=/b",
		"/a,/a":             `the name "a"`,
		"$seq,~$seq=/a":     `the name "$seq"`,
		"/m/~*/a,/m/*/a":    `the name "a"`,
		"/m/~*/*/b,/m/*/a":  "different places",
		"/m/*/b,/m/~*/*/ab": "different places",
	} {
		if fields, err := Parse([]string{list}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v, want %q", list, fields, err, want)
		}
	}
}
