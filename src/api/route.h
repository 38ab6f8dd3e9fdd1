// api/route.h — the table of all routes: what each is called, what it takes, how it is read and answered.
//
// A route is one row. Matching, 404, 405, `Allow`, /openapi.json and the tests all come from the rows; there is no
// other list. Rows live in areas, one file each (routes_kv.cc, routes_sets.cc, …).
//
// How to add a route
//   1. Write its row into the file of its area. Rows with literal segments go before rows that capture the same place.
//   2. `parse` turns the Call and its body into a Request (helpers: mutations.h, json_fields.h, rest_query.h).
//   3. `reply` is reply_with<one writer per alternative of ReplyBody the node may answer> (helpers: reply_text.h).
//   4. `body` and `answer` name a schema; the area's `schemas` has its JSON Schema. `body.example` must parse.
//   5. Add a sample reply to openapi_test.cc (it fails until there is one), a case to the area's tests, and a line to
//      docs/http.md.
// A new area: routes_xyz.cc with `Area xyz_routes()`, declared below and listed in routes.cc. Nothing else to touch.
//
//   constexpr RouteRow kRows[] = {
//       {.method = Method::kPut,
//        .path = "/{ns}/flags/{key}",
//        .id = "flag_enable",
//        .summary = "Turn the flag on",
//        .takes = kWriteTerms,
//        .answer = json("Success"),
//        .parse = parse_enable,
//        .reply = reply_with<append_done>},
//   };
#pragma once

#include <array>
#include <span>
#include <variant>
#include <vector>

#include "api/rest.h"

namespace pando::api {

class JsonBody;

// What stands in braces in a path, and where route() puts it. Every one is percent-decoded.
enum class Capture : std::uint8_t {
  kNone,       // a literal segment
  kNamespace,  // {ns}      Call::ns      first, and only there; the path is below /api/v1
  kKey,        // {key}     Call::key     1 to 8192 bytes
  kMember,     // {member}  Call::member  1 to 8192 bytes
  kTable,      // {table}   Call::table   a table name
  kTx,         // {tx}      Call::tx_id
  kWord,       // {other}   Call::words, in order; `parse` checks them
  kTail,       // {other...} the remaining segments, one or more, behind those of kWord
};

// A path, taken apart by the compiler: "/{ns}/sets/{key}/members/{member}".
class Pattern {
 public:
  static constexpr std::size_t kPartsMax = 8;
  struct Part {
    std::string_view text;  // of a literal; of a capture its name
    Capture capture = Capture::kNone;
  };

  // NOLINTNEXTLINE: implicit, so that rows read as text
  constexpr Pattern(const char* text) : text_(text) {
    std::string_view rest = text_.substr(1);
    while (true) {
      const std::size_t slash = rest.find('/');
      parts_[count_++] = part(rest.substr(0, slash));  // too many do not compile
      if (slash == std::string_view::npos) break;
      rest.remove_prefix(slash + 1);
    }
  }

  constexpr std::string_view text() const { return text_; }
  constexpr std::size_t size() const { return count_; }
  constexpr const Part& operator[](std::size_t i) const { return parts_[i]; }
  constexpr bool in_namespace() const { return parts_[0].capture == Capture::kNamespace; }
  constexpr bool has_tail() const { return parts_[count_ - 1].capture == Capture::kTail; }
  // The literal that groups rows: "kv" of "/{ns}/kv/{key}", "healthz" of "/healthz".
  constexpr std::string_view word() const {
    return in_namespace() ? (count_ > 1 ? parts_[1].text : std::string_view()) : parts_[0].text;
  }

 private:
  static constexpr Part part(std::string_view text) {
    if (text.empty() || text.front() != '{') return {text, Capture::kNone};
    std::string_view name = text.substr(1, text.size() - 2);
    if (name.size() > 3 && name.substr(name.size() - 3) == "...") {
      return {name.substr(0, name.size() - 3), Capture::kTail};
    }
    if (name == "ns") return {name, Capture::kNamespace};
    if (name == "key") return {name, Capture::kKey};
    if (name == "member") return {name, Capture::kMember};
    if (name == "table") return {name, Capture::kTable};
    if (name == "tx") return {name, Capture::kTx};
    return {name, Capture::kWord};
  }

