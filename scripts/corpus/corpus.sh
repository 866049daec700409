#!/bin/sh
# Writes migrate/testdata/corpus again: the history of history.json, or one like it, as each
# program that is installed here writes it. What is missing is installed if apt-get, npm or
# go can, else skipped; its files stay. Prints what has changed.
set -eu
cd "$(dirname "$0")"
here=$PWD
corpus=$here/../../migrate/testdata/corpus
cache=${XDG_CACHE_HOME:-$HOME/.cache}/histlog/corpus
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
mkdir -p "$cache" "$out/files"
files=$out/files
source=$here/history.json

has() { command -v "$1" >/dev/null; }
skip() { echo "skipped: $*" >&2; }
# try COMMAND...: its lines go to the table; it may be missing or fail.
try() { "$@" >>"$out/rows" 2>>"$out/log" || skip "$*"; }
# row FILE WRITER VERSION CALL
row() { printf '%s\t%s\t%s\t%s\n' "$@" >>"$out/rows"; }
debian() { dpkg-query -W -f '${Version}' "$1" 2>/dev/null | sed 's/^[0-9]*://; s/[-+~].*//'; }

if has apt-get; then
  # For each package alone: one that is missing must not keep out the others.
  for package in ruby php-cli libjson-xs-perl libjackson2-databind-java libgoogle-gson-java default-jdk-headless \
    python3 python3-simplejson python3-ujson python3-rapidjson python3-pandas lua5.4 lua-cjson lua-dkjson tcllib \
    gcc g++ pkg-config libjansson-dev libjson-c-dev libcjson-dev nlohmann-json3-dev rapidjson-dev libjsoncpp-dev libjson-glib-dev \
    jq yajl-tools miller jo gron sqlite3 postgresql r-cran-jsonlite guile-3.0 guile-json swi-prolog-nox mono-mcs mono-runtime \
    libnewtonsoft-json5.0-cil; do
    dpkg-query -W "$package" >/dev/null 2>&1 || apt-get -qq install -y --no-install-recommends "$package" >/dev/null 2>&1 || skip "$package"
  done
fi
if has npm; then
  npm install --silent --no-audit --no-fund --prefix "$cache" prettier json-stringify-pretty-compact json-bigint \
    jsonfile fracturedjsonjs js-beautify bson @seald-io/nedb lowdb pino @duckdb/node-api >/dev/null 2>&1 || skip 'packages of npm'
fi

# Python
for python in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/python; do
  [ -x "$python" ] || continue
  try "$python" write.py "$files"
  try "$python" write.py "$files" --libraries
done
[ -x /usr/bin/python3 ] && try /usr/bin/python3 write.py "$files" --libraries
if has python3; then
  version=$(python3 -c 'import platform; print(platform.python_version())')
  python3 -m json.tool "$source" >"$files/json-tool.json" && row json-tool.json 'Python, json.tool' "$version" 'json.tool'
  python3 -m json.tool --no-indent "$source" >"$files/json-tool-flat.json" && row json-tool-flat.json 'Python, json.tool' "$version" 'json.tool --no-indent'
fi

# Other languages
if has node; then NODE_PATH=$cache/node_modules try node write.mjs "$files"; fi
if has go; then
  try go run write.go "$files" "$source"
  GOEXPERIMENT=jsonv2 try go run write.go "$files" "$source"
fi
has ruby && try ruby write.rb "$files"
has php && try php write.php "$files"
has perl && try perl write.pl "$files"
has java && try java -cp '/usr/share/java/*' Write.java "$files" "$source" "$(debian libgoogle-gson-java)"
if has cc && has pkg-config; then
  for library in 'write jansson libcjson' 'write_json_c json-c' 'write_json_glib json-glib-1.0'; do
    set -- $library
    program=$1
    shift
    # shellcheck disable=SC2046
    try cc -o "$out/$program" "$program.c" $(pkg-config --cflags --libs "$@") && try "$out/$program" "$files" "$source"
  done
  try c++ -w -o "$out/cc" write.cc -I/usr/include/jsoncpp -ljsoncpp && try "$out/cc" "$files" "$source"
fi
has lua5.4 && try lua5.4 write.lua "$files" "$source"
has tclsh && try tclsh write.tcl "$files"
has Rscript && try Rscript write.R "$files" "$source"
has guile && try guile --no-auto-compile write_guile.scm "$files" "$source"
has swipl && try swipl write.pro "$files" "$source"
if has mcs; then
  library=$(find /usr/lib/mono/gac/Newtonsoft.Json -name Newtonsoft.Json.dll | head -n 1)
  try mcs "-r:$library" "-out:$out/write.exe" Write.cs && MONO_PATH=$(dirname "$library") try mono "$out/write.exe" "$files" "$source"
fi

# Tools
if has jq; then
  version=$(jq --version | sed 's/jq-//')
  jq . "$source" >"$files/jq.json" && row jq.json jq "$version" 'jq .'
  jq --tab .history "$source" >"$files/jq-tab.json" && row jq-tab.json jq "$version" 'jq --tab .history'
  jq -S --indent 1 . "$source" >"$files/jq-1.json" && row jq-1.json jq "$version" 'jq -S --indent 1 .'
  jq -c '.history[]' "$source" >"$files/jq-lines.json" && row jq-lines.json jq "$version" "jq -c '.history[]'"
  jq '.history[]' "$source" >"$files/jq-values.json" && row jq-values.json jq "$version" "jq '.history[]'"
  jq '.history[1]' "$source" >"$files/jq-one.json" && row jq-one.json jq "$version" "jq '.history[1]'"
  { echo '['; jq -c '.history[]' "$source" | sed '$!s/$/,/'; echo ']'; } >"$files/shell-sed.json" && row shell-sed.json 'sh, sed' - "sed '\$!s/\$/,/', inside [ ]"
