#!/bin/sh
# Run the tests of the Python client with Python for Windows under Wine. The argument is the
# directory of histlog.exe. The Python is that of a Go module, because only modules, and
# packages of Debian and npm, can be had wherever the tests run.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/histlog/wine
# Wine 8 lacks functions that Python 3.12 and later call.
module=github.com/kluctl/go-embed-python@v0.0.0-3.11.11-20241219-1

python=$cache/python-${module#*@}
if [ ! -d "$python" ]; then
  source=$(cd / && go mod download -json "$module" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  rm -rf "$python.new"
  cp -r "$source/python/internal/data/windows-amd64" "$python.new"
  chmod -R u+w "$python.new"
  find "$python.new" -name '*.gz' -exec gunzip {} +
  mv "$python.new" "$python"
fi

cd "$here/../python"
# Output through a pipe: Python under Wine wants one, or a console.
HISTLOG_BIN="Z:$1/histlog.exe" "$here/exec.sh" "$python/python.exe" -B -m unittest -v test_histlog test_reading.Items test_reading.Fields test_spool.ExactlyOnce </dev/null 2>&1 | cat
