package migrate

import "github.com/histlog/histlog/internal/jsonscan"

// A wrapper holds the keys that a record was found under, below the stars of a pattern. The
// record is stored inside an object for each of them, as {"BTC":{"2025-05-01":…}}.
type wrapper struct {
	text  []byte // the beginnings of the objects: {"BTC":{"2025-05-01":
	keys  []key
	names [][]byte // of the keys, with their quotes; valid while a record is read
	time  []byte   // the key that is the time of the record being read; nil means none
}

// A key is a member's name as it is in the source, quotes and escapes included.
type key struct {
	at       int   // where its object begins in wrapper.text
	from, to int64 // offsets of the name in the source
}

// name returns key i with its quotes.
func (w *wrapper) name(i int) []byte {
	end := len(w.text)
	if i+1 < len(w.keys) {
		end = w.keys[i+1].at
	}
	return w.text[w.keys[i].at+len("{") : end-len(":")]
}

// push reads a member's name and the colon after it as the innermost key.
func (w *wrapper) push(p *sourcePass) error {
	c, err := p.scan.Peek()
	if err != nil {
		return p.truncated(err)
	}
	if c != '"' {
		return p.unexpected(c, "where a member's name should be")
	}
	k := key{at: len(w.text), from: p.scan.Offset()}
	if w.text, err = p.scan.Value(append(w.text, '{')); err != nil {
		w.text = w.text[:k.at]
		return err
	}
	k.to = p.scan.Offset()
	w.text, w.keys = append(w.text, ':'), append(w.keys, k)
	return p.colon()
}

// pop removes the innermost key.
func (w *wrapper) pop() {
	last := len(w.keys) - 1
	w.text, w.keys = w.text[:w.keys[last].at], w.keys[:last]
}

// value reads a value and appends it to dst, wrapped.
func (w *wrapper) value(p *sourcePass, dst []byte) (_ []byte, err error) {
	w.names, w.time = w.names[:0], nil
	for i := range w.keys {
		w.names = append(w.names, w.name(i))
	}
	if p.timeField != nil {
		var inside *jsonscan.Pointer
		inside, w.time = p.timeField.Below(w.names)
		p.scan.Capture(inside)
	}
	p.scan.Around(len(w.keys), int64(len(w.text)+len(w.keys)))
	dst, err = p.scan.Value(append(dst, w.text...))
	p.scan.Around(0, 0)
	for range w.keys {
		dst = append(dst, '}')
	}
	return dst, err
}

// unwrap divides a record that is wrapped in n objects, of which it looks at the beginnings
// alone. It appends the keys, with their quotes, to keys and returns the value inside; nil
// if there are fewer objects.
func unwrap(record []byte, n int, keys [][]byte) (_ [][]byte, value []byte) {
	for range n {
		if len(record) < len(`{"":0}`) || record[0] != '{' {
			return keys, nil
		}
		end := jsonscan.SkipValue(record, len("{"))
		keys = append(keys, record[len("{"):end])
		record = record[end+len(":") : len(record)-len("}")]
	}
	return keys, record
}

// isWrapped reports whether a record is wrapped in n objects: each has one member.
func isWrapped(record []byte, n int) bool {
	for range n {
		if len(record) < len(`{"":0}`) || record[0] != '{' {
			return false
		}
		value := jsonscan.SkipValue(record, len("{")) + len(":")
		end := len(record) - len("}")
		if jsonscan.SkipValue(record, value) != end {
			return false
		}
		record = record[value:end]
	}
	return true
}
