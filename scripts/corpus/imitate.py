"""Writes the history in the styles of programs that cannot be installed here: imitate.py OUT.

Each style is a function of the JSON writer below: line end, indentation, and which
containers are on one line.
"""
import json, os, sys

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = sys.argv[1]
with open(os.path.join(HERE, "history.json"), encoding="utf-8") as f:
    DOCUMENT = json.load(f)
RECORDS = DOCUMENT["history"]


def emit(name, text, writer, call):
    with open(os.path.join(OUT, name + ".json"), "w", encoding="utf-8", newline="") as f:
        f.write(text)
    print("\t".join([name + ".json", writer, "imitation", call]))


def lines(value, indent="  ", colon=": ", newline="\n", level=0, empty=None, hug=False):
    """Each element on a line. empty(brackets, level) writes an empty container; hug keeps an
    array and the brackets of the objects in it on one line."""
    if not isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    brackets = "{}" if isinstance(value, dict) else "[]"
    if not value:
        return empty(brackets, newline + indent * level) if empty else brackets
    def inner(v, level):
        return lines(v, indent, colon, newline, level, empty, hug)
    if isinstance(value, list) and hug:
        return "[" + ", ".join(inner(v, level) for v in value) + "]"
    parts = [json.dumps(k) + colon + inner(v, level + 1) for k, v in value.items()] if isinstance(value, dict) else [inner(v, level + 1) for v in value]
    pad = newline + indent * (level + 1)
    return brackets[0] + pad + ("," + pad).join(parts) + newline + indent * level + brackets[1]


def powershell5(value, column=0):
    """ConvertTo-Json of Windows PowerShell 5.1: four columns right of the bracket."""
    if not isinstance(value, (dict, list)):
        return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").replace("'", "\\u0027")
    brackets = "{}" if isinstance(value, dict) else "[]"
    pad = "\r\n" + " " * (column + 4)
    if not value:
        return brackets[0] + "\r\n\r\n" + " " * column + brackets[1]
    if isinstance(value, dict):
        parts = ['"%s":  ' % k + powershell5(v, column + 4 + len(k) + 5) for k, v in value.items()]
    else:
        parts = [powershell5(v, column + 4) for v in value]
    return brackets[0] + pad + ("," + pad).join(parts) + "\r\n" + " " * column + brackets[1]


emit("powershell-51", "\ufeff" + powershell5(DOCUMENT) + "\r\n", "PowerShell 5.1", "ConvertTo-Json | Out-File -Encoding utf8")
emit("powershell-7", lines(DOCUMENT, newline="\r\n") + "\r\n", "PowerShell 7", "ConvertTo-Json | Out-File")
emit("dotnet", lines(RECORDS, newline="\r\n"), ".NET, System.Text.Json", "WriteIndented = true, on Windows")
emit("dotnet-lines", "".join(json.dumps(r, separators=(",", ":")) + "\r\n" for r in RECORDS), ".NET, System.Text.Json", "AppendAllText(json + Environment.NewLine)")
emit("swift", lines(DOCUMENT, colon=" : ", empty=lambda b, line: b[0] + "\n" + line + b[1]), "Swift, JSONEncoder", ".prettyPrinted")
emit("ruby-1", lines(DOCUMENT, empty=lambda b, line: "[\n" + line + "]" if b == "[]" else b), "Ruby, json before 2.2", "JSON.pretty_generate(o)")
emit("takeout", lines({"locations": RECORDS}, hug=True), "Google Takeout", "Records.json")
emit("spotify", lines(RECORDS), "Spotify", "Streaming_History_Audio_*.json")
emit("telegram", lines({"name": "corpus", "type": "personal_chat", "id": 1, "messages": [{"id": i, "type": "message", "date": r["timestamp"][:19], "text": "hello", "text_entities": [{"type": "plain", "text": "hello"}], "reactions": []} for i, r in enumerate(RECORDS)]}, indent=" "), "Telegram Desktop", "result.json")
emit("slack", lines([{"type": "message", "ts": "17484336%02d.000200" % i, "text": "see https://example.com", "edited": {"user": "U1"}} for i in range(10)], indent="    ").replace("/", "\\/"), "Slack", "export, a day of a channel")
emit("mongoexport-array", "[" + ",\n".join(json.dumps(dict(r, timestamp={"$date": r["timestamp"]}), separators=(",", ":"), ensure_ascii=False) for r in RECORDS) + "]\n", "mongoexport", "--jsonArray")
emit("mongoexport-pretty", "".join(lines(r, indent="\t") + "\n" for r in RECORDS), "mongoexport", "--pretty")
emit("home-assistant", lines({"version": 1, "minor_version": 1, "key": "corpus", "data": {"history": RECORDS}}, indent="  "), "Home Assistant", ".storage")
emit("element-a-line", "[\n" + ",\n".join(json.dumps(r) for r in RECORDS) + "\n]\n", "many scripts", "one record a line, inside [ ]")
emit("shell-append", "".join('{"timestamp": "%s", "n": %d}\n' % (r["timestamp"], i) for i, r in enumerate(RECORDS)), "sh", "printf ... >> file")
emit("shell-comma-first", "[ " + "\n, ".join(json.dumps(r) for r in RECORDS) + "\n]\n", "sh, SQL", "comma first")
