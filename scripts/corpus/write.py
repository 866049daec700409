"""Writes the history as Python's libraries do: write.py LABEL OUT, by any Python from 2.7 on.

A file is written if the library is there. Each line of the output names a file, the
writer, its version and the call, for writers.tsv.
"""
from __future__ import unicode_literals
import io, json, os, platform, sys
from collections import OrderedDict

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = sys.argv[1]
VERSION = platform.python_version()
TAG = "%d%d" % sys.version_info[:2]
with io.open(os.path.join(HERE, "history.json"), encoding="utf-8") as f:
    DOCUMENT = json.load(f, object_pairs_hook=OrderedDict)
RECORDS = DOCUMENT["history"]


def emit(name, text, call, writer="Python", version=VERSION, newline="\n"):
    if isinstance(text, bytes):
        text = text.decode("utf-8")
    with io.open(os.path.join(OUT, name + ".json"), "w", encoding="utf-8", newline=newline) as f:
        f.write(text)
    print("\t".join([name + ".json", writer, version, call]))


def lines(dumps):
    return "".join(dumps(r) + "\n" for r in RECORDS)


def standard():
    """One call for each Python, so that both its styles and its versions are there."""
    name, d = "python" + TAG, DOCUMENT
    if TAG == "27":
        emit(name, json.dumps(d, indent=2), "json.dump(indent=2)")
        emit(name + "-sorted", json.dumps(RECORDS, indent=4, sort_keys=True), "json.dump(list, indent=4, sort_keys=True)")
    elif TAG == "36":
        emit(name, json.dumps(d), "json.dump()")
    elif TAG == "37":
        emit(name + "-crlf", json.dumps(d, indent=2), "json.dump(indent=2) on Windows", newline="\r\n")
    elif TAG == "38":
        emit(name, json.dumps(d, indent=4, ensure_ascii=False), "json.dump(indent=4, ensure_ascii=False)")
    elif TAG == "39":
        emit(name, json.dumps(RECORDS, indent="\t"), "json.dump(list, indent='\\t')")
    elif TAG == "310":
        emit(name, json.dumps(d, separators=(",", ":")), "json.dump(separators=(',', ':'))")
        emit(name + "-lines", lines(json.dumps), "one json.dumps() a line")
        emit(name + "-lines-crlf", lines(json.dumps), "one json.dumps() a line, on Windows", newline="\r\n")
    elif TAG == "311":
        emit(name, json.dumps(RECORDS, indent=0), "json.dump(list, indent=0)")
        emit(name + "-one", json.dumps(RECORDS[0], indent=2), "json.dump(one record, indent=2)")
        emit(name + "-appended", "[\n" + ",\n".join(map(json.dumps, RECORDS)) + "\n]\n", "one json.dumps() a line, inside [ ]")
    elif TAG == "312":
        emit(name, json.dumps(d, indent=2, separators=(", ", " : ")), "json.dump(indent=2, separators=(', ', ' : '))")
        emit(name + "-values", "".join(json.dumps(r, indent=2) + "\n" for r in RECORDS), "one json.dump(indent=2) after the other")
    elif TAG == "313":
        emit(name, json.dumps(d, indent=2, sort_keys=True) + "\n", "json.dump(indent=2, sort_keys=True)")


def libraries():
    try:
        import orjson
        emit("orjson", orjson.dumps(DOCUMENT), "dumps()", "orjson", orjson.__version__)
        emit("orjson-indent", orjson.dumps(DOCUMENT, option=orjson.OPT_INDENT_2), "dumps(OPT_INDENT_2)", "orjson", orjson.__version__)
    except ImportError:
        pass
    if not sys.executable.startswith("/usr/bin"):
        return
    try:
        import simplejson
        emit("simplejson", simplejson.dumps(DOCUMENT, indent="  "), "dump(indent='  ')", "simplejson", simplejson.__version__)
    except ImportError:
        pass
    try:
        import ujson
        emit("ujson", ujson.dumps(DOCUMENT), "dump()", "ujson", ujson.__version__)
    except ImportError:
        pass
    try:
        import rapidjson
        emit("python-rapidjson-flat", rapidjson.dumps(DOCUMENT, indent=2, write_mode=rapidjson.WM_SINGLE_LINE_ARRAY), "dump(WM_SINGLE_LINE_ARRAY)", "python-rapidjson", rapidjson.__version__)
    except ImportError:
        pass
    try:
        import pandas
        frame = pandas.DataFrame([{"timestamp": pandas.Timestamp(r["timestamp"]), "n": i, "odds": [0.5, i]} for i, r in enumerate(RECORDS)])
        for name, call in (("", {}), ("-indent", {"indent": 2, "date_format": "iso"}), ("-lines", {"lines": True})):
            shown = ", ".join("%s=%r" % kv for kv in sorted(call.items()))
            emit("pandas" + name, frame.to_json(orient="records", **call), "to_json(%s)" % ", ".join(filter(None, ["orient='records'", shown])), "pandas", pandas.__version__)
    except ImportError:
        pass


if "--libraries" in sys.argv:
    libraries()
else:
    standard()
