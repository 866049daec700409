package jsonscan

// CaptureIn returns the scalar, or the key, that p names in a compact value, as Captured
// does after a Scanner with the capture p has read the value. It copies nothing, so that
// it takes no memory for a large value.
func CaptureIn(value []byte, p *Pointer) []byte {
	v := p.follow(value, nil, p.tokens)
	if v == nil || v[0] == '{' || v[0] == '[' {
		return nil
	}
	return v
}

// follow returns what tokens lead to in a value with a name, the last one of several; nil
// if there is none.
func (p *Pointer) follow(value, name []byte, tokens []token) (found []byte) {
	switch {
	case len(tokens) > 0:
	case p.key:
		return name
	default:
		return value
	}
	t, i := &tokens[0], 0
	for m := range Members(value) {
		if hit := m.Name == nil && i == t.index || m.Name != nil && (t.star || t.names(m.Name)); hit {
			if v := p.follow(m.Value, m.Name, tokens[1:]); v != nil {
				found = v
			}
		}
		// There is one element of an index, and one first member.
		if i++; t.star || m.Name == nil && i > t.index {
			break
		}
	}
	return found
}
