package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

func completionCommand() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print the completion script of a shell",
		ArgsUsage: "bash|zsh|fish",
		Description: `   histlog completion bash > ~/.local/share/bash-completion/completions/histlog
   histlog completion zsh > ~/.zfunc/_histlog
   histlog completion fish > ~/.config/fish/completions/histlog.fish`,
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return usage("completion", "want one argument: bash, zsh or fish")
			}
			var script string
			var err error
			switch c.Args().First() {
			case "bash":
				script = bashScript(c.App)
			case "zsh":
				script = zshScript(c.App)
			case "fish":
				script, err = c.App.ToFishCompletion()
				script = strings.ReplaceAll(script, "`", "") // they mark the value of a flag in the help
			default:
				return usage("completion", "%q is not a shell: want bash, zsh or fish", c.Args().First())
			}
			if err == nil {
				_, err = fmt.Fprint(c.App.Writer, script)
			}
			return err
		},
	}
}

// bashScript completes commands, the flags of each command, and file names. compgen
// prints one file name a line; word splitting would break names with blanks. Bash 3
// has neither mapfile nor compopt, so read reads the lines.
func bashScript(app *cli.App) string {
	var names []string
	var cases strings.Builder
	for _, c := range app.Commands {
		names = append(names, c.Name)
		fmt.Fprintf(&cases, "    %s) words=%q ;;\n", c.Name, strings.Join(flagWords(c), " "))
	}
	return fmt.Sprintf(`_histlog() {
  local current=${COMP_WORDS[COMP_CWORD]} words name
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W %q -- "$current"))
    return
  fi
  case ${COMP_WORDS[1]} in
%s    *) words= ;;
  esac
  case $current in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *)
      while IFS= read -r name; do
        COMPREPLY+=("$name")
      done < <(compgen -f -- "$current")
      ;;
  esac
}
complete -o filenames -F _histlog histlog
`, strings.Join(names, " "), cases.String())
}

// zshScript is bashScript for zsh.
func zshScript(app *cli.App) string {
	var names, cases strings.Builder
	for _, c := range app.Commands {
		fmt.Fprintf(&names, "    %s\n", zshWord(c.Name, c.Usage))
		fmt.Fprintf(&cases, "    %s) _arguments", c.Name)
		for _, f := range c.Flags {
			for _, name := range f.Names() {
				value := ""
				if takesValue(f) {
					value = ":value:" + zshValues(f)
				}
				fmt.Fprintf(&cases, " '%s[%s]%s'", dashed(name), zshEscape(f.(cli.DocGenerationFlag).GetUsage()), value)
			}
		}
		cases.WriteString(" '*:file:_files' ;;\n")
	}
	return fmt.Sprintf(`#compdef histlog
_histlog() {
  local -a commands=(
%s  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words; (( CURRENT-- ))
  case $command in
%s  esac
}
_histlog "$@"
`, names.String(), cases.String())
}

// zshValues returns the completion of the value of a flag.
func zshValues(f cli.Flag) string {
	if s, ok := f.(*cli.StringFlag); ok && s.TakesFile {
		return "_files"
	}
	return ""
}

func zshWord(name, text string) string { return "'" + name + ":" + zshEscape(text) + "'" }

var zshEscaper = strings.NewReplacer("'", `'\''`, "[", `\[`, "]", `\]`, ":", `\:`, "`", "")

func zshEscape(s string) string { return zshEscaper.Replace(s) }

func flagWords(c *cli.Command) (words []string) {
	for _, f := range c.Flags {
		for _, name := range f.Names() {
			words = append(words, dashed(name))
		}
	}
	return words
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}
