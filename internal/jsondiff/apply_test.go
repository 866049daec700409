package jsondiff

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// patchOf returns the JSON Patch from a to b.
func patchOf(t *testing.T, a, b string, keys ...string) string {
	t.Helper()
	if keys == nil {
		keys = DefaultKeys
	}
	var operations []string
	err := Compare(context.Background(), []byte(a), []byte(b), keys, func(c *Change) error {
		var text bytes.Buffer
		err := c.WriteOperation(&text)
		operations = append(operations, text.String())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return "[" + strings.Join(operations, ",") + "]"
}

// An operation of a JSON Patch, as RFC 6902 defines it.
type operation struct {
	Op, Path, From string
	Value          json.RawMessage
}

// checkPatch checks that the patch from a to b turns a into b, number for number.
func checkPatch(t *testing.T, a, b string, keys ...string) {
	t.Helper()
	patch := patchOf(t, a, b, keys...)
	got, want := decode(t, a), decode(t, b)
	if plain(a) && plain(b) && (patch == "[]") != reflect.DeepEqual(got, want) {
		t.Fatalf("%s\n%s\nthe patch is %s", a, b, patch)
	}
	var operations []operation
	if err := json.Unmarshal([]byte(patch), &operations); err != nil {
		t.Fatalf("%v\n%s", err, patch)
	}
	var err error
	for _, o := range operations {
		if got, err = apply(o, got); err != nil {
			t.Fatalf("%s\n%s\n%s: %v", a, b, patch, err)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s\n%s\n%s\nmakes %v", a, b, patch, got)
	}
}

// plain reports whether text decodes without loss: it has no two members of one name and no
// escape of a surrogate.
func plain(text string) bool {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	_ = d.Decode(&v)
	b, _ := json.Marshal(v)
	return !strings.Contains(strings.ToLower(text), `\ud`) && bytes.Count(b, []byte(`:`)) == strings.Count(text, ":")
}

func decode(t *testing.T, text string) (v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

// apply applies an operation to a decoded value and returns the result.
func apply(o operation, value any) (any, error) {
	var carried any
	d := json.NewDecoder(bytes.NewReader(o.Value))
	d.UseNumber()
	if o.Value != nil {
		if err := d.Decode(&carried); err != nil {
			return nil, err
		}
	}
	root := any(map[string]any{"": value}) // so that the value itself has a container, too
	var err error
	if o.Op != "add" {
		from := o.Path
		if o.Op == "move" {
			from = o.From
		}
		root, err = edit(root, tokens(from), func(in any, name string) (any, error) {
			removed, rest, err := remove(in, name)
			if o.Op == "move" {
				carried = removed
			}
			return rest, err
		})
	}
	if err == nil && o.Op != "remove" {
		root, err = edit(root, tokens(o.Path), func(in any, name string) (any, error) { return insert(in, name, carried) })
	}
	if err != nil {
		return nil, fmt.Errorf("%+v: %w", o, err)
	}
	return root.(map[string]any)[""], nil
}

func tokens(pointer string) []string {
	names := strings.Split(pointer, "/")
	for i, t := range names {
		names[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(t)
	}
	return names
}

// edit replaces the container to which all tokens but the last lead by what do makes of it.
func edit(v any, path []string, do func(in any, name string) (any, error)) (any, error) {
	if len(path) == 1 {
		return do(v, path[0])
	}
	var err error
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v[path[0]]; ok {
			v[path[0]], err = edit(v[path[0]], path[1:], do)
			return v, err
		}
	case []any:
		if i, err := strconv.Atoi(path[0]); err == nil && i >= 0 && i < len(v) {
			v[i], err = edit(v[i], path[1:], do)
			return v, err
		}
	}
	return nil, fmt.Errorf("no %q in %v", path[0], v)
}

func remove(in any, name string) (removed, rest any, err error) {
	switch in := in.(type) {
	case map[string]any:
		if removed, ok := in[name]; ok {
			delete(in, name)
			return removed, in, nil
		}
	case []any:
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(in) {
			removed = in[i]
			return removed, slices.Delete(in, i, i+1), nil
		}
	}
	return nil, nil, fmt.Errorf("no %q to remove in %v", name, in)
}

func insert(in any, name string, value any) (any, error) {
	switch in := in.(type) {
	case map[string]any:
		in[name] = value
		return in, nil
	case []any:
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i <= len(in) {
			return slices.Insert(in, i, value), nil
		}
	}
	return nil, fmt.Errorf("no place %q in %v", name, in)
}
