package main

import (
	"io"

	"github.com/urfave/cli/v2"
)

func helpCommand() *cli.Command {
	return &cli.Command{
		Name:      "help",
		Usage:     "show the commands, or one command's flags",
		ArgsUsage: "[COMMAND]",
		Flags:     []cli.Flag{&cli.BoolFlag{Name: "man", Usage: "print the manual page histlog(1) instead"}},
		Action: func(c *cli.Context) error {
			switch {
			case c.Bool("man"):
				page, err := manPage(c.App)
				if err == nil {
					_, err = io.WriteString(c.App.Writer, page)
				}
				return err
			case c.NArg() == 0:
				return cli.ShowAppHelp(c)
			case c.NArg() > 1:
				return usage("", "want one command, not %d", c.NArg())
			case find(c.App.Commands, c.Args().First()) == nil:
				return unknownCommand(c.App.Commands, c.Args().First())
			}
			return cli.ShowCommandHelp(c, c.Args().First())
		},
	}
}
