#!/bin/sh
# Runs every fuzz target of the repository for the given time, 10s unless given.
set -eu
cd "$(dirname "$0")/.."
time=${1:-10s}
out=$(mktemp)
trap 'rm -f "$out"' EXIT
for file in $(grep -rl --include='*_test.go' '^func Fuzz' .); do
  for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9]*\)(.*/\1/p' "$file"); do
    if go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "./$(dirname "$file")" >"$out" 2>&1; then
      echo "ok    $target in $(dirname "$file"): $(grep -o 'execs: [0-9]*' "$out" | tail -n 1)"
    elif grep -q 'context deadline exceeded' "$out" && ! grep -q 'Failing input' "$out"; then
      echo "ok    $target in $(dirname "$file"): time ran out within an input" # which go test calls a failure
    else
      cat "$out"
      exit 1
    fi
  done
done