  std::string_view text_;
  std::array<Part, kPartsMax> parts_{};
  std::size_t count_ = 0;
};

// A query parameter, for people.
struct Parameter {
  enum class Type : std::uint8_t { kText, kNumber, kBool };
  std::string_view name;
  std::string_view text;
  Type type = Type::kText;
  bool required = false;
};

// A body, of a request or of an answer. `schema` is a name of some area's `schemas`.
struct Content {
  enum class Kind : std::uint8_t { kNone, kJson, kBytes, kText, kEvents };
  Kind kind = Kind::kNone;
  std::string_view schema = {};
  std::string_view example = {};  // JSON that `parse` takes
  bool required = true;
};
constexpr Content json(std::string_view schema, std::string_view example = {}) {
  return {Content::Kind::kJson, schema, example, true};
}
constexpr Content optional_json(std::string_view schema, std::string_view example) {
  return {Content::Kind::kJson, schema, example, false};
}
constexpr Content bytes() { return {Content::Kind::kBytes}; }
constexpr Content text() { return {Content::Kind::kText}; }
constexpr Content events() { return {Content::Kind::kEvents}; }

// Which headers about sessions and conditions a route understands; others are ignored there.
using Takes = std::uint8_t;
inline constexpr Takes kNoTerms = 0;
inline constexpr Takes kTakesToken = 1;         // Pando-Token, Pando-Wait
inline constexpr Takes kTakesDurability = 2;    // Pando-Durability
inline constexpr Takes kTakesIdempotency = 4;   // Idempotency-Key
inline constexpr Takes kTakesConditions = 8;    // If-Match, If-None-Match
inline constexpr Takes kTakesTransaction = 16;  // Pando-Transaction
inline constexpr Takes kReadTerms = kTakesToken | kTakesTransaction;
inline constexpr Takes kCommitTerms = kTakesToken | kTakesDurability | kTakesIdempotency;
inline constexpr Takes kWriteTerms = kCommitTerms | kTakesTransaction;

struct RouteRow {
  Method method = Method::kGet;  // kGet also answers HEAD
  Pattern path;
  std::string_view id;       // operationId: unique, never renamed
  std::string_view summary;  // one sentence, imperative, without a full stop
  Takes takes = kNoTerms;
  Carriage carriage = Carriage::kRequest;
  std::span<const Parameter> query = {};
  Content body = {};
  Content answer = {};
  // Statuses besides those every route of its kind may answer (openapi.cc): {404, 410}.
  std::array<std::uint16_t, 3> refusals = {};
  // Looks at the query of a matched call; may move the call to another row.
  std::optional<HttpError> (*settle)(Call& call) = nullptr;
  // May move from `call` what `reply` does not need. With another carriage than kRequest only as an operation of
  // `POST /tx`; nullptr where it cannot be one.
  Result<Request> (*parse)(Call& call, JsonBody& body) = nullptr;
  // Appends the body of a success and returns its HTTP status.
  int (*reply)(const Call& call, const ReplyBody& reply, Bytes& out) = nullptr;
};

// JSON Schema 2020-12. A "$ref" gives the bare name of another one: {"$ref":"Base64"}.
struct SchemaRow {
  std::string_view name;
  std::string_view text;
};

struct Area {
  std::string_view tag;    // of the OpenAPI document: "sets"
  std::string_view about;  // one or two sentences
  std::span<const RouteRow> rows;
  std::span<const SchemaRow> schemas = {};
  // Part of the outside contract, whose errors are {"error":"text"} to the byte. See api/errors.h.
  bool bare_errors = false;
};

// One per file. ---------------------------------------------------------------------------------------------
Area kv_routes();
Area row_routes();
Area lob_routes();
Area tx_routes();
Area tx_whole_routes();
Area counter_routes();
Area set_routes();
Area flag_routes();
Area scores_routes();
Area list_routes();
Area bounded_routes();
Area limit_routes();
Area presence_routes();
Area table_routes();        // records: the documents of a table
Area declaration_routes();  // of tables
Area scope_routes();        // of this node
Area explain_routes();
Area ttl_routes();
Area conflict_routes();
Area merged_routes();
Area backup_routes();
Area node_routes();     // who replicates it: draining, retiring
Area about_routes();    // a namespace
Area process_routes();  // the process: /healthz, /metrics, /openapi.json
// Schemas that several areas name.
std::span<const SchemaRow> common_schemas();

// All rows, found by the first literal of a path. Rows outlive everything.
class RouteTable {
 public:
  struct Group {
    std::string_view word;
    bool bare_errors = false;           // of the area that came first
    std::vector<const RouteRow*> rows;  // in the order of their area
  };

  explicit RouteTable(std::vector<Area> areas);

  const std::vector<Area>& areas() const { return areas_; }
  // The rows that begin like this: below /api/v1/{ns}/, or at the root. nullptr when there are none.
  const Group* find(bool in_namespace, std::string_view word) const {
    for (const Group& group : in_namespace ? in_namespace_ : at_root_) {
      if (group.word == word) return &group;
    }
    return nullptr;
  }

 private:
  std::vector<Area> areas_;
  std::vector<Group> in_namespace_;
  std::vector<Group> at_root_;
};
const RouteTable& routes();
// What api::route() does, with any table.
tl::expected<Call, HttpError> route_in(const RouteTable& table, Method method, std::string_view target);

// `reply` of a row. -----------------------------------------------------------------------------------------

namespace detail {
template <typename T>
bool write_if(void (*writer)(Bytes&, const Call&, const T&), const Call& call, const ReplyBody& body, Bytes& out) {
  const T* content = std::get_if<T>(&body);
  if (content == nullptr) return false;
  writer(out, call, *content);
  return true;
}
}  // namespace detail

// Writes whichever alternative came, with the writer that takes it. Anything else is a bug of ours.
template <auto... kWriters>
int reply_with(const Call& call, const ReplyBody& body, Bytes& out) {
  const bool known = (detail::write_if(kWriters, call, body, out) || ...);
  if (!known) {
    append_error("the node answered something this route does not know", out);
    return 500;
  }
  out.push_back('\n');
  return 200;
}

}  // namespace pando::api
