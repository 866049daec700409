package jsondiff

import (
	"bytes"
	"context"
	"strconv"

	"github.com/histlog/histlog/internal/jsonscan"
)

// DefaultKeys are the names of members that identify the elements of an array, in the order
// in which they are tried.
var DefaultKeys = []string{"id", "_id", "uuid", "match_id", "key", "code", "symbol", "name"}

// Compare calls emit for each change from the compact value a to b, in the order in which a
// patch must make the changes. The *Change is valid until emit returns. keys are the names of members that identify
// elements. Compare stops with the first error of emit, or with that of ctx.
func Compare(ctx context.Context, a, b []byte, keys []string, emit func(*Change) error) error {
	if bytes.Equal(a, b) {
		return nil
	}
	c := comparer{ctx: ctx, keys: keys, emit: emit, a: newSkipper(a), b: newSkipper(b)}
	return c.values(a, b)
}

// A comparer compares two values. path leads from the root to the values being compared.
type comparer struct {
	ctx  context.Context
	keys []string
	emit func(*Change) error
	path []step
	a, b *skipper
}

// A step leads from a container to a member or an element of it.
type step struct {
	name     string // of a member
	element  bool   // the step leads to an element: name is not used
	old, new int    // the indexes of the element before and after
	key      string // of an element that was paired by its key, such as id=17
}

func (s step) token(index int) string {
	if s.element {
		return "/" + strconv.Itoa(index)
	}
	return jsonscan.PointerToken(s.name)
}

// within calls compare with s at the end of the path.
func (c *comparer) within(s step, compare func() error) error {
	c.path = append(c.path, s)
	err := compare()
	c.path = c.path[:len(c.path)-1]
	return err
}

// at compares two values that a step leads to.
func (c *comparer) at(s step, a, b []byte) error {
	return c.within(s, func() error { return c.values(a, b) })
}

// report emits a change of what a step leads to.
func (c *comparer) report(s step, change Change) error {
	return c.within(s, func() error {
		change.path = c.path
		return c.emit(&change)
	})
}

func (c *comparer) values(a, b []byte) error {
	if bytes.Equal(a, b) {
		return nil
	}
	if err := c.ctx.Err(); err != nil {
		return err
	}
	switch {
	case a[0] == '{' && b[0] == '{':
		if before, after := c.a.object(a), c.b.object(b); !before.opaque && !after.opaque {
			return c.objects(before, after)
		}
	case a[0] == '[' && b[0] == '[':
		return c.arrays(c.a.array(a), c.b.array(b))
	case a[0] == '"' && b[0] == '"' && equalStrings(a, b):
		return nil
	}
	return c.emit(&Change{Kind: Changed, From: a, To: b, path: c.path})
}

func (c *comparer) objects(a, b object) error {
	for _, m := range a.members {
		if _, kept := b.index[m.name]; !kept {
			if err := c.report(step{name: m.name}, Change{Kind: Removed, From: m.value}); err != nil {
				return err
			}
		}
	}
	for _, m := range b.members {
		s := step{name: m.name}
		var err error
		if i, kept := a.index[m.name]; kept {
			err = c.at(s, a.members[i].value, m.value)
		} else {
			err = c.report(s, Change{Kind: Added, To: m.value})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *comparer) arrays(a, b array) error {
	for _, name := range c.keys {
		before, ok := c.a.keys(a, name)
		if !ok {
			continue
		}
		if after, ok := c.b.keys(b, name); ok {
			return c.keyed(keyedArrays{a: a, b: b, name: name, before: before, after: after})
		}
	}
	return c.placed(a, b)
}

// placed compares arrays by the places of their elements.
func (c *comparer) placed(a, b array) error {
	shorter := min(a.len(), b.len())
	first, last := 0, 0 // number of equal elements at the beginning and at the end
	for first < shorter && bytes.Equal(a.at(first), b.at(first)) {
		first++
	}
	for last < shorter-first && bytes.Equal(a.at(a.len()-1-last), b.at(b.len()-1-last)) {
		last++
	}
	end := shorter - last // of the pairs
	for i := a.len() - last - 1; i >= end; i-- {
		if err := c.report(element(i, i), Change{Kind: Removed, From: a.at(i), at: i}); err != nil {
			return err
		}
	}
	for i := end; i < b.len()-last; i++ {
		if err := c.report(element(i, i), Change{Kind: Added, To: b.at(i), at: i}); err != nil {
			return err
		}
	}
	for i := first; i < end; i++ {
		if err := c.at(element(i, i), a.at(i), b.at(i)); err != nil {
			return err
		}
	}
	return nil
}

func element(old, new int) step { return step{element: true, old: old, new: new} }
