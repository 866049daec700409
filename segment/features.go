package segment

import (
	"slices"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/seekable"
)

// A feature is a kind of file that older versions of histlog ignore, so that the records
// in such files would look missing; or a member of HISTLOG that they would drop. HISTLOG
// requires a feature before the first such file gets its name: a histlog that does not
// know the feature then reports that it is too old.

// needsSmallIndex is the feature of logs with small indexes.
const needsSmallIndex = "small-index"

// needsMerged is the feature of logs with merged segments, whose names older versions ignore.
const needsMerged = "merged-segments"

// needsTimeFormat is the feature of logs with a format in a time rule. A histlog before it
// would read other times, or none, and drop the format when it replaces HISTLOG.
const needsTimeFormat = "time-format"

// codecFeature returns the feature of logs with files of a codec; "" for the codecs that
// format version 1 began with, which every histlog reads.
func codecFeature(c Codec) string {
	switch c {
	case Plain, Zstd, Gzip:
		return ""
	}
	return "codec-" + c.String()
}

// features returns the features that this version supports.
func features() []string {
	all := []string{needsSmallIndex, needsMerged, needsTimeFormat}
	for _, c := range seekable.Codecs() {
		if f := codecFeature(c); f != "" {
			all = append(all, f)
		}
	}
	return all
}

// featuresOf returns the features of a log with files of these names.
func featuresOf(names ...string) (needed []string) {
	for _, name := range names {
		n, suffix, ok := parseName(name)
		if !ok {
			continue
		}
		var all []string
		if n.end != 0 {
			all = append(all, needsMerged)
		}
		if suffix == filename.SmallSuffix {
			all = append(all, needsSmallIndex)
		} else if c, ok := filename.CodecOf(suffix); ok && codecFeature(c) != "" {
			all = append(all, codecFeature(c))
		}
		needed = withFeatures(needed, all...)
	}
	return needed
}

// features returns the features that a time rule needs.
func (r TimeRule) features() []string {
	if r.Format == "" {
		return nil
	}
	return []string{needsTimeFormat}
}

// withFeatures returns a copy of all with the names that it lacks.
func withFeatures(all []string, names ...string) []string {
	all = slices.Clone(all)
	for _, name := range names {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}
