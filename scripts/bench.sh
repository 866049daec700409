#!/bin/sh
# Measures: a migration beside other programs, what an operator asks of a month's log,
# and the scanner alone. SOURCE names the file to migrate, MONTH the log, else they are
# made, the log once in bench-operate; SLOW=1 measures the slow ones too.
set -eu
cd "$(dirname "$0")/.."
go build -C scripts/bench -o ../../bin/ .
bin/bench ${SOURCE:+-source "$SOURCE"} ${SLOW:+-slow} ${BENCH:-}
go test -run '^$' -bench Value ./internal/jsonscan
