#!/bin/sh
# Measures: a migration beside other programs, and the scanner alone. SOURCE names
# the file to migrate, else one is made; SLOW=1 measures the slow ones too.
set -eu
cd "$(dirname "$0")/.."
go build -o bin/ ./scripts/bench
bin/bench ${SOURCE:+-source "$SOURCE"} ${SLOW:+-slow} ${BENCH:-}
go test -run '^$' -bench Value ./internal/jsonscan
