package jsonscan

import "math/bits"

// A Watcher receives the parts of values whose white space is not as a [Layout] has it.
type Watcher interface {
	// Odd is called for a part of a value whose white space differs, or may
	// differ. at is the offset of the part in the compact value, raw its text and
	// compact its compact form; both are valid until Odd returns. The text of the
	// first pending bytes of compact was in the raw of the previous part. joined
	// means that white space may be divided between the previous part and this one.
	Odd(at int, raw, compact []byte, pending int, joined bool)
}

// Watch calls w for all parts of later values whose white space is not as layout has it;
// with a nil layout, for all parts. A nil w ends that.
//
// A value is compared in parts of at most a window. The comparison costs next to
// nothing: the compactor meets each white space anyway, and it counts. A token adds to
// owed the number of white spaces that the layout has beside it, and each white space
// found there subtracts one. Between two tokens there is at most one white space. So
// at the end of a part
//
//	!odd && owed == 0
//
// means that each white space found is the layout's, and that none is missing.
func (s *Scanner) Watch(w Watcher, layout *Layout) {
	s.watch = watch{to: w, layout: layout}
	s.lines, s.pads = indentation, [len(s.pads)]uint8{}
	if w == nil || layout == nil {
		return
	}
	s.watch.due = [2]due{dueOf(&layout.Array), dueOf(&layout.Object)}
	s.watch.colon = some(layout.BeforeColon) + some(layout.AfterColon)
	s.watch.noBlank = layout.AfterColon != " "
	// Where the layout has nothing but lines, what white space must be follows from the
	// depth alone, so that run's guess is the comparison.
	inner := layout.Object.Open + layout.Object.Comma + layout.Array.Open + layout.Array.Comma
	if !layout.Object.Lines || !layout.Array.Lines || inner != "" {
		return // pads of 0 never match: all white space is looked at in full
	}
	for depth := range len(s.pads) - 1 {
		text := layout.line(depth)
		if len(text) > 255 { // more than a pad counts
			break
		}
		// Each line is a prefix of the next deeper one, so the last one has them all.
		s.lines, s.pads[depth] = text, uint8(len(text))
	}
}

// A watch compares white space with a layout. See [Scanner.Watch] for owed and odd.
type watch struct {
	to      Watcher // nil means no comparison
	layout  *Layout
	due     [2]due // of an array, of an object
	comma   int    // white spaces after a comma of the innermost container, 0 or 1
	colon   int    // white spaces around a colon, 0 to 2
	noBlank bool   // a single blank after a colon is not as the layout has it
	owed    int    // white spaces of the part that the layout has, less those found
	odd     bool   // one was not as the layout has it
	last    byte   // of the previous part
}

// A due holds how many white spaces, 0 or 1, a layout has after an opening bracket,
// after a comma, before a closing bracket and inside an empty container.
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

// some returns 1 for a text that is not empty, else 0.
func some(text string) int { return min(len(text), 1) }

// index returns the index of the container's kind in an array of two.
func index(object bool) int {
	if object {
		return 1
	}
	return 0
}

// push is called at an opening bracket.
func (w *watch) push(object bool) {
	// As if an element followed; pop corrects it for an empty container.
	d := &w.due[index(object)]
	w.owed += d.open
	w.comma = d.comma
}

// pop is called at a closing bracket.
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

// space is called at white space src[i:n] that run's guess for depth at was not.
func (s *compactor) space(src []byte, i, n, at int) {
	if s.watch.to == nil {
		// Without a layout the guess is what came last before a value at that depth.
		// White space that the window ends in has no known length.
		if n-i < len(indentation) && n < len(src) && !closes(src[n]) && s.state < afterValue {
			s.pads[at] = uint8(n - i)
		}
		return
	}
	// White space that ends the part may continue in the next one: it is odd, and the
	// next part is joined.
	if n == len(src) || s.watch.layout == nil || !s.expected(src[i:n], src[n]) {
		s.watch.odd = true
		return
	}
	s.watch.owed--
}

// closes reports whether c is ']' or '}', which differ in the bit 0x20 alone.
func closes(c byte) bool { return c|0x20 == '}' }

// expected reports whether white space before next is as the layout has it.
func (s *compactor) expected(text []byte, next byte) bool {
	// The state is still the one after the last token: it and the next byte name the place.
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

// level returns how many of the open containers count for the indentation.
func (s *compactor) level() int {
	if s.watch.layout.Deep {
		return s.depth
	}
	// The bits of stack below depth are the containers around the innermost one.
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

// edge reports whether white space may be beside c between tokens.
func edge(c byte) bool {
	switch c {
	case ',', ':', '{', '}', '[', ']':
		return true
	}
	return c <= ' '
}

// Within returns the maximum index up to n at which text can be divided inside a token,
// so that no white space is divided; n if there is none within 256 bytes.
func Within(text []byte, n int) int {
	const near = 256
	// Two bytes that are not edges are of one token, or of a string, where white space
	// is a part of the value.
	for i := min(n, len(text)-1); i > 0 && i > n-near; i-- {
		if !edge(text[i-1]) && !edge(text[i]) {
			return i
		}
	}
	return n
}

// windowEnd returns the index in chunk at which the next window ends.
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

// A part is what endWindow must know from before its window was read.
type part struct {
	at      int // length of the output
	pending int // bytes of a literal that are read and not yet in the output
}

// beginWindow begins the comparison of a window.
func (s *Scanner) beginWindow(at int) part {
	if s.watch.to == nil {
		return part{}
	}
	// Each part is compared for itself: what was odd before has been passed on.
	s.watch.odd, s.watch.owed = false, 0
	p := part{at: at}
	if s.state == inLiteral {
		p.pending = s.matched
	}
	return p
}

// endWindow passes the window on to the watcher unless its white space is the layout's.
// raw is the text of the window and dst the output, the value in it beginning at from.
func (s *Scanner) endWindow(p part, raw, dst []byte, from int) {
	w := &s.watch
	if w.to == nil || len(raw) == 0 {
		return
	}
	// Between two bytes of which one is an edge, white space may have been divided.
	joined := p.at > from && (edge(w.last) || edge(raw[0]))
	w.last = raw[len(raw)-1]
	if w.odd || w.owed != 0 || joined || w.layout == nil {
		w.to.Odd(p.at-from, raw, dst[min(p.at, len(dst)):], p.pending, joined)
	}
}
