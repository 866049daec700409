#!/bin/sh
# Runs every fuzz target of the repository for the given time, 10s unless given,
# two at once, each on one core.
set -eu

one() { # TIME TARGET DIR
  out=$(mktemp)
  trap 'rm -f "$out"' EXIT
  if go test -run '^$' -fuzz "^$2\$" -fuzztime "$1" -fuzzminimizetime 20x -parallel 1 "$3" >"$out" 2>&1; then
    echo "ok    $2 in $3: $(grep -o 'execs: [0-9]*' "$out" | tail -n 1)"
  elif grep -q 'context deadline exceeded' "$out" && ! grep -q 'Failing input' "$out"; then
    echo "ok    $2 in $3: time ran out within an input" # which go test calls a failure
  else
    cat "$out"
    exit 1
  fi
}

if [ $# = 3 ]; then
  one "$@"
  exit
fi
cd "$(dirname "$0")/.."
for file in $(grep -rl --include='*_test.go' '^func Fuzz' .); do
  sed -n "s|^func \(Fuzz[A-Za-z0-9]*\)(.*|\1 $(dirname "$file")|p" "$file"
done | xargs -P 2 -n 2 sh scripts/fuzz.sh "${1:-10s}"
