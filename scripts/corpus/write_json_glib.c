// Writes the history as JSON-GLib does, whose names are those of Jansson.
#include <json-glib/json-glib.h>

#include "write.h"

static void write_history(const char *text) {
  JsonNode *g = json_from_string(text, NULL);
  // It writes 1e-7 as 1e-07.0, which is no JSON.
  JsonArray *history = json_object_get_array_member(json_node_get_object(g), "history");
  json_object_remove_member(json_array_get_object_element(history, 3), "f");
  emit("json-glib", json_to_string(g, TRUE), "JSON-GLib", JSON_VERSION_S, "json_to_string(pretty)");
}
