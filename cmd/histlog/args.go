package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"github.com/xrash/smetrics"
)

// normalize rewrites args so that flags may be anywhere, because the library parses
// no flag after the first argument. Every flag becomes --name=value before the
// arguments; -n5 and -fn5 are supported.
func normalize(commands []*cli.Command, args []string) ([]string, error) {
	at := slices.IndexFunc(args[1:], func(a string) bool { return !strings.HasPrefix(a, "-") || a == "-" }) + 1
	if at == 0 {
		for _, a := range args[1:] {
			if a == "--version" || a == "-v" || a == "-V" {
				return []string{args[0], "version"}, nil
			}
			if a != "--help" && a != "-h" {
				return nil, usage("", "unknown flag %s before a command", a)
			}
		}
		return []string{args[0], "help"}, nil
	}
	command := find(commands, args[at])
	if command == nil {
		return nil, unknownCommand(commands, args[at])
	}
	rest := args[1:]
	if i := slices.Index(rest, "--"); i >= 0 {
		rest = rest[:i]
	}
	if slices.Contains(rest, "--help") || slices.Contains(rest, "-h") {
		return []string{args[0], "help", command.Name}, nil
	}
	p := parser{command: command, rest: append(slices.Clone(args[1:at]), args[at+1:]...)}
	for len(p.rest) > 0 {
		if err := p.next(); err != nil {
			return nil, err
		}
	}
	if p.help {
		return []string{args[0], "help", command.Name}, nil
	}
	out := append([]string{args[0], command.Name}, p.flags...)
	return append(append(out, "--"), p.arguments...), nil
}

func find(commands []*cli.Command, name string) *cli.Command {
	i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(name) })
	if i < 0 {
		return nil
	}
	return commands[i]
}

func unknownCommand(commands []*cli.Command, name string) error {
	const minSimilarity = 0.8 // of at most 1
	err := usage("", "unknown command %q", name)
	if does := otherNames[strings.ToLower(name)]; does != "" {
		err.hint = "use: histlog " + does
		return err
	}
	best := minSimilarity
	for _, c := range commands {
		if near := smetrics.JaroWinkler(c.Name, strings.ToLower(name), 0.7, 4); near > best {
			best = near
			err.hint = "did you mean " + c.Name + "? see: histlog help"
		}
	}
	return err
}

// otherNames maps names that other programs use to the command of this one.
var otherNames = map[string]string{
	"ls": "inspect DIR shows what a log holds", "list": "inspect DIR shows what a log holds", "info": "inspect DIR shows what a log holds",
	"stat": "inspect DIR shows what a log holds", "stats": "inspect DIR shows what a log holds", "du": "inspect DIR shows what a log holds",
	"show": "cat DIR SEQ prints a record; inspect DIR SEQ shows its place and parts", "get": "cat DIR SEQ prints a record",
	"read": "cat DIR prints records", "dump": "cat DIR prints records", "query": "cat DIR with --since, --until or SEQ..SEQ prints records",
	"find": "cat DIR | jq finds records", "search": "cat DIR | jq finds records", "grep": "cat DIR | grep finds records",
	"chart": "plot DIR POINTER draws numbers over time", "graph": "plot DIR POINTER draws numbers over time", "draw": "plot DIR POINTER draws numbers over time",
	"compare": "diff DIR SEQ SEQ shows what changed from one record to another", "patch": "diff --json DIR SEQ SEQ prints a JSON Patch",
	"blame": "changes DIR POINTER shows when a value changed", "history": "changes DIR POINTER shows when a value changed",
	"status": "check DIR reports whether all is well; inspect DIR shows more", "health": "check DIR reports whether all is well",
	"doctor": "check DIR reports whether all is well; verify DIR reads every byte", "fsck": "verify DIR reads every byte", "validate": "verify DIR reads every byte",
	"repair": "verify --repair DIR", "fix": "verify --repair DIR",
	"fields": "cat --fields /a,/b DIR prints values of records", "csv": "cat --csv --fields /a,/b DIR prints values of records",
	"head": "cat --to N DIR prints the first records", "first": "cat --to N DIR prints the first records", "last": "tail DIR shows the last records",
	"log": "tail DIR shows the last records", "logs": "tail DIR shows the last records", "less": "tail -n all DIR | less", "more": "tail -n all DIR | less",
	"view": "tail DIR shows records; inspect DIR shows the log", "follow": "tail -f DIR", "watch": "tail -f DIR",
	"rm": "prune DIR removes old segments; a single record can't be removed", "delete": "prune DIR removes old segments; a single record can't be removed",
	"remove": "prune DIR removes old segments; a single record can't be removed", "clean": "prune DIR removes old segments", "gc": "prune DIR removes old segments",
	"rotate": "compact and prune; segments roll by themselves", "compress": "compact DIR", "archive": "prune --archive-to OTHER DIR",
	"init": "append --create DIR makes a log", "create": "append --create DIR makes a log", "new": "append --create DIR makes a log",
	"add": "append DIR", "push": "append DIR", "write": "append DIR", "put": "append DIR", "insert": "append DIR",
	"import": "migrate SOURCE makes a log of a file", "convert": "migrate SOURCE makes a log of a file", "load": "migrate SOURCE makes a log of a file",
	"set": "config DIR KEY=VALUE", "settings": "config DIR", "backup": "help, and docs/BACKUP.md", "restore": "help, and docs/BACKUP.md",
}

