#include "model/document.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"
#include "model/json_scalar.h"

namespace pando {
namespace {

constexpr char kEnd = '\x00';     // of a name
constexpr char kEscape = '\x01';  // before what stands for one of these two

std::string shown(ByteSpan path) {
  std::string text = field_text(path);
  constexpr std::size_t kShownMax = 200;
  if (text.size() > kShownMax) text = text.substr(0, kShownMax) + "...";
  return text;
}

Status check_path(ByteSpan path, std::size_t member_bytes) {
  const std::size_t bytes = path.size() + member_bytes;
  if (bytes > limits::kElementBytesMax) {
    return Status(StatusCode::kTooLarge,
                  fmt::format("field \"{}\": its path{} has {} bytes, the limit is {}", shown(path),
                              member_bytes == 0 ? "" : " with a member of the set", bytes, limits::kElementBytesMax));
  }
  const auto depth = static_cast<std::size_t>(std::count(path.begin(), path.end(), kEnd));
  if (depth > limits::kDocumentDepthMax) {
    return Status(StatusCode::kTooLarge, fmt::format("field \"{}\" is {} levels deep, the limit is {}", shown(path),
                                                     depth, limits::kDocumentDepthMax));
  }
  return {};
}

Status check_text(ByteSpan path, ByteSpan text) {
  if (text.size() <= limits::kValueBytesMax) return {};
  return Status(StatusCode::kTooLarge, fmt::format("field \"{}\" has {} bytes, the limit is {}", shown(path),
                                                   text.size(), limits::kValueBytesMax));
}

Status check_count(std::size_t count) {
  if (count <= limits::kDocumentFieldsMax) return {};
  return Status(StatusCode::kTooLarge, fmt::format("{} fields and members in one write of a document, the limit is {}",
                                                   count, limits::kDocumentFieldsMax));
}

std::size_t bytes_of(ByteSpan path, ByteSpan text, const std::vector<Bytes>& members) {
  std::size_t bytes = path.size() + text.size() + 64;
  for (const Bytes& member : members) bytes += path.size() + member.size() + 64;
  return bytes;
}

}  // namespace

void append_field_name(ByteSpan name, Bytes& path) {
  for (const char c : name) {
    if (c == kEnd || c == kEscape) {
      path.push_back(kEscape);
      path.push_back(static_cast<char>(c + 2));
    } else {
      path.push_back(c);
    }
  }
  path.push_back(kEnd);
}

Bytes path_of_fields(const std::vector<Bytes>& names) {
  Bytes path;
  for (const Bytes& name : names) append_field_name(name, path);
  return path;
}

std::optional<std::vector<Bytes>> fields_of_path(ByteSpan path) {
  std::vector<Bytes> names;
  Bytes name;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == kEnd) {
      names.push_back(std::move(name));
      name.clear();
    } else if (path[i] == kEscape) {
      if (++i == path.size() || (path[i] != '\x02' && path[i] != '\x03')) return std::nullopt;
      name.push_back(static_cast<char>(path[i] - 2));
    } else {
      name.push_back(path[i]);
    }
  }
  if (!path.empty() && path.back() != kEnd) return std::nullopt;
  return names;
}

ByteSpan parent_of(ByteSpan path) {
  const std::size_t end = path.size() < 2 ? ByteSpan::npos : path.rfind(kEnd, path.size() - 2);
  return end == ByteSpan::npos ? ByteSpan() : path.substr(0, end + 1);
}

std::string field_text(ByteSpan path) {
  if (path.empty()) return "(document)";
  const auto names = fields_of_path(path);
  if (!names) return "(no path)";
  std::string text;
  for (const Bytes& name : *names) {
    if (&name != &names->front()) text.push_back('.');
    text += name;
  }
  return text;
}

std::optional<std::pair<ByteSpan, ByteSpan>> split_member(ByteSpan element) {
  // Inside of a path 01 stands only before 02 and 03.
  const std::size_t mark = element.find(kMemberMark);
  if (mark == ByteSpan::npos) return std::nullopt;
  return std::pair(element.substr(0, mark), element.substr(mark + kMemberMark.size()));
}

Status validate(const PutDocument& put) {
  PANDO_RETURN_IF_ERROR(check_count(put.document.size()));
  for (const DocumentEntry& entry : put.document) {
    PANDO_RETURN_IF_ERROR(check_path(entry.path, 0));
    PANDO_RETURN_IF_ERROR(check_text(entry.path, entry.text));
  }
  return {};
}

Status validate(const PatchDocument& patch) {
  std::size_t count = patch.edits.size();
  for (const DocumentEdit& edit : patch.edits) {
    count += edit.members.size();
    PANDO_RETURN_IF_ERROR(check_path(edit.path, 0));
    PANDO_RETURN_IF_ERROR(check_text(edit.path, edit.text));
    for (const Bytes& member : edit.members) {
      PANDO_RETURN_IF_ERROR(check_path(edit.path, kMemberMark.size() + member.size()));
    }
  }
  return check_count(count);
}

std::size_t bytes_of(const PutDocument& put) {
  std::size_t bytes = 0;
  for (const DocumentEntry& entry : put.document) bytes += bytes_of(entry.path, entry.text, entry.members);
  return bytes;
}

std::size_t bytes_of(const PatchDocument& patch) {
  std::size_t bytes = 0;
  for (const DocumentEdit& edit : patch.edits) bytes += bytes_of(edit.path, edit.text, edit.members);
  return bytes;
}

}  // namespace pando
