// api/resp_writer.h — replies in the Redis protocol, version 2 or 3, appended to a buffer.
//
//                2                    3
//   null         $-1\r\n              _\r\n
//   null array   *-1\r\n              _\r\n
//   map of 1     *2\r\n               %1\r\n
//   number       $3\r\n0.5\r\n         ,0.5\r\n
// deterministic: floating point, as text for one client.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"

namespace pando::api {

class RespWriter {
 public:
  RespWriter(Bytes& out, int version) : out_(out), version_(version) {}

  void simple(std::string_view text);
  // `text` begins with its word: "ERR …". Line ends in it become spaces.
  void error(std::string_view text);
  // The row of api/errors.h. READONLY and WRONGTYPE have redis-server's words.
  void error(const Status& status);
  void integer(std::int64_t value);
  void bulk(ByteSpan value);
  void null();
  void null_array();
  // As redis-server 7.0 prints it: 17 digits.
  void number(double value);
  // What comes unasked, as publications do.
  void push(std::size_t count) { head(version_ == 3 ? '>' : '*', static_cast<std::int64_t>(count)); }
  void array(std::size_t count) { head('*', static_cast<std::int64_t>(count)); }
  void set(std::size_t count) { head(version_ == 3 ? '~' : '*', static_cast<std::int64_t>(count)); }
  // Followed by `count` pairs.
  void map(std::size_t count);

  int version() const { return version_; }
  Bytes& out() { return out_; }

 private:
  void head(char kind, std::int64_t value);

  Bytes& out_;
  int version_;
};

}  // namespace pando::api
