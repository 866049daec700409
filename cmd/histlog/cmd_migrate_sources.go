package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/migrate"
	"github.com/urfave/cli/v2"
)

// sourcesOf returns the files to migrate and the directory of the log. A directory is the
// last of two or more arguments.
func sourcesOf(args []string) (sources []string, dir string, err error) {
	switch len(args) {
	case 0:
		return nil, "", usage("migrate", "want SOURCE and perhaps DIR, not 0 arguments")
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
		return nil, "", usage("migrate", "the last argument, %q, is no file; as the log's DIR, write it with a slash at its end", dir)
	}
	sources, err = expand(args[:len(args)-1])
	if err == nil && len(sources) > migrate.MaxSources {
		err = usage("migrate", "%d files are too many: one log takes up to %d", len(sources), migrate.MaxSources)
	}
	return sources, dir, err
}

// looksLikeFile reports whether a name that is not there is more likely a file's than a
// log's.
func looksLikeFile(name string) bool {
	name = migrate.TrimEnding(name)
	ext := strings.ToLower(filepath.Ext(name))
	return strings.HasPrefix(ext, ".json") || ext == ".ndjson"
}

// expand replaces each name that is no file, and is a pattern, by the names of the files
// that it matches: some shells do not.
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
