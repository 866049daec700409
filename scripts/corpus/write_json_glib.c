// Writes the history as JSON-GLib does, whose names are those of Jansson: write OUT HISTORY.
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <stdlib.h>

static const char *out;

static void emit(const char *name, const char *text, const char *writer, const char *version, const char *call) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s.json", out, name);
  FILE *f = fopen(path, "wb");
  if (!f || fputs(text, f) < 0 || fclose(f)) {
    perror(path);
    exit(1);
  }
  printf("%s.json\t%s\t%s\t%s\n", name, writer, version, call);
}

int main(int argc, char **argv) {
  out = argv[1];
  static char text[1 << 16];
  FILE *f = fopen(argv[2], "rb");
  if (argc < 3 || !f || !fread(text, 1, sizeof text - 1, f)) {
    perror(argv[2]);
    return 1;
  }
  fclose(f);

  JsonNode *g = json_from_string(text, NULL);
  // It writes 1e-7 as 1e-07.0, which is no JSON.
  JsonArray *history = json_object_get_array_member(json_node_get_object(g), "history");
  json_object_remove_member(json_array_get_object_element(history, 3), "f");
  emit("json-glib", json_to_string(g, TRUE), "JSON-GLib", JSON_VERSION_S, "json_to_string(pretty)");
  return 0;
}
