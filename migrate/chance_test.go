package migrate

import (
	"math/rand/v2"
	"strings"

	"github.com/histlog/histlog/internal/jsonscan"
)

// A chance writes random JSON in a random style, from which it deviates now and then.
type chance struct {
	rnd    *rand.Rand
	out    strings.Builder
	spaces [2][5]string // of arrays and objects: after the bracket, comma, before the bracket, inside an empty one, around a colon
	line   string
	indent string
	wide   int  // how many values more than 3 a container may have
	deep   bool // containers without lines indent what is in them
	stray  int  // one in so many spaces deviates; 0 means never
	long   int  // one in so many of these is about as long as a text of a style may be; 0 means none
}

func newChance(rnd *rand.Rand) *chance {
	c := &chance{rnd: rnd, stray: []int{0, 0, 3, 30}[rnd.IntN(4)], deep: rnd.IntN(2) == 1}
	c.line, c.indent = c.pick("\n", "\r\n", "\n  ", "\n\t"), c.pick("", " ", "  ", "    ", "\t", " \t")
	inner := c.pick("", " ", "L", "L", "L", " L")
	for kind := range c.spaces {
		if rnd.IntN(4) == 0 {
			inner = c.pick("", " ", "L")
		}
		closing := strings.TrimLeft(inner, " ")
		if closing == "" {
			closing = inner
		}
		c.spaces[kind] = [5]string{inner, inner, closing, c.pick("", "", " ", "\nL", "L", "\n"), c.pick("", "", " ")}
	}
	return c
}

// A tape is a random source whose numbers are bytes of a text, so that a fuzzer chooses them.
// After the text they are 0.
type tape struct{ text []byte }

func (t *tape) Uint64() uint64 {
	b := uint64(0)
	if len(t.text) > 0 {
		b, t.text = uint64(t.text[0]), t.text[1:]
	}
	// IntN takes the high bits, or the low ones for a power of two; the bit in between
	// keeps it from rejecting the number.
	return b<<56 | 1<<55 | b
}

func (c *chance) pick(all ...string) string { return all[c.rnd.IntN(len(all))] }

// space writes the style's white space at a place, or another one.
func (c *chance) space(kind, place, level int) {
	if c.stray > 0 && c.rnd.IntN(c.stray) == 0 {
		c.blanks(4)
		return
	}
	c.out.WriteString(strings.ReplaceAll(c.spaces[kind][place], "L", c.line+strings.Repeat(c.indent, level)))
}

// blanks writes up to n-1 characters of white space.
func (c *chance) blanks(n int) {
	if c.long > 0 && c.rnd.IntN(c.long) == 0 {
		long := strings.Repeat(c.pick(" ", "\t", "\n", "\r\n"), maxText+3)
		c.out.WriteString(c.pick("", " ", "\n") + long[:maxText-2+c.rnd.IntN(5)])
	}
	for range c.rnd.IntN(n) {
		c.out.WriteByte(" \n\t\r"[c.rnd.IntN(4)])
	}
}

// value writes a value with at most that many containers around each other, inside level.
func (c *chance) value(level, most int) {
	kind := c.rnd.IntN(2)
	if most == 0 || c.rnd.IntN(3) == 0 {
		c.scalar()
		return
	}
	c.container(kind, c.rnd.IntN(4+c.wide), level, func(level int) { c.value(level, most-1) })
}

// inside returns the level inside a container.
func (c *chance) inside(kind, level int) int {
	if c.deep || strings.Contains(c.spaces[kind][0], "L") {
		return level + 1
	}
	return level
}

// container writes an array, or an object if kind is 1, with n elements, each by a call of
// element with its level.
func (c *chance) container(kind, n, level int, element func(level int)) {
	brackets := []string{"[]", "{}"}[kind]
	c.out.WriteByte(brackets[0])
	for i := range n {
		c.element(kind, i, level)
		if kind == 1 {
			c.member(c.pick(`"n"`, `"n"`, `"m"`, `"a b"`, `"\u0000"`, `"\u006e"`, `""`, `"timestamp"`, `"{\""`), level)
		}
		element(c.inside(kind, level))
	}
	if n == 0 {
		c.space(kind, 3, level)
	} else {
		c.space(kind, 2, level)
	}
	c.out.WriteByte(brackets[1])
}

