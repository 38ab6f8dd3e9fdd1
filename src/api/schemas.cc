// Schemas that several areas name.
#include "api/route.h"

namespace pando::api {

std::span<const SchemaRow> common_schemas() {
  static constexpr SchemaRow kSchemas[] = {
      {"Base64", R"({"type":"string","contentEncoding":"base64","description":"padded standard base64 of any bytes"})"},
      {"Key", R"({"type":"string","minLength":1,"maxLength":8192})"},
      {"Table",
       R"({"type":"string","minLength":1,"maxLength":64,"description":"a-z, 0-9, '.', '_', '-'; kv when left out"})"},
      {"Operation", R"({"enum":["put","delete"]})"},
      {"Success", R"({"type":"object","required":["success"],"properties":{"success":{"const":true}}})"},
      {"BatchDone", R"({"type":"object","required":["success","count","processed"],"properties":{)"
                    R"("success":{"const":true},"count":{"$ref":"Count"},"processed":{"$ref":"Count"}}})"},
      {"Checksum", R"({"type":"object","required":["success","checksum"],"properties":{"success":{"const":true},)"
                   R"("checksum":{"type":"integer","minimum":0,"maximum":4294967295,)"
                   R"("description":"CRC-32 of the values in the order they came"}}})"},
      {"KeyList", R"({"type":"object","required":["keys","more"],"properties":{"keys":{"type":"array",)"
                  R"("items":{"type":"string"}},"more":{"$ref":"More"},"keys_b64":{"type":"array",)"
                  R"("items":{"$ref":"Base64"},"description":"when one of the keys is not UTF-8"}}})"},
      {"More", R"({"type":"boolean","description":"there is more behind the last one; ask again with after="})"},
      {"Count", R"({"type":"integer","minimum":0})"},
      {"Context", R"({"type":"object","description":"up to which of its commits each origin was seen",)"
                  R"("additionalProperties":{"$ref":"Count"}})"},
  };
  return kSchemas;
}

}  // namespace pando::api
