// Writes the history as json-c does, whose names are those of Jansson: write OUT HISTORY.
#include <json-c/json.h>
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

  json_object *c = json_tokener_parse(text);
  emit("json-c", json_object_to_json_string(c), "json-c", JSON_C_VERSION, "to_json_string()");
  emit("json-c-pretty", json_object_to_json_string_ext(c, JSON_C_TO_STRING_PRETTY), "json-c", JSON_C_VERSION, "PRETTY");
  emit("json-c-spaced", json_object_to_json_string_ext(c, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_PRETTY_TAB), "json-c", JSON_C_VERSION, "PRETTY, SPACED, PRETTY_TAB");
  return 0;
}
