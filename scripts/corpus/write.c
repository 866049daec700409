// Writes the history as C libraries do.
#include <cjson/cJSON.h>
#include <jansson.h>

#include "write.h"

static void write_history(const char *text) {
  json_t *j = json_loads(text, 0, NULL);
  emit("jansson", json_dumps(j, 0), "Jansson", JANSSON_VERSION, "json_dumps(0)");
  emit("jansson-indent", json_dumps(j, JSON_INDENT(4)), "Jansson", JANSSON_VERSION, "JSON_INDENT(4)");

  cJSON *d = cJSON_Parse(text);
  emit("cjson", cJSON_Print(d), "cJSON", cJSON_Version(), "cJSON_Print()");
}