// parser splits the arguments of one command.
type parser struct {
	command          *cli.Command
	rest             []string
	flags, arguments []string
	help             bool
}

func (p *parser) next() error {
	a := p.rest[0]
	p.rest = p.rest[1:]
	switch {
	case a == "--":
		p.arguments = append(p.arguments, p.rest...)
		p.rest = nil
	case strings.HasPrefix(a, "--"):
		return p.long(a)
	case len(a) > 1 && a[0] == '-':
		return p.short(a)
	default:
		p.arguments = append(p.arguments, a)
	}
	return nil
}

func (p *parser) long(a string) error {
	name, value, has := strings.Cut(a[2:], "=")
	return p.add(a, name, value, has)
}

// short parses a cluster of one-letter flags. The first flag that takes a value takes the
// rest of the cluster.
func (p *parser) short(a string) error {
	for letters := a[1:]; letters != ""; {
		name := letters[:1]
		letters = letters[1:]
		if f := p.lookup(name); f != nil && takesValue(f) {
			value := strings.TrimPrefix(letters, "=")
			return p.add("-"+name, name, value, letters != "")
		}
		if err := p.add(a, name, "", false); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) add(shown, name, value string, has bool) error {
	if slices.Contains(cli.HelpFlag.Names(), name) {
		p.help = true
		return nil
	}
	f := p.lookup(name)
	if f == nil {
		return p.unknown(shown, name)
	}
	switch {
	case !takesValue(f) && has:
		return usage(p.command.Name, "flag --%s takes no value", name)
	case !takesValue(f):
		p.flags = append(p.flags, "--"+name)
		return nil
	case !has && len(p.rest) == 0:
		return usage(p.command.Name, "flag %s needs a value", shown)
	case !has:
		value, p.rest = p.rest[0], p.rest[1:]
	}
	if value == "" && !slices.Contains(mayBeEmpty, name) {
		return usage(p.command.Name, "%s is empty", shown)
	}
	p.flags = append(p.flags, "--"+name+"="+value)
	return nil
}

// mayBeEmpty lists the flags whose value is a JSON pointer: the empty pointer is the root.
// For every other flag an empty value is most likely an unset shell variable, so it is
// rejected.
var mayBeEmpty = []string{"records", "time-field", "plot", "fields"}

func (p *parser) unknown(shown, name string) error {
	err := usage(p.command.Name, "unknown flag %s", shown)
	best := (len(name) + 1) / 3 // letters that may differ in a name that is similar
	for _, f := range p.command.Flags {
		for _, known := range f.Names() {
			if away := smetrics.WagnerFischer(known, name, 1, 1, 1); len(name) > 2 && len(known) > 2 && away <= best {
				best = away - 1
				err.hint = "did you mean --" + known + "? see: histlog help " + p.command.Name
			}
		}
	}
	return err
}

func (p *parser) lookup(name string) cli.Flag {
	for _, f := range p.command.Flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

func takesValue(f cli.Flag) bool {
	d, ok := f.(cli.DocGenerationFlag)
	return ok && d.TakesValue()
}
