#include "api/json_tree.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "api/json_text.h"
#include "base/limits.h"

namespace pando::api {
namespace {

using Json = nlohmann::json;

// Takes the parser's events. Objects become nodes; what is in an array becomes text.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return scalar(JsonTree::Kind::kNull, "null"); }
  bool boolean(bool value) override { return scalar(JsonTree::Kind::kOther, value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override {
    return scalar(JsonTree::Kind::kNumber, fmt::format_int(value).str());
  }
  bool number_unsigned(number_unsigned_t value) override {
    return scalar(JsonTree::Kind::kNumber, fmt::format_int(value).str());
  }
  bool number_float(number_float_t, const string_t& text) override { return scalar(JsonTree::Kind::kNumber, text); }
  bool string(string_t& value) override {
    Bytes quoted;
    append_json_string(quoted, value);
    return scalar(JsonTree::Kind::kString, quoted);
  }
  bool binary(binary_t&) override { return refuse(StatusCode::kInvalidArgument, "no JSON"); }

  bool start_object(std::size_t) override {
    if (!deeper()) return false;
    if (in_array()) return begin('{');
    return open(JsonTree::Kind::kObject);
  }
  bool key(string_t& name) override {
    if (in_array()) {
      separate();
      append_json_string(text(), name);
      text().push_back(':');
      return true;
    }
    if (!names_.back().insert(name).second) {
      return refuse(StatusCode::kInvalidArgument, fmt::format("field \"{}\" is there twice", name));
    }
    name_ = name;
    return true;
  }
  bool end_object() override {
    --depth_;
    if (in_array()) return finish('}');
    names_.pop_back();
    open_.pop_back();
    return true;
  }
  bool start_array(std::size_t) override {
    if (!deeper()) return false;
    if (!in_array() && !open(JsonTree::Kind::kOther)) return false;
    return begin('[');
  }
  bool end_array() override {
    --depth_;
    finish(']');
    if (!in_array()) open_.pop_back();
    return true;
  }
  bool parse_error(std::size_t at, const std::string&, const Json::exception& why) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error …"
    std::string_view text = why.what();
    if (const std::size_t end = text.find("] "); end != std::string_view::npos) text.remove_prefix(end + 2);
    return refuse(StatusCode::kInvalidArgument,
                  fmt::format("invalid JSON body at byte {}: {}", at, text.substr(0, 200)));
  }

  JsonTree& root() { return root_; }
  const Status& status() const { return status_; }

 private:
  bool in_array() const { return arrays_ > 0; }
  Bytes& text() { return open_.back()->text; }

  bool refuse(StatusCode code, std::string why) {
    if (status_.ok()) status_ = Status(code, std::move(why));
    return false;
  }
  bool deeper() {
    if (++depth_ <= limits::kDocumentDepthMax) return true;
    return refuse(StatusCode::kTooLarge,
                  fmt::format("the document is more than {} levels deep, the limit", limits::kDocumentDepthMax));
  }
  // A new node where the parser stands.
  JsonTree* place() {
    if (open_.empty()) return &root_;
    if (++count_ > limits::kDocumentFieldsMax) {
      refuse(StatusCode::kTooLarge,
             fmt::format("more than {} fields in one document, the limit", limits::kDocumentFieldsMax));
      return nullptr;
    }
    return &open_.back()->fields.emplace_back(JsonField{std::move(name_), {}}).value;
  }
  bool open(JsonTree::Kind kind) {
    JsonTree* node = place();
    if (node == nullptr) return false;
    node->kind = kind;
    open_.push_back(node);
    if (kind == JsonTree::Kind::kObject) names_.emplace_back();
    return true;
  }
  bool scalar(JsonTree::Kind kind, ByteSpan value) {
    if (in_array()) {
      separate();
      text() += value;
      return true;
    }
    JsonTree* node = place();
    if (node == nullptr) return false;
    node->kind = kind;
    node->text = Bytes(value);
    return true;
  }
  // The comma between elements or members within an array.
  void separate() {
    const char last = text().empty() ? '[' : text().back();
    if (last != '[' && last != '{' && last != ':') text().push_back(',');
  }
  bool begin(char bracket) {
    if (!text().empty()) separate();
    text().push_back(bracket);
    ++arrays_;
    return true;
  }
  bool finish(char bracket) {
    text().push_back(bracket);
    --arrays_;
    return true;
  }

  JsonTree root_;
  std::vector<JsonTree*> open_;  // objects, and the array, that are not at their end
  std::vector<std::set<std::string, std::less<>>> names_;
  Bytes name_;
  std::size_t arrays_ = 0;  // brackets and braces open from the outermost array on
  std::size_t depth_ = 0;
  std::size_t count_ = 0;
  Status status_;
};

}  // namespace

const JsonTree* JsonTree::find(ByteSpan name) const {
  for (const auto& [known, value] : fields) {
    if (known == name) return &value;
  }
  return nullptr;
}

Result<JsonTree> parse_json_tree(ByteSpan json) {
  Builder builder;
  const bool whole = Json::sax_parse(json.begin(), json.end(), &builder);
  if (!builder.status().ok()) return fail(builder.status());
  if (!whole) return fail(StatusCode::kInvalidArgument, "invalid JSON body");
  return std::move(builder.root());
}

}  // namespace pando::api
