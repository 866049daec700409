#!/bin/sh
# Run a program for Windows under Wine: what go test -exec wants.
set -eu
export WINEPREFIX="${XDG_CACHE_HOME:-$HOME/.cache}/histlog/wine/prefix" WINEDEBUG=-all
for wine in wine64 /usr/lib/wine/wine64 wine; do
  command -v "$wine" >/dev/null && exec "$wine" "$@"
done
echo 'Wine is missing: apt-get install --no-install-recommends wine wine64 gcc-mingw-w64-x86-64-win32' >&2
exit 1
