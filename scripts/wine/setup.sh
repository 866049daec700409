#!/bin/sh
# Prepare Wine for programs in Go: a prefix, the DLL that Go's runtime needs, and an overlay of
# one file of Go's library for the tests. Prints the directory that holds them.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/histlog/wine
wine=$("$here/exec.sh" --version)
mkdir -p "$cache"

# Another version of Wine gets another prefix, which it would have to update otherwise.
if [ "$(cat "$cache/version" 2>/dev/null)" != "$wine" ]; then
  rm -rf "$cache/prefix"
  "$here/exec.sh" wineboot -i >&2
  x86_64-w64-mingw32-gcc -shared -o "$cache/prefix/drive_c/windows/system32/bcryptprimitives.dll" "$here/processprng.c" -ladvapi32
  echo "$wine" >"$cache/version"
fi

# os.RemoveAll, which ends each test, fails in Wine 8: it answers STATUS_NOT_IMPLEMENTED
# (0xC0000002) where Windows before 10 answers that it does not know the call, and Go then
# uses the older call. histlog itself does not use os.RemoveAll.
file=$(go env GOROOT)/src/internal/syscall/windows/at_windows.go
sed 's/case STATUS_INVALID_INFO_CLASS,/case NTStatus(0xC0000002), STATUS_INVALID_INFO_CLASS,/' "$file" >"$cache/at_windows.go"
printf '{"Replace":{"%s":"%s"}}\n' "$file" "$cache/at_windows.go" >"$cache/overlay.json"
echo "$cache"
