// Writes the history as Json.NET does: mono write.exe OUT HISTORY.
using System;
using System.IO;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

class Write {
    static string Text(JToken token, Action<JsonTextWriter> style, string newLine) {
        var text = new StringWriter { NewLine = newLine };
        var writer = new JsonTextWriter(text) { Formatting = Formatting.Indented };
        style(writer);
        token.WriteTo(writer);
        writer.Flush();
        return text.ToString();
    }

    static void Emit(string dir, string name, string text, string call) {
        File.WriteAllText(Path.Combine(dir, name + ".json"), text);
        var version = typeof(JToken).Assembly.GetName().Version;
        Console.WriteLine(string.Join("\t", name + ".json", "Json.NET", version, call));
    }

    static void Main(string[] args) {
        var reader = new JsonTextReader(File.OpenText(args[1])) { DateParseHandling = DateParseHandling.None };
        var doc = JToken.ReadFrom(reader);
        Emit(args[0], "json-net", Text(doc, w => { }, "\r\n"), "Formatting.Indented, on Windows");
        Emit(args[0], "json-net-tabs", Text(doc["history"], w => { w.IndentChar = '\t'; w.Indentation = 1; }, "\n"), "Formatting.Indented, IndentChar='\\t'");
    }
}
