#!/bin/sh
# Runs every fuzz target of the repository for the given time, 10s unless given.
set -eu
cd "$(dirname "$0")/.."
time=${1:-10s}
for file in $(grep -rl --include='*_test.go' '^func Fuzz' .); do
  for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9]*\)(.*/\1/p' "$file"); do
    echo "$target in $(dirname "$file")"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "./$(dirname "$file")" | grep -E '^(ok|FAIL|---|panic)' || exit 1
  done
done
