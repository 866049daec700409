package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/migrate"
	"github.com/urfave/cli/v2"
)

// setSources sets the sources of o, and its log.
func setSources(c *cli.Context, o *migrate.Options) (err error) {
	args := c.Args().Slice()
	if o.Each = c.Bool("each"); o.Each {
		err = checkEach(c)
	} else if c.IsSet("sort") {
		err = usage("migrate", "--sort goes with --each")
	}
	if err != nil {
		return err
	}
	if o.Sources, o.Dir, err = sourcesOf(args); err != nil {
		return err
	}
	// What messages call the sources.
	switch n := len(o.Sources); {
	case o.Each && len(args) == 2:
		o.Source = args[0]
	case o.Each || n > 1:
		o.Source = term.Plural(uint64(n), "file")
	default:
		o.Source = o.Sources[0]
	}
	if !o.Each && len(o.Sources) > migrate.MaxSources {
		return usage("migrate", "%d files are too many: one log takes up to %d; if each is one record, choose --each", len(o.Sources), migrate.MaxSources)
	}
	return nil
}

// checkEach returns an error for what does not go with --each.
func checkEach(c *cli.Context) error {
	for _, name := range []string{"dry-run", "continue", "salvage", "records"} {
		if c.IsSet(name) {
			return usage("migrate", "--each: leave out --%s", name)
		}
	}
	switch {
	case c.NArg() < 2:
		return usage("migrate", "--each: name the files, or their pattern in quotes, and then DIR")
	case c.String("verify") == "roundtrip":
		return usage("migrate", "--each: choose --verify digest or none, because an export is not the files again")
	case c.String("sort") != "name" && c.String("sort") != "time":
		return usage("migrate", "--sort %s: want name or time", c.String("sort"))
	}
	return nil
}

// sortFiles sorts files of one record each. A file that was named twice is one record.
func sortFiles(c *cli.Context, o *migrate.Options) error {
	slices.Sort(o.Sources)
	o.Sources = slices.Compact(o.Sources)
	if c.String("sort") == "name" {
		return nil
	}
	modified, err := migrate.SortByTime(c.Context, *o)
	if err != nil {
		return aboutSources(*o, err)
	}
	if modified {
		say(c.App.ErrWriter, "no record has a time: the files are in the order of their last changes; --time-field names another member")
	}
	return nil
}

// sourcesOf returns the files to migrate and the directory of the log. A directory is the
// last of two or more arguments.
func sourcesOf(args []string) (sources []string, dir string, err error) {
	switch len(args) {
	case 0:
		return nil, "", usage("migrate", "SOURCE, the file to migrate, is missing")
	case 1:
		sources, err = expand(args)
		if err != nil {
			return nil, "", err
		}
		if len(sources) > 1 {
			return nil, "", usage("migrate", "name the log's DIR after %q, which matches %d files", args[0], len(sources))
		}
		if dir = withoutEnding(sources[0]); sources[0] == "-" || dir == sources[0] || dir == "" {
			return nil, "", usage("migrate", "name the log's DIR: it can't be made from %q", sources[0])
		}
		return sources, dir, nil
	}
	dir = args[len(args)-1]
	switch info, err := os.Stat(dir); {
	case err == nil && info.Mode().IsRegular():
		return nil, "", usage("migrate", "name the log's DIR after the files: the last argument, %q, is a file", dir)
	case err != nil && len(args) > 2 && looksLikeFile(dir):
		return nil, "", usage("migrate", "the last argument, %q, is not a file; to make it the log's DIR, write it with a slash at its end", dir)
	}
	sources, err = expand(args[:len(args)-1])
	return sources, dir, err
}

// looksLikeFile reports whether a name, at which nothing exists, is more likely meant for a
// file than for a log.
func looksLikeFile(name string) bool {
	name = migrate.TrimEnding(name)
	ext := strings.ToLower(filepath.Ext(name))
	return strings.HasPrefix(ext, ".json") || ext == ".ndjson"
}

// expand replaces each name that is not a file but a pattern by the names of the files
// that it matches, as some shells do not do that.
func expand(names []string) (all []string, err error) {
	for _, name := range names {
		if _, err := os.Lstat(name); err == nil || !strings.ContainsAny(name, "*?[") {
			all = append(all, name)
			continue
		}
		found, err := filepath.Glob(name) // in the order of the names
		if err != nil {
			return nil, usage("migrate", "%q: %v", name, err)
		}
		if len(found) == 0 {
			return nil, usage("migrate", "no file matches %q", name)
		}
		all = append(all, found...)
	}
	if len(all) > 1 {
		for _, name := range all {
			if name == "-" {
				return nil, usage("migrate", "standard input can't be one of several sources")
			}
		}
	}
	return all, nil
}

// aboutSources is aboutSource for the sources of o.
func aboutSources(o migrate.Options, err error) error {
	source := o.Source
	var in *migrate.FileError
	if errors.As(err, &in) {
		source = in.Source
	}
	if code, hint := explain(err); o.Each && strings.Contains(hint, "--salvage") {
		err = &exitError{code: code, err: err, hint: "correct that file, or move it away, and run the command again"}
	}
	return aboutSource("migrate "+o.Source, source, err)
}

// eachSource calls run for each source, and prints the name of each of several before it.
func eachSource(c *cli.Context, o migrate.Options, run func(migrate.Options) error) error {
	if len(o.Sources) == 1 {
		return run(o)
	}
	for _, name := range o.Sources {
		one := o
		one.Source, one.Sources = name, nil
		if !c.Bool("json") {
			term.Fprintf(c.App.Writer, "%s\n", name)
		}
		if err := run(one); err != nil {
			return err
		}
	}
	return nil
}
