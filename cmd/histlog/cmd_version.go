package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// version is set by the build: -ldflags "-X main.version=v1.2.3".
var version = ""

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "show the version",
		Flags: []cli.Flag{jsonFlag()},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usage("version", "want no arguments")
			}
			if c.Bool("json") {
				return printJSON(c.App.Writer, map[string]any{"version": versionText(), "format": segment.Version, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH})
			}
			_, err := fmt.Fprintf(c.App.Writer, "histlog %s, format %d, %s %s/%s\n", versionText(), segment.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

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

func jsonFlag() cli.Flag {
	return &cli.BoolFlag{Name: "json", Usage: "print JSON"}
}
