// Writes the history as C libraries do: write OUT HISTORY.
#include <cjson/cJSON.h>
#include <jansson.h>
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

  json_t *j = json_loads(text, 0, NULL);
  emit("jansson", json_dumps(j, 0), "Jansson", JANSSON_VERSION, "json_dumps(0)");
  emit("jansson-indent", json_dumps(j, JSON_INDENT(4)), "Jansson", JANSSON_VERSION, "JSON_INDENT(4)");

  cJSON *d = cJSON_Parse(text);
  emit("cjson", cJSON_Print(d), "cJSON", cJSON_Version(), "cJSON_Print()");
  return 0;
}
