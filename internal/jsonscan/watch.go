package jsonscan

import "math/bits"

// A Watcher is told of white space that is not as a [Layout] has it. Its
// arguments are valid until it returns.
type Watcher interface {
	// Odd is called for a part of a value whose white space differs, or may
	// differ. at is where in the compact value the part begins, raw its text and
	// compact its compact form. The first pending bytes of compact stood in
	// the raw of the part before. joined means that white space may stand
	// where the part before ends and this one begins.
	Odd(at int, raw, compact []byte, pending int, joined bool)
}

// Watch has w told of the white space of later values that is not as layout
// has it; with a nil layout, of all white space. A nil w ends that.
//
// A value is compared in parts of some KB. The comparison costs next to nothing:
// the compactor meets each white space anyway, and counts how many more must
// come. Each place between two tokens has one white space at most, so none is
// missing if all that came are right and as many came as must come.
func (s *Scanner) Watch(w Watcher, layout *Layout) {
	s.watch = watch{to: w, layout: layout}
	s.lines, s.pads = indentation, [len(s.pads)]uint8{}
	if w == nil || layout == nil {
		return
	}
	s.watch.due = [2]due{dueOf(&layout.Array), dueOf(&layout.Object)}
	s.watch.colon = some(layout.BeforeColon) + some(layout.AfterColon)
	s.watch.noBlank = layout.AfterColon != " "
	inner := layout.Object.Open + layout.Object.Comma + layout.Array.Open + layout.Array.Comma
	if !layout.Object.Lines || !layout.Array.Lines || inner != "" {
		return // pads of 0 never match: all white space is looked at in full
	}
	for depth := range len(s.pads) - 1 {
		text := layout.line(depth)
		if len(text) > 255 {
			break
		}
		s.lines, s.pads[depth] = text, uint8(len(text))
	}
}

// watch compares white space with a layout.
type watch struct {
	to      Watcher
	layout  *Layout
	due     [2]due // of an array, of an object
	comma   int    // white spaces behind a comma of the innermost container
	colon   int    // white spaces around a colon
	noBlank bool   // a single blank behind a colon is not as the layout has it
	owed    int    // white spaces that must still come, by what was read of the part
	odd     bool   // one was not as the layout has it
	last    byte   // of the part before
}

// due says how many white spaces, 0 or 1, belong to a bracket, a comma, and the inside of an empty container.
type due struct{ open, comma, shut, empty int }

func dueOf(c *Container) due {
	d := due{some(c.Open), some(c.Comma), some(c.Close), some(c.Empty)}
	if c.Lines {
		d.open, d.comma, d.shut = 1, 1, 1
	}
	if c.EmptyLine {
		d.empty = 1
	}
	return d
}

func some(text string) int { return min(len(text), 1) }

func index(object bool) int {
	if object {
		return 1
	}
	return 0
}

func (w *watch) push(object bool) {
	d := &w.due[index(object)]
	w.owed += d.open
	w.comma = d.comma
}

// pop is called at what closes a container.
func (w *watch) pop(object, empty bool) {
	d := &w.due[index(object)]
	if empty {
		w.owed += d.empty - d.open
	} else {
		w.owed += d.shut
	}
}

// inside is called when the container around the one that ended is the innermost again.
func (w *watch) inside(object bool) { w.comma = w.due[index(object)].comma }

// space is called at white space src[i:n] that is no beginning of lines, or stands where none is expected.
func (s *compactor) space(src []byte, i, n, at int) {
	if s.watch.to == nil {
		if n-i < len(indentation) && n < len(src) && !closes(src[n]) && s.state < afterValue {
			s.pads[at] = uint8(n - i)
		}
		return
	}
	if n == len(src) || s.watch.layout == nil || !s.expected(src[i:n], src[n]) {
		s.watch.odd = true
		return
	}
	s.watch.owed--
}

func closes(c byte) bool { return c|0x20 == '}' }

// expected reports whether white space before next is as the layout has it.
func (s *compactor) expected(text []byte, next byte) bool {
	at := AfterColon
	switch s.state {
	case atElement, atMember:
		at = AfterOpening
		if closes(next) {
			at = InsideEmpty
		}
	case atValue, atName:
		at = AfterComma
	case afterValue:
		at = BeforeComma
		if closes(next) {
			at = BeforeClosing
		}
	case atColon:
		at = BeforeColon
	}
	return s.watch.layout.Has(at, s.object, s.level(), text)
}

// level returns how many of the open containers have lines of their own.
func (s *compactor) level() int {
	objects := index(s.object)
	for i := 0; i*64 < s.depth; i++ {
		word := s.stack[i]
		if left := s.depth - i*64; left < 64 {
			word &= 1<<left - 1
		}
		objects += bits.OnesCount64(word)
	}
	n := 0
	if s.watch.layout.Object.Lines {
		n += objects
	}
	if s.watch.layout.Array.Lines {
		n += s.depth - objects
	}
	return n
}

// edge reports whether c may stand beside white space between tokens.
func edge(c byte) bool {
	switch c {
	case ',', ':', '{', '}', '[', ']':
		return true
	}
	return c <= ' '
}

// Within returns the greatest index up to n at which text can be divided inside
// a token, or n if none is near.
func Within(text []byte, n int) int {
	const near = 256
	for i := min(n, len(text)-1); i > 0 && i > n-near; i-- {
		if !edge(text[i-1]) && !edge(text[i]) {
			return i
		}
	}
	return n
}

// windowEnd returns where in the chunk the next part ends.
func (s *Scanner) windowEnd() int {
	end := s.pos + window
	switch {
	case end >= len(s.chunk):
		return len(s.chunk)
	case s.watch.to != nil:
		return s.pos + Within(s.chunk[s.pos:], window)
	}
	return end
}

// part is what is known of a part before it is read.
type part struct{ at, pending int }

func (s *Scanner) beginWindow(at int) part {
	if s.watch.to == nil {
		return part{}
	}
	s.watch.odd, s.watch.owed = false, 0
	p := part{at: at}
	if s.state == inLiteral {
		p.pending = s.matched
	}
	return p
}

func (s *Scanner) endWindow(p part, raw, dst []byte, from int) {
	w := &s.watch
	if w.to == nil || len(raw) == 0 {
		return
	}
	joined := p.at > from && (edge(w.last) || edge(raw[0]))
	w.last = raw[len(raw)-1]
	if w.odd || w.owed != 0 || joined || w.layout == nil {
		w.to.Odd(p.at-from, raw, dst[min(p.at, len(dst)):], p.pending, joined)
	}
}
