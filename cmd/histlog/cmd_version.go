package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// version is set by the build: -ldflags "-X main.version=v1.2.3".
var version = ""

// protocol is the number of the protocol between histlog and scripts/python/histlog.py. It is
// raised with each flag, and each member of JSON, that the client needs: the client reports a
// program with a smaller number as too old.
const protocol = 2

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
				return term.PrintJSON(c.App.Writer, map[string]any{"version": versionText(), "format": segment.Version, "protocol": protocol, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH})
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
