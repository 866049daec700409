package main

import (
	"strings"

	"github.com/urfave/cli/v2"
)

// manPage returns the manual page histlog(1).
func manPage(app *cli.App) (string, error) {
	for _, c := range app.Commands {
		usage := strings.TrimSpace("histlog " + c.Name + " [FLAGS] " + c.ArgsUsage)
		c.UsageText = usage + "\n\n" + strings.Trim(c.Description, "\n")
	}
	app.Description = manNotes
	return app.ToManWithSection(1)
}

const manNotes = `A log is a directory of NDJSON segments, which any tool reads. A record that was
acknowledged is on disk, unless sync=none was chosen. The memory of a command does not grow with the log.

Flags may be anywhere, before or after DIR. Sizes are 64M and 64MiB, of 1024, or 64MB, of 1000;
durations are 90s, 24h, 30d. Times are -3h, 3h ago, today, yesterday, 07:15, 2025-05-30,
2025-05-30 07:15:35, RFC 3339 or @unix; without a zone they are meant in that of TZ.

# EXIT STATUS

**0** ok, **1** failure, **2** usage, **3** the log is damaged or the result incomplete, **4** locked by another
writer, **5** no room on disk or in memory, **6** input rejected, **7** no log at DIR. Of **check**: **0** ok,
**1** warning, **2** critical, **3** unknown.

# ENVIRONMENT

**HISTLOG_MEMORY** is the default of --memory, and **HISTLOG_PROGRESS** the default of --progress.
**TZ** is the zone in which times are read and shown. **NO_COLOR** keeps colours away.

# USAGE
`
