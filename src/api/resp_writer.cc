// deterministic: floating point, as text for one client.
#include "api/resp_writer.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "api/errors.h"

namespace pando::api {

void RespWriter::head(char kind, std::int64_t value) {
  char text[24];
  text[0] = kind;
  char* end = std::to_chars(text + 1, text + sizeof(text), value).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out_.append(text, static_cast<std::size_t>(end - text));
}

void RespWriter::simple(std::string_view text) {
  out_ += '+';
  out_ += text;
  out_ += "\r\n";
}

void RespWriter::error(std::string_view text) {
  out_ += '-';
  for (const char c : text) out_ += c == '\r' || c == '\n' ? ' ' : c;
  out_ += "\r\n";
}

void RespWriter::error(const Status& status) {
  if (status.code() == StatusCode::kReadOnly) return error("READONLY You can't write against a read only replica.");
  if (status.code() == StatusCode::kWrongType) {
    return error("WRONGTYPE Operation against a key holding the wrong kind of value");
  }
  error(std::string(error_row(status.code()).resp) + " " + status.message());
}

void RespWriter::integer(std::int64_t value) { head(':', value); }

void RespWriter::bulk(ByteSpan value) {
  head('$', static_cast<std::int64_t>(value.size()));
  out_ += value;
  out_ += "\r\n";
}

void RespWriter::null() { out_ += version_ == 3 ? "_\r\n" : "$-1\r\n"; }

void RespWriter::null_array() { out_ += version_ == 3 ? "_\r\n" : "*-1\r\n"; }

void RespWriter::number(double value) {
  const std::string text = std::isinf(value) ? (value > 0 ? "inf" : "-inf") : fmt::format("{:.17g}", value);
  if (version_ != 3) return bulk(text);
  out_ += ',';
  out_ += text;
  out_ += "\r\n";
}

void RespWriter::map(std::size_t count) {
  if (version_ == 3) return head('%', static_cast<std::int64_t>(count));
  head('*', static_cast<std::int64_t>(2 * count));
}

}  // namespace pando::api
