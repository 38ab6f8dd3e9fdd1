#include "api/reply_text.h"

namespace pando::api {

void append_bool(Bytes& out, bool b) { out += b ? "true" : "false"; }

void append_comma(Bytes& out) {
  if (!out.empty() && out.back() != '{' && out.back() != '[') out.push_back(',');
}

void append_name(Bytes& out, std::string_view name) {
  append_comma(out);
  out.push_back('"');
  out.append(name);
  out += "\":";
}

void append_field(Bytes& out, std::string_view name, std::uint64_t n) {
  append_name(out, name);
  append_number(out, n);
}

void append_field(Bytes& out, std::string_view name, std::int64_t n) {
  append_name(out, name);
  append_number(out, n);
}

void append_field(Bytes& out, std::string_view name, ByteSpan text) {
  append_name(out, name);
  append_json_string(out, text);
}

void append_flag(Bytes& out, std::string_view name, bool b) {
  append_name(out, name);
  append_bool(out, b);
}

void append_context(Bytes& out, const VersionVector& context) {
  append_name(out, "context");
  out.push_back('{');
  for (const auto& entry : context.entries()) append_field(out, to_string(entry.first), entry.second.value);
  out.push_back('}');
}

void append_tables(Bytes& out, std::string_view name, const TableSet& tables) {
  append_name(out, name);
  out.push_back('[');
  if (tables.all) append_json_string(out, "*");
  for (const std::string& table : tables.names) {
    append_comma(out);
    append_json_string(out, table);
  }
  out.push_back(']');
}

void append_done(Bytes& out, const Call&, const DoneReply&) { out += R"({"success":true})"; }

void append_batch_done(Bytes& out, const Call& call, const DoneReply& done) {
  out += R"({"success":true)";
  append_field(out, "count", call.count);
  append_field(out, "processed", done.processed);
  out.push_back('}');
}

void append_keys(Bytes& out, const Call&, const ListReply& list) {
  out += R"({"keys":[)";
  bool all_text = true;
  for (const Bytes& key : list.keys) {
    append_comma(out);
    append_json_string(out, key);
    all_text = all_text && is_utf8(key);
  }
  out += R"(],"more":)";
  append_bool(out, list.more);
  if (!all_text) {
    append_name(out, "keys_b64");
    out.push_back('[');
    for (const Bytes& key : list.keys) {
      append_comma(out);
      append_json_base64(out, key);
    }
    out.push_back(']');
  }
  out.push_back('}');
}

}  // namespace pando::api