fi
if has jo; then
  i=1
  while [ $i -le 10 ]; do jo timestamp="$(printf '2025-05-28T12:00:%02dZ' $i)" n=$i odds="$(jo -a 0.5 $i)"; i=$((i + 1)); done >"$files/jo-lines.json"
  row jo-lines.json jo "$(debian jo)" 'one jo a line, >>'
  jo -p name=corpus history="$(jq -c .history "$source")" >"$files/jo-pretty.json" && row jo-pretty.json jo "$(debian jo)" 'jo -p'
fi
has gron && gron "$source" | gron --ungron >"$files/gron.json" && row gron.json gron "$(debian gron)" 'gron --ungron'
has json_reformat && json_reformat <"$source" >"$files/yajl.json" && row yajl.json 'YAJL, json_reformat' "$(debian yajl-tools)" 'json_reformat'
if has mlr; then
  jq -c '.history[]' "$source" >"$out/lines.json"
  mlr --ijsonl --ojson cat "$out/lines.json" >"$files/miller.json" && row miller.json Miller "$(debian miller)" 'mlr --ojson'
  mlr --ijsonl --ojsonl cat "$out/lines.json" >"$files/miller-lines.json" && row miller-lines.json Miller "$(debian miller)" 'mlr --ojsonl'
fi
# gotool FILE WRITER MODULE@VERSION ARGUMENT...: a tool written in Go, on the history.
gotool() {
  file=$1 writer=$2 module=$3
  shift 3
  has go && GOFLAGS=-mod=mod GOBIN=$cache/bin go install "$module" 2>>"$out/log" || { skip "$module"; return; }
  tool=$(basename "$(echo "${module%@*}" | sed 's|/v[0-9]*$||')")
  "$cache/bin/$tool" "$@" "$source" >"$files/$file" && row "$file" "$writer" "${module#*@v}" "$tool $*"
}
gotool gojq.json gojq github.com/itchyny/gojq/cmd/gojq@v0.12.17 .
gotool yq.json 'yq (Go)' github.com/mikefarah/yq/v4@v4.44.3 -p json -o json .

# Databases
if has sqlite3; then
  version=$(sqlite3 --version | cut -d ' ' -f 1)
  rows="with recursive n(i) as (select 1 union all select i + 1 from n where i < 10), history as (select printf('2025-05-28T12:00:%02dZ', i) timestamp, i n, json_array(0.5, i) odds, null as meta from n)"
  sqlite3 -json :memory: "$rows select * from history" >"$files/sqlite.json" && row sqlite.json sqlite3 "$version" 'sqlite3 -json'
  sqlite3 :memory: "$rows select json_object('history', json_group_array(json_object('timestamp', timestamp, 'n', n, 'odds', json(odds)))) from history" >"$files/sqlite-function.json" &&
    row sqlite-function.json sqlite3 "$version" 'json_group_array()'
fi
if [ -d "$cache/node_modules/@duckdb/node-api" ]; then
  NODE_PATH=$cache/node_modules try node write_duckdb.cjs "$files"
fi
bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
if [ -n "$bin" ]; then
  # A server of its own, on a socket in a directory of its own, which ends with this block.
  mkdir "$out/pg" && chmod 755 "$out" && chmod 777 "$out/pg" "$files"
  as() { if [ "$(id -u)" = 0 ]; then su postgres -s /bin/sh -c "$1"; else sh -c "$1"; fi; }
  as "$bin/initdb -D $out/pg/data -E UTF8 --locale C" >>"$out/log" 2>&1 &&
    as "$bin/pg_ctl -D $out/pg/data -w -o \"-k $out/pg -c listen_addresses=''\" start" >>"$out/log" 2>&1 &&
    as "$bin/psql -q -h $out/pg -v out=$files postgres" <write.sql >>"$out/log" 2>&1 && {
    version=$("$bin/postgres" --version | sed 's/.*) //; s/ .*//')
    row postgresql.json PostgreSQL "$version" 'json_agg()'
    row postgresql-jsonb.json PostgreSQL "$version" 'jsonb_pretty()'
    row postgresql-lines.json PostgreSQL "$version" 'row_to_json(), a row each'
  }
  as "$bin/pg_ctl -D $out/pg/data -m immediate stop" >>"$out/log" 2>&1 || skip PostgreSQL
fi

# Imitations of programs that cannot be installed here.
has python3 && try python3 imitate.py "$files"

# Files of programs that are missing stay as they are.
cut -f 1 "$out/rows" | sort >"$out/made"
cp -R "$corpus/." "$out/before"
LC_ALL=C sort -t '	' -k 2,2 -k 1,1 -u "$out/rows" >"$out/writers.tsv"
touch "$corpus/writers.tsv"
cut -f 1 "$corpus/writers.tsv" | grep -v -F -x -f "$out/made" | while read -r kept; do skip "$kept stays as it was"; done
awk -F '\t' 'NR == FNR { made[$1]; print; next } !($1 in made)' "$out/writers.tsv" "$corpus/writers.tsv" |
  LC_ALL=C sort -t '	' -k 2,2 -k 1,1 >"$out/all.tsv"
while IFS='	' read -r file _; do
  if [ -e "$files/$file" ]; then cp "$files/$file" "$corpus/$file"; fi
done <"$out/all.tsv"
cp "$out/all.tsv" "$corpus/writers.tsv"
chmod 644 "$corpus"/*
diff -rq "$out/before" "$corpus" || true
echo "$(wc -l <"$corpus/writers.tsv") files, $(du -sb "$corpus" | cut -f 1) bytes; go test ./migrate -run Corpus compares them"
