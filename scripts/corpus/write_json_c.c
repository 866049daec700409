// Writes the history as json-c does, whose names are those of Jansson.
#include <json-c/json.h>

#include "write.h"

static void write_history(const char *text) {
  json_object *c = json_tokener_parse(text);
  emit("json-c", json_object_to_json_string(c), "json-c", JSON_C_VERSION, "to_json_string()");
  emit("json-c-pretty", json_object_to_json_string_ext(c, JSON_C_TO_STRING_PRETTY), "json-c", JSON_C_VERSION, "PRETTY");
  emit("json-c-spaced", json_object_to_json_string_ext(c, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_PRETTY_TAB), "json-c", JSON_C_VERSION, "PRETTY, SPACED, PRETTY_TAB");
}
