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

# screen starts histlog in a terminal, of which its input is the keyboard, and writes to $log what
# the terminal shows. The shell in the terminal survives a Ctrl-C, and expect judges what is shown.
screen() {
  (cd "$tmpfs" && SHELL=/bin/sh timeout 100 script -qfc "trap : INT; $wine histlog.exe $*; echo exit code \$?" "$log" >/dev/null) ||
    echo "script(1) ended with $?" >>"$log"
}

# press presses Ctrl-C once the screen shows a pattern: only then has Wine taken over the terminal,
# and Ctrl-C is a key rather than a signal. Without the pattern it presses after a minute.
press() {
  for _ in $(seq 300); do
    ! grep -q "$1" "$log" || break
    sleep 0.2
  done
  printf '\003'
  sleep 1
}

expect() { # a pattern, and what it proves
  if grep -q "$1" "$log"; then echo "--- PASS: $2"; else failed=1; echo "--- FAIL: $2"; cat "$log"; fi
}

run './internal/vfs ./internal/outfile ./internal/eventlog ./internal/feed' .
run ./segment '^Test(Golden|ManyTurns|LockContent|Publish|RestampAgain|RestampField|SnapshotRefused)'
run ./reader '^Test(RetiredWhileRead|RemovedWhileRead|Replaced|ReadersRaceRolls)$'
run ./cmd/histlog '^Test(Windows.*|Crash|ProcessesRace|OneWriter|Turns|Scripts)$/^(windows|[0-9]+)?$'

GOOS=windows GOARCH=amd64 go build -o "$tmpfs/histlog.exe" ./cmd/histlog
echo '{"n":1}' | "$wine" "$tmpfs/histlog.exe" append --create "$tmpfs/log" >"$log" 2>&1 || true
expect '^1' 'append prints the number of the record'
scripts/wine/python.sh "$tmpfs" >"$log" 2>&1 || true
sed -n 's/^\(test_.*\) \.\.\. skipped \(.*\)/--- SKIP: \1: \2/p; s/^Ran /python: &/p' "$log"
expect '^OK' 'the tests of the Python client, by Python for Windows'
if command -v script >/dev/null; then
  : >"$log"
  press 'waiting [0-9]' | screen tail -f log
  expect 'waiting [0-9]' 'tail -f shows its waiting time'
  expect 'exit code 58' 'Ctrl-C ends it with STATUS_CONTROL_C_EXIT (0xC000013A)'
  screen inspect log </dev/null
  expect '1;32mOK' 'inspect has colour'
else
  echo '--- SKIP: script(1) is missing; install the package bsdutils'
fi
exit $failed
