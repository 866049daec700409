#!/bin/sh
# Run the tests that make sense on Windows under Wine, and list which passed and which were
# skipped. docs/PLATFORMS.md says what they prove.
set -eu
cd "$(dirname "$0")/../.."
cache=$(scripts/wine/setup.sh)
wine=$PWD/scripts/wine/exec.sh
log=$(mktemp)

# The tests sync much; a tmpfs makes them fast.
temp=$cache/prefix/drive_c/users/$(id -un)/Temp
rm -rf "$temp"
tmpfs=$(mktemp -d /dev/shm/histlog-wine-XXXXXX 2>/dev/null || mktemp -d)
trap 'rm -rf "$tmpfs" "$temp" "$log"' EXIT
ln -s "$tmpfs" "$temp"

failed=0
run() { # packages, and a pattern of the names of their tests
  if ! GOOS=windows GOARCH=amd64 go test -overlay "$cache/overlay.json" -exec "$wine" -count=1 -timeout 10m -v -run "$2" $1 >"$log" 2>&1; then
    failed=1
    cat "$log"
  fi
  sed -n '/^ *--- [A-Z]*: /p; /^ok/p; /_test\.go:[0-9]*: skipped: /p' "$log"
}

# press starts a command in a terminal, presses Ctrl-C after a while, and prints the screen.
press() { (sleep 5 && printf '\003' && sleep 1) | script -qec "$wine $*; echo exit code \$?" /dev/null; }

expect() { # a pattern, and what it proves
  if grep -q "$1" "$log"; then echo "--- PASS: console: $2"; else failed=1; echo "--- FAIL: console: $2"; cat "$log"; fi
}

run './internal/vfs ./internal/outfile ./internal/eventlog ./internal/feed' .
run ./segment '^Test(Golden|ManyTurns|LockContent|Publish|RestampAgain|RestampField|SnapshotRefused)'
run ./reader '^Test(RetiredWhileRead|RemovedWhileRead|Replaced|ReadersRaceRolls)$'
run ./cmd/histlog '^Test(Windows.*|Crash|ProcessesRace|OneWriter|Turns|Scripts)$/^(windows|[0-9]+)?$'

GOOS=windows GOARCH=amd64 go build -o "$tmpfs/histlog.exe" ./cmd/histlog
(cd "$tmpfs" && echo '{"n":1}' | "$wine" histlog.exe append --create log)
if command -v script >/dev/null; then
  (cd "$tmpfs" && press histlog.exe tail -f log) >"$log"
  expect 'waiting 1s' 'tail -f shows its waiting time'
  expect 'exit code 58' 'Ctrl-C ends it with STATUS_CONTROL_C_EXIT (0xC000013A)'
  (cd "$tmpfs" && script -qec "$wine histlog.exe inspect log" /dev/null) >"$log"
  expect '1;32mOK' 'inspect has colour'
else
  echo '--- SKIP: console: script(1) is missing; install the package bsdutils'
fi
exit $failed
