#!/bin/sh
# Writes a month of batches, one in three minutes, into a log, and draws what it
# takes on disk in docs/month.svg. KEEP names a directory to keep the log in.
set -eu
cd "$(dirname "$0")/.."
go build -o bin/ ./cmd/histlog
go build -C scripts/tools -o ../../bin/ ./genhistory ./month
log=${KEEP:-bench-month}
trap '[ -n "${KEEP:-}" ] || rm -rf "$log"' EXIT
bin/genhistory -records "${RECORDS:-14400}" -shape ndjson | bin/month -log "$log" -chart docs/month.svg
bin/histlog verify "$log"
bin/histlog inspect "$log"
