package migrate

import (
	"context"
	"io"
	"slices"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/recordtime"
)

// maxLevels is how many containers deep a survey looks.
const maxLevels = 32

// examined is the number of elements of an array into which a survey looks. It looks into
// the others, too, if records may be nested deeper in them; otherwise it only counts them.
const examined = 256

// A survey is a pass over a source that takes no records: it finds out where arrays and
// keyed objects lie, how many values are in them, and how many bytes. It keeps a tree of
// nodes, whose size is bounded.
type survey struct {
	p     *sourcePass
	root  *node
	nodes int       // in the tree
	time  timeField // of the log's records
	names timeField // reads names that are dates, in any form
}

// surveySource reads a source to its end. It cannot be one that is read only once.
func surveySource(ctx context.Context, o Options, accept jsonscan.Options) (*survey, error) {
	s := &survey{root: new(node), nodes: 1, time: newTimeField(o.Settings)}
	s.names.times = &recordtime.Parser{Zone: s.time.times.Zone}
	s.p = &sourcePass{ctx: ctx, o: o, walk: s.run}
	err := s.p.read(accept, func(*sourcePass) error { return nil })
	return s, err
}

// run reads the values of the source.
func (s *survey) run() error {
	for {
		if _, err := s.p.scan.Peek(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if _, err := s.value(s.root, 0); err != nil {
			return err
		}
	}
}

// value reads a value at v, inside level containers, and returns its length. v is nil for
// a value that is only skipped.
func (s *survey) value(v *node, level int) (int64, error) {
	c, err := s.p.scan.Peek()
	if err != nil {
		return 0, s.p.truncated(err)
	}
	from := s.p.scan.Offset()
	if v == nil {
		err := s.p.scan.Skip()
		return s.p.scan.Offset() - from, err
	}
	if s.p.o.Progress != nil {
		s.p.o.Progress(s.p.bytesDone(), s.p.size)
	}
	v.values++
	switch {
	case c == '{':
		v.objects++
	case c == '[':
		v.arrays++
	case v.values <= examined && s.isTime(v):
		v.times++
	}
	switch {
	case v.plain && c == '{' || level == maxLevels || c != '{' && c != '[':
		err = s.p.scan.Skip()
	case c == '{':
		err = s.object(v, level)
	default:
		err = s.array(v, level)
	}
	n := s.p.scan.Offset() - from
	v.bytes += n
	v.largest = max(v.largest, n)
	return n, err
}

// isTime reports whether the scalar that begins here, a value at v, is a time.
func (s *survey) isTime(v *node) bool {
	return !isIDName(v.name) && s.p.isTimeNext(s.time, s.names)
}

// isTimeNext reports whether the scalar that begins here is a time in one of these forms. It
// reports false for one that continues in the next chunk of the source, which is rare.
func (p *sourcePass) isTimeNext(forms ...timeField) bool {
	const longest = 64
	ahead := p.ahead()
	ahead = ahead[:min(len(ahead), longest)]
	end := jsonscan.SkipValue(ahead, 0)
	return end > 0 && end < len(ahead) && slices.ContainsFunc(forms, func(f timeField) bool { return f.is(ahead[:end]) })
}

// isIDName reports whether a member is named like an identifier, which may look like a Unix
// time. name has its quotes, or is empty.
func isIDName(name string) bool {
	const id = `id"`
	n := len(name) - len(id)
	return n > 0 && (name[n]|0x20) == 'i' && (name[n+1]|0x20) == 'd'
}

// array reads an array at v.
func (s *survey) array(v *node, level int) error {
	s.p.scan.Next()
	if c, err := s.p.scan.Peek(); err == nil && c == ']' {
		s.p.scan.Next()
		v.measure(v.arrays+v.objects, 0)
		return nil
	}
	if v.elements == nil {
		v.elements = s.newNode(nil)
	}
	for count := uint64(1); ; count++ {
		n, err := s.value(v.elements, level+1)
		if err != nil {
			return err
		}
		v.inside += n
		if v.elements != nil {
			v.elements.settle()
		}
		if more, err := s.p.comma(']'); !more {
			v.measure(v.arrays+v.objects, count)
			return err
		}
	}
}

// object reads an object at v.
func (s *survey) object(v *node, level int) error {
	s.p.scan.Next()
	if c, err := s.p.scan.Peek(); err == nil && c == '}' {
		s.p.scan.Next()
		v.measure(v.arrays+v.objects, 0)
		return nil
	}
	for count := uint64(1); ; count++ {
		quoted, err := s.p.quotedName()
		if err != nil {
			return err
		}
		v.keys.add(quoted, s.names)
		c, err := s.p.scan.Peek()
		if err != nil {
			return s.p.truncated(err)
		}
		m := s.member(v, quoted, c)
		v.dropped = v.dropped || m == nil
		n, err := s.value(m, level+1)
		if err != nil {
			return err
		}
		v.inside += n
		if v.folded != nil {
			v.folded.settle()
		}
		if more, err := s.p.comma('}'); !more {
			v.measure(v.arrays+v.objects, count)
			return err
		}
	}
}

// member returns the node of the member of that name, whose value begins with c, in objects
// at v; nil if there is no room for it.
func (s *survey) member(v *node, quoted []byte, c byte) *node {
	if m := v.find(string(quoted)); m != nil {
		return m
	}
	if n := len(v.members); v.folded == nil && (c == '{' || c == '[') {
		if n >= foldAt {
			v.fold(c, foldAt)
		} else if s.nodes >= maxNodes {
			v.fold(c, 2)
		}
		if v.folded != nil {
			s.nodes = s.root.size()
		}
	}
	if v.folded != nil && c == v.foldedKind {
		return v.folded
	}
	if len(v.members) == maxMembers {
		return nil
	}
	m := s.newNode(quoted)
	if m != nil {
		v.members = append(v.members, m)
	}
	return m
}

// newNode returns a node for members of that name, or for elements; nil if there is no room for it.
func (s *survey) newNode(quoted []byte) *node {
	if s.nodes >= maxNodes || len(quoted) > maxName {
		return nil
	}
	s.nodes++
	return &node{name: string(quoted)}
}

// measure notes the number of members or elements of a container, the nth one at v.
func (v *node) measure(nth, length uint64) {
	if nth == 1 {
		v.shortest = length
	}
	v.shortest, v.longest = min(v.shortest, length), max(v.longest, length)
}

// settle decides, once enough values were examined, whether the survey looks into the others.
// It does if they have no time of their own, and a quarter of their bytes is in an array
// that may hold the records in their place.
func (v *node) settle() {
	if v.settled || v.values < examined {
		return
	}
	v.settled = true
	v.plain = v.timed() && v.objects > 0 || !v.holdsLarge(v.bytes/4)
}
