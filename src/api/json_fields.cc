#include "api/json_fields.h"

#include "base/base64.h"
#include "base/limits.h"

namespace pando::api {
namespace {

Result<Verb> verb_of(std::string_view text) {
  if (text == "put") return Verb::kPut;
  if (text == "delete") return Verb::kDelete;
  return refuse(fmt::format("unknown operation \"{}\"", text));
}

// Relative to the backup root, and staying below it.
Status check_backup_path(std::string_view name, std::string_view path) {
  if (path.find_first_not_of(" \t") == std::string_view::npos) {
    return Status(StatusCode::kInvalidArgument, fmt::format("field \"{}\" is empty", name));
  }
  const Status outside(StatusCode::kInvalidArgument, fmt::format("{} is outside the backup root: {}", name, path));
  if (path.front() == '/' || path.find('\0') != std::string_view::npos) return outside;
  for (std::size_t from = 0; from <= path.size();) {
    const std::size_t slash = std::min(path.find('/', from), path.size());
    if (path.substr(from, slash - from) == "..") return outside;
    from = slash + 1;
  }
  return {};
}

}  // namespace

static_assert(limits::kJsonDepthMax == simdjson::DEFAULT_MAX_DEPTH, "what the parsers are made with");

Status as_invalid(Status status) {
  return status.ok() ? status : Status(StatusCode::kInvalidArgument, status.message());
}

std::string json_reason(simdjson::error_code error) {
  switch (error) {
    case simdjson::EMPTY: return "body is empty";
    case simdjson::UTF8_ERROR: return "not valid UTF-8";
    case simdjson::UNCLOSED_STRING: return "a string is not closed";
    case simdjson::UNESCAPED_CHARS: return "a control character inside a string";
    case simdjson::STRING_ERROR: return "a bad escape inside a string";
    case simdjson::DEPTH_ERROR: return fmt::format("nested {} levels deep or deeper", limits::kJsonDepthMax);
    case simdjson::NUMBER_ERROR: return "a bad number";
    case simdjson::T_ATOM_ERROR:
    case simdjson::F_ATOM_ERROR:
    case simdjson::N_ATOM_ERROR: return "a bad word, expected true, false or null";
    case simdjson::TAPE_ERROR: return "missing or superfluous comma, brace, colon or quote";
    default: return simdjson::error_message(error);
  }
}

Result<std::string_view> string_of(dom::element element, std::string_view name, std::string_view what) {
  std::string_view text;
  if (element.get_string().get(text) != simdjson::SUCCESS) {
    return refuse(fmt::format("field \"{}\" must be {}", name, what));
  }
  return text;
}

// A field of an object, nullopt when it is not there or null.
std::optional<dom::element> field(dom::object object, std::string_view name) {
  dom::element element;
  if (object.at_key(name).get(element) != simdjson::SUCCESS || element.is_null()) return std::nullopt;
  return element;
}

Result<std::string_view> string_field(dom::object object, std::string_view name, std::string_view what) {
  const auto element = field(object, name);
  if (!element) return refuse(fmt::format("missing field \"{}\"", name));
  return string_of(*element, name, what);
}

Result<Bytes> decode_value(std::string_view text) {
  Result<Bytes> value = base64_decode(text);
  if (!value) return fail(value.error().with_context("invalid base64 value"));
  if (value->size() > limits::kValueBytesMax) {
    return refuse(fmt::format("value has {} bytes, the limit is {}", value->size(), limits::kValueBytesMax));
  }
  return value;
}

Result<Bytes> value_field(dom::object object) {
  const auto text = string_field(object, "value", "a base64 string");
  if (!text) return fail(text.error());
  return decode_value(*text);
}

// A key given as JSON text.
Result<Bytes> key_field(dom::object object, std::string_view name) {
  const auto text = string_field(object, name);
  if (!text) return fail(text.error());
  PANDO_RETURN_IF_ERROR(as_invalid(validate_key(*text)));
  return Bytes(*text);
}

Status check_column(ByteSpan name) { return as_invalid(validate_element(name)); }

// {"columns":{name: base64, …}}; a missing or empty object is "no columns".
Result<Columns> columns_field(dom::object object) {
  const auto element = field(object, "columns");
  if (!element) return refuse("no columns");
  dom::object list;
  if (element->get_object().get(list) != simdjson::SUCCESS) {
    return refuse("field \"columns\" must be an object of base64 strings");
  }
  Columns columns;
  for (const auto pair : list) {
    PANDO_RETURN_IF_ERROR(check_column(pair.key));
    const auto text = string_of(pair.value, pair.key, "a base64 string");
    if (!text) return fail(text.error());
    Result<Bytes> value = decode_value(*text);
    if (!value) return fail(value.error().with_context(fmt::format("column \"{}\"", pair.key)));
    columns.emplace_back(Bytes(pair.key), std::move(*value));
  }
  if (columns.empty()) return refuse("no columns");
  return columns;
}

// {"columns":{name: anything}} or {"columns":[name, …]}: names to delete.
Result<Columns> column_names_field(dom::object object) {
  const auto element = field(object, "columns");
  Columns columns;
  dom::object named;
  dom::array listed;
  if (element && element->get_object().get(named) == simdjson::SUCCESS) {
    for (const auto pair : named) columns.emplace_back(Bytes(pair.key), Bytes());
  } else if (element && element->get_array().get(listed) == simdjson::SUCCESS) {
    for (const dom::element entry : listed) {
      const auto name = string_of(entry, "columns", "an object or a list of names");
      if (!name) return fail(name.error());
      columns.emplace_back(Bytes(*name), Bytes());
    }
  } else if (element) {
    return refuse("field \"columns\" must be an object or a list of names");
  }
  if (columns.empty()) return refuse("no columns");
  for (const auto& column : columns) PANDO_RETURN_IF_ERROR(check_column(column.first));
  return columns;
}

Result<std::vector<Bytes>> bytes_list_field(dom::object object, std::string_view name) {
  std::vector<Bytes> list;
  const auto element = field(object, name);
  dom::array array;
  if (element && element->get_array().get(array) != simdjson::SUCCESS) {
    return refuse(fmt::format("field \"{}\" must be a list of base64 strings", name));
  }
  if (!element || array.size() == 0) return refuse(fmt::format("no {}", name));
  for (const dom::element entry : array) {
    if (list.size() == limits::kBatchItemsMax) {
      return refuse(fmt::format("more than {} {}", limits::kBatchItemsMax, name));
    }
    const auto text = string_of(entry, name, "a list of base64 strings");
    if (!text) return fail(text.error());
    Result<Bytes> bytes = decode_value(*text);
    if (!bytes) return fail(bytes.error().with_context(fmt::format("{} {}", name, list.size())));
    list.push_back(*std::move(bytes));
  }
  return list;
}

Result<std::optional<std::int64_t>> whole_field(dom::object object, std::string_view name) {
  const auto element = field(object, name);
  if (!element) return std::nullopt;
  std::int64_t n = 0;
  if (element->get_int64().get(n) != simdjson::SUCCESS) {
    return refuse(fmt::format("field \"{}\" must be a whole number that fits 64 bits", name));
  }
  return n;
}

Result<bool> bool_field(dom::object object, std::string_view name, bool fallback) {
  const auto element = field(object, name);
  bool value = fallback;
  if (element && element->get_bool().get(value) != simdjson::SUCCESS) {
    return refuse(fmt::format("field \"{}\" must be true or false", name));
  }
  return value;
}

Result<std::optional<Bytes>> base64_field(dom::object object, std::string_view name) {
  const auto element = field(object, name);
  if (!element) return std::nullopt;
  const auto text = string_of(*element, name, "a base64 string");
  if (!text) return fail(text.error());
  Result<Bytes> bytes = decode_value(*text);
  if (!bytes) return fail(bytes.error().with_context(fmt::format("field \"{}\"", name)));
  return *std::move(bytes);
}

Status check_any_type_table(std::string_view table) {
  PANDO_RETURN_IF_ERROR(as_invalid(validate_table_name(table)));
  if (!is_internal_table(table) && table != kTableRow && table != kTableLob) return {};
  return Status(StatusCode::kInvalidArgument, fmt::format("table \"{}\" holds {}; name another one", table,
                                                          is_internal_table(table) ? "what Pando keeps for itself"
                                                          : table == kTableRow     ? "rows only"
                                                                                   : "objects only"));
}

Result<std::string> table_field(dom::object object, std::string_view fallback) {
  const auto element = field(object, "table");
  if (!element) return std::string(fallback);
  const auto text = string_of(*element, "table", "a string");
  if (!text) return fail(text.error());
  PANDO_RETURN_IF_ERROR(check_any_type_table(*text));
  return std::string(*text);
}

Result<std::vector<std::string>> node_names_field(dom::object object, std::string_view name) {
  std::vector<std::string> names;
  const auto element = field(object, name);
  if (!element) return names;
  dom::array list;
  if (element->get_array().get(list) != simdjson::SUCCESS)
    return refuse(fmt::format("field \"{}\" must be a list", name));
  for (const dom::element one : list) {
    const auto text = string_of(one, name, "a list of node names");
    if (!text) return fail(text.error());
    names.emplace_back(*text);
  }
  return names;
}

Result<Verb> verb_field(dom::object object) {
  const auto text = string_field(object, "operation");
  if (!text) return fail(text.error());
  return verb_of(*text);
}

// The list called `name`, not empty and within the limit of a batch.
Result<dom::array> list_field(dom::object object, std::string_view name) {
  const auto element = field(object, name);
  dom::array list;
  if (!element) return refuse(fmt::format("no {}", name));
  if (element->get_array().get(list) != simdjson::SUCCESS)
    return refuse(fmt::format("field \"{}\" must be a list", name));
  const std::size_t count = static_cast<std::size_t>(std::distance(list.begin(), list.end()));
  if (count == 0) return refuse(fmt::format("no {}", name));
  if (count > limits::kBatchItemsMax) {
    return refuse(fmt::format("batch has {} {}, the limit is {}", count, name, limits::kBatchItemsMax));
  }
  return list;
}

Result<std::vector<Bytes>> members_field(dom::object object) {
  const auto list = list_field(object, "members");
  if (!list) return fail(list.error());
  std::vector<Bytes> members;
  for (const dom::element element : *list) {
    const auto place = [&](const Status& status) {
      return fail(as_invalid(status.with_context(fmt::format("member {}", members.size()))));
    };
    std::string_view text;
    if (element.get_string().get(text) != simdjson::SUCCESS) {
      return place(Status(StatusCode::kInvalidArgument, "must be a base64 string"));
    }
    Result<Bytes> member = decode_value(text);
    if (!member) return place(member.error());
    if (Status status = validate_member(*member); !status.ok()) return place(status);
    members.push_back(std::move(*member));
  }
  return members;
}

Result<dom::object> object_in(dom::element element) {
  dom::object object;
  if (element.get_object().get(object) != simdjson::SUCCESS) return refuse("must be an object");
  return object;
}

// What an item of a transaction does: its own "operation", or `fallback`.
Result<Verb> verb_or(dom::object object, Verb fallback) {
  if (!field(object, "operation")) return fallback;
  return verb_field(object);
}

Result<std::string> backup_path_field(dom::object object, std::string_view name) {
  const auto path = string_field(object, name);
  if (!path) return fail(path.error());
  PANDO_RETURN_IF_ERROR(check_backup_path(name, *path));
  return std::string(*path);
}

}  // namespace pando::api
