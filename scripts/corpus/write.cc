// Writes the history as C++ libraries do: write OUT HISTORY.
#include <fstream>
#include <iostream>
#include <json/json.h>
#include <nlohmann/json.hpp>
#include <rapidjson/document.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#include <sstream>

static std::string out;

static void emit(const std::string &name, const std::string &text, const std::string &writer, const std::string &version, const std::string &call) {
  std::ofstream(out + "/" + name + ".json", std::ios::binary) << text;
  std::cout << name << ".json\t" << writer << "\t" << version << "\t" << call << "\n";
}

int main(int, char **argv) {
  out = argv[1];
  std::stringstream in;
  in << std::ifstream(argv[2]).rdbuf();
  const std::string text = in.str();

  auto n = nlohmann::ordered_json::parse(text);
  const std::string nv = std::to_string(NLOHMANN_JSON_VERSION_MAJOR) + "." + std::to_string(NLOHMANN_JSON_VERSION_MINOR) + "." + std::to_string(NLOHMANN_JSON_VERSION_PATCH);
  emit("nlohmann", n.dump(), "nlohmann/json", nv, "dump()");
  emit("nlohmann-indent", n.dump(4), "nlohmann/json", nv, "dump(4)");

  rapidjson::Document r;
  r.Parse(text.c_str());
  rapidjson::StringBuffer b;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> pretty(b);
  r.Accept(pretty);
  emit("rapidjson", b.GetString(), "RapidJSON", RAPIDJSON_VERSION_STRING, "PrettyWriter");
  b.Clear();
  pretty.Reset(b);
  pretty.SetIndent(' ', 2).SetFormatOptions(rapidjson::kFormatSingleLineArray);
  r["history"].Accept(pretty);
  emit("rapidjson-flat", b.GetString(), "RapidJSON", RAPIDJSON_VERSION_STRING, "PrettyWriter, kFormatSingleLineArray, of the list");

  Json::Value j;
  std::istringstream(text) >> j;
  emit("jsoncpp", Json::writeString(Json::StreamWriterBuilder(), j), "JsonCpp", JSONCPP_VERSION_STRING, "StreamWriterBuilder");
  emit("jsoncpp-styled", Json::StyledWriter().write(j), "JsonCpp", JSONCPP_VERSION_STRING, "StyledWriter");
}
