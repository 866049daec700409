package field

// eachMatch calls row for each member or element of the object or array of the star.
func (x *Extractor) eachMatch(row func(values [][]byte) error) error {
	fields := len(x.fields)
	within := x.values[fields]
	if len(within) == 0 || within[0] != '{' && within[0] != '[' {
		return nil
	}
	object := within[0] == '{'
	x.text = within
	for i, index := 1, 0; i < len(within)-1; i, index = i+1, index+1 { // i++ steps over a comma
		if object {
			i = x.nameMatch(i)
		} else {
			x.setNumber(x.keys, index)
		}
		for _, v := range x.match.below {
			x.values[v] = nil
		}
		i = x.find(x.match, i, x.match.size+1) // one more than there are: the end of the match is needed, too
		if err := row(x.values[:fields]); err != nil {
			return err
		}
	}
	return nil
}

// nameMatch makes the name of the member at text[i] the value of keys, and returns where the
// member's value begins.
func (x *Extractor) nameMatch(i int) (value int) {
	quoted, value := x.name(i)
	for _, k := range x.keys {
		x.values[k] = quoted
	}
	return value
}
