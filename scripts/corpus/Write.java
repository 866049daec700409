// Writes the history as Jackson and Gson do: java -cp ... Write.java OUT HISTORY.

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;

class Write {
    static Path out;

    static void emit(String name, String text, String writer, String version, String call) throws Exception {
        Files.writeString(out.resolve(name + ".json"), text);
        System.out.println(String.join("\t", name + ".json", writer, version, call));
    }

    public static void main(String[] args) throws Exception {
        out = Path.of(args[0]);
        String text = Files.readString(Path.of(args[1]));
        ObjectMapper mapper = new ObjectMapper();
        String jackson = mapper.version().toString();
        JsonNode doc = mapper.readTree(text);
        emit("jackson", mapper.writeValueAsString(doc), "Jackson", jackson, "writeValueAsString(o)");
        emit("jackson-pretty", mapper.writerWithDefaultPrettyPrinter().writeValueAsString(doc), "Jackson", jackson, "writerWithDefaultPrettyPrinter()");
        emit("jackson-list", mapper.writerWithDefaultPrettyPrinter().writeValueAsString(doc.get("history")), "Jackson", jackson, "writerWithDefaultPrettyPrinter(), of the list");
        DefaultPrettyPrinter lines = new DefaultPrettyPrinter();
        lines.indentArraysWith(new DefaultIndenter("    ", "\r\n"));
        lines.indentObjectsWith(new DefaultIndenter("    ", "\r\n"));
        emit("jackson-crlf", mapper.writer(lines).writeValueAsString(doc), "Jackson", jackson, "DefaultIndenter('    ', '\\r\\n') for arrays, too");
        Gson pretty = new GsonBuilder().setPrettyPrinting().serializeNulls().create();
        String gson = args[2];
        emit("gson", new Gson().toJson(JsonParser.parseString(text)), "Gson", gson, "toJson(o)");
        emit("gson-pretty", pretty.toJson(JsonParser.parseString(text)), "Gson", gson, "setPrettyPrinting()");
    }
}
