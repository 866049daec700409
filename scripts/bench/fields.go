//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/histlog/histlog/internal/genhistory"
)

// duckDB is a program for node: it reads two members of each record of the log that it is
// given. NODE_PATH names the directory of @duckdb/node-api.
const duckDB = `
const { DuckDBInstance } = require("@duckdb/node-api");
(async () => {
  const duck = await (await DuckDBInstance.create()).connect();
  await duck.run("copy (select * from read_json('" + process.argv[1] + "/*.ndjson*', format = 'newline_delimited', maximum_object_size = 268435456," +
    " columns = {timestamp: 'VARCHAR', total_matches: 'INTEGER'})) to '" + process.argv[2] + "'");
})();`

// twoFields take two values of each record; the first one is compared with the others.
var twoFields = []contestant{
	{"histlog cat --fields, 2 pointers", "", shell(`"$HISTLOG" cat --fields /timestamp,/total_matches "$LOG" > "$DIR/out"`), false},
	{"histlog verify", "", []string{"$HISTLOG", "verify", "$LOG"}, false},
	{"DuckDB, columns given", "node", []string{"node", "-e", duckDB, "$LOG", "$DIR/out"}, false},
	{"jq -c {timestamp, total_matches}", "jq", shell(`"$HISTLOG" cat "$LOG" | jq -c '{timestamp, total_matches}' > "$DIR/out"`), false},
}

// eightFields take eight values of each match of each record.
var eightFields = []contestant{
	{"histlog cat --fields, 8 pointers", "", shell(`"$HISTLOG" cat --fields '/matches/*/match_id,id=/matches/*/status/id,/matches/*/status/match_time,/matches/*/teams/home,/matches/*/teams/away,/matches/*/neutral,/matches/*/start_time,/matches/*/fetched_at' "$LOG" > "$DIR/out"`), false},
	{"jq -c '.matches[] | {match_id, …}'", "jq", shell(`"$HISTLOG" cat "$LOG" | jq -c '.matches[] | {match_id, id: .status.id, match_time: .status.match_time, home: .teams.home, away: .teams.away, neutral, start_time, fetched_at}' > "$DIR/out"`), false},
}

// benchFields takes values out of the records of a log, plain and compressed.
func benchFields(source string, rounds int) (err error) {
	work, clear, err := workplace()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clear()) }()
	if source == "" {
		source = filepath.Join(work, "step2.json")
		if err := makeSource(source, genhistory.Options{Records: 200, BatchBytes: 1_880_000, Seed: 1}); err != nil {
			return err
		}
	}
	log := filepath.Join(work, "log")
	os.Setenv("LOG", log)
	histlog := func(args ...string) error {
		out, err := exec.Command(os.Getenv("HISTLOG"), args...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("histlog %v: %w\n%s", args, err, out)
		}
		return nil
	}
	if err := histlog("migrate", source, log); err != nil {
		return err
	}
	for _, state := range []string{"plain", "compressed"} {
		if state == "compressed" {
			if err := histlog("compact", "--seal", "--older-than", "0s", log); err != nil {
				return err
			}
		}
		for _, contestants := range [][]contestant{twoFields, eightFields} {
			if err := compareFields(state, contestants, rounds); err != nil {
				return err
			}
		}
	}
	return nil
}

// compareFields prints how long each contestant takes, and how often the first one would
// have finished in that time.
func compareFields(state string, contestants []contestant, rounds int) error {
	times, err := contest(contestants, rounds, false)
	if err != nil {
		return err
	}
	fmt.Printf("\nvalues of a log, %s, from the page cache; medians\n\n%8s  %6s\n", state, "seconds", "ratio")
	for _, c := range contestants {
		if t, ran := times[c.name]; ran {
			fmt.Printf("%8.3f  %6.2f  %s\n", t.Seconds(), t.Seconds()/times[contestants[0].name].Seconds(), c.name)
		}
	}
	return nil
}