// element writes what comes before the element i of a container.
func (c *chance) element(kind, i, level int) {
	if i == 0 {
		c.space(kind, 0, c.inside(kind, level))
		return
	}
	if c.stray > 0 && c.rnd.IntN(40*c.stray) == 1 {
		c.blanks(4) // as no style has it
	}
	c.out.WriteByte(',')
	c.space(kind, 1, c.inside(kind, level))
}

// member writes the name of a member and the colon.
func (c *chance) member(name string, level int) {
	c.out.WriteString(name)
	c.space(1, 4, level)
	c.out.WriteByte(':')
	c.space(1, 4, level)
}

func (c *chance) scalar() {
	switch c.rnd.IntN(16) {
	case 1: // not 0, which a tape that has ended gives
		c.out.WriteString(`"` + strings.Repeat(c.pick("x", " ", `\u00e9`, "é", `\\`), c.rnd.IntN(300)) + `"`)
	case 2:
		n := 1 + c.rnd.IntN(200) // more levels than most code expects
		c.out.WriteString(strings.Repeat("[", n) + c.pick("", " ", "1") + strings.Repeat("]", n))
	default:
		c.out.WriteString(c.pick("1", "0", "-0", "-2.5e7", "1E+400", "0.10", "5e-324", "-0.0E-0", "123456789012345678901234567890",
			"true", "null", "false", `""`, `"a b"`, `"\"],{"`, `"é"`, `"\\"`, `"\ud800"`, `"\/\b\f\n\r\t"`, `" , : "`, "\"\u2028\x7f\U0001f600\"", `"2025-05-28T12:00:00Z"`))
	}
}

// document writes a text of any shape, and returns the options that migrate it.
func (c *chance) document() (o Options) {
	if c.rnd.IntN(8) == 1 {
		c.out.WriteString("\xef\xbb\xbf")
	}
	if c.rnd.IntN(4) == 1 {
		c.blanks(9)
	}
	switch c.rnd.IntN(6) {
	case 0:
		c.container(0, c.rnd.IntN(9), 0, func(level int) { c.value(level, 4) })
	case 1:
		c.history(0)
	case 2:
		c.out.WriteString("{")
		c.element(1, 0, 0)
		c.member(`"data"`, 0)
		c.history(c.inside(1, 0))
		c.space(1, 2, 0)
		c.out.WriteString("}")
		o.Records, _ = jsonscan.ParsePointer("/data/history")
	case 3:
		c.stream(func() { c.container(1, c.rnd.IntN(4), 0, func(level int) { c.value(level, 4) }) })
	case 4: // of any kinds, which alone would be taken for damage
		c.stream(func() { c.value(0, 4) })
		o.Records, _ = jsonscan.ParsePointer("")
	case 5:
		c.value(0, 6)
	}
	if c.rnd.IntN(2) == 1 {
		c.out.WriteString(c.pick("\n", "\r\n", " \n\n", "\t"))
	}
	return o
}

// history writes an object with an array "history", and other members around it.
func (c *chance) history(level int) {
	at, n := c.rnd.IntN(3), 1+c.rnd.IntN(3)
	c.out.WriteString("{")
	for i := range max(n, at+1) {
		c.element(1, i, level)
		if i != at {
			c.member(c.pick(`"v"`, `"total_entries"`, `"a\"b"`), level)
			c.value(c.inside(1, level), 2)
			continue
		}
		c.member(`"history"`, level)
		c.container(0, c.rnd.IntN(9), c.inside(1, level), func(level int) { c.value(level, 4) })
	}
	c.space(1, 2, level)
	c.out.WriteString("}")
}

// stream writes several values.
func (c *chance) stream(value func()) {
	between := c.pick("\n", "\r\n", " ", "\n\n", "\n  ")
	for i := range 1 + c.rnd.IntN(9) {
		if i > 0 {
			c.out.WriteString(between)
		}
		if c.stray > 0 {
			c.blanks(4)
		}
		value()
	}
}
