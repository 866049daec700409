package migrate

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/histlog/histlog/internal/jsonscan"
)

// maxIndent is the maximum length of the indentation of a record in a layout with Style,
// which repeats a text.
const maxIndent = 1 << 20

// check returns an error for a layout that no migration has written. The error begins with
// the member.
func (at *layout) check() error {
	most, err := at.levels()
	switch {
	case err != nil:
		return inMember("records", err)
	case at.Count > math.MaxInt64:
		return fmt.Errorf("count: %d is more than a log has", at.Count)
	case at.Depth < 0 || at.Depth > most:
		return fmt.Errorf("depth: %d is not from 0 to %d", at.Depth, most)
	case at.Empty && at.Count > 0:
		return fmt.Errorf("empty: there were %d records", at.Count)
	case at.base != nil && at.Between != nil && !isSeparator([]byte(*at.Between)):
		return errors.New("between: is not a comma, with a key at most")
	}
	return at.checkTexts()
}

// inMember returns err, unless it is nil, with the name of a member.
func inMember(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

// levels returns how many containers may be around a record.
func (at *layout) levels() (int, error) {
	if at.base == nil && at.Records == streamName {
		return 0, nil
	}
	path, err := at.pointer()
	switch {
	case err != nil:
		return 0, err
	case len(path.Tokens()) >= jsonscan.MaxDepth:
		return 0, fmt.Errorf("leads to %d levels", len(path.Tokens()))
	case at.base == nil:
	case path.Stars() == nil:
		return 0, errors.New("pattern: has no star")
	case at.base.From < 0:
		return 0, fmt.Errorf("from: %d is less than 0", at.base.From)
	case at.base.To < 0:
		return 0, fmt.Errorf("to: %d is less than 0", at.base.To)
	}
	return len(path.Tokens()) + 1, nil
}

// A styleText is a text of a style, which must be white space.
type styleText struct{ member, text string }

// checkTexts checks the texts from which records are written.
func (at *layout) checkTexts() error {
	var all []styleText
	if s := at.Spaces; s != nil {
		all = []styleText{{"line", s.Line}, {"indent", s.Indent}, {"before_colon", s.BeforeColon}, {"after_colon", s.AfterColon}}
		for _, c := range []*jsonscan.Container{&s.Object, &s.Array} {
			all = append(all, styleText{"open", c.Open}, styleText{"comma", c.Comma}, styleText{"close", c.Close}, styleText{"empty", c.Empty})
		}
	}
	if s := at.Style; s != nil {
		all = append(all, styleText{"comma", strings.TrimPrefix(s.Comma, ",")}, styleText{"colon", strings.TrimPrefix(s.Colon, ":")})
		if s.Indent != nil {
			all = append(all, styleText{"indent", *s.Indent})
			if len(*s.Indent) > maxIndent/max(at.Depth, 1) {
				return fmt.Errorf("indent: has %d bytes for each of %d levels", len(*s.Indent), at.Depth)
			}
		}
	}
	for _, s := range all {
		if strings.Trim(s.text, " \t\r\n") != "" {
			return fmt.Errorf("%s: %.20q is not white space", s.member, s.text)
		}
	}
	return nil
}

// checkSizes returns an error if the files of origin/ contradict the layout. suffix is -1 if
// there is none.
func (at *layout) checkSizes(prefix, suffix int64) error {
	if at.base == nil {
		return nil
	}
	from, to := at.base.From, at.base.To
	end, least := suffix, int64(0)
	if suffix < 0 {
		end, least = prefix, from
	}
	switch {
	case from > prefix:
		return fmt.Errorf("records: from: %d is after the end of %s, %d", from, prefixName, prefix)
	case to < least || to > end:
		return fmt.Errorf("records: to: %d is not from %d to %d", to, least, end)
	}
	return nil
}
