#!/bin/sh
# The whole life of a log, on a file as the pipeline writes it. Everything stays in demo/.
set -eu
cd "$(dirname "$0")/.."
records=${RECORDS:-100}

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
run() {
  printf '$ %s\n' "$*"
  start=$(date +%s%N)
  "$@"
  end=$(date +%s%N)
  case $start$end in *N*) ;; *) printf '  (%d ms)\n' $(((end - start) / 1000000)) ;; esac
}

say 'Build, and make a step2.json as the pipeline would have written it'
go build -o bin/ ./cmd/histlog
go build -C scripts/tools -o ../../bin/ ./genhistory
PATH=$PWD/bin:$PATH
rm -rf demo && mkdir demo && cd demo
run genhistory -records "$records" -o step2.json
genhistory -records "$records" -shape batch -o batch.json
ls -l step2.json batch.json

say 'Migrate it, once'
run histlog migrate step2.json

say 'Append the next batch: durable when its number is printed'
run histlog append step2 batch.json

say 'Look'
run histlog tail -n 3 step2
run histlog inspect step2
run histlog inspect step2 "$records"

say 'Read every byte against its checksum'
run histlog verify step2

say 'Get the old file back, without the batch that came since'
run histlog export --to "$records" -o again.json step2
run cmp step2.json again.json
printf '\nagain.json is step2.json, byte for byte\n'
