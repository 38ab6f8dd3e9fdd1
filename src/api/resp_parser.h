// api/resp_parser.h — Redis requests out of a stream of bytes: arrays of bulk strings, or a line of words.
//
//   *2\r\n$3\r\nGET\r\n$1\r\nk\r\n        GET "k with spaces"\r\n
//
// Incremental: what was understood is not looked at again when more bytes arrive. The words of an array point
// into the caller's bytes; those of a line are kept here. Limits are limits::kResp*; what breaks a rule gets
// the sentence redis-server has for it, and ends the stream.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace pando::api {

class RespParser {
 public:
  enum class Got { kMore, kCommand, kError };

  // `bytes` begins where the command under way begins: after kMore, the same bytes again and more behind them.
  // After kCommand, consumed() bytes are done with; args() may be empty (an empty line): skip it without answer.
  Got parse(ByteSpan bytes);
  std::size_t consumed() const { return consumed_; }
  // Valid until the bytes move or parse() is called again.
  const std::vector<ByteSpan>& args() const { return args_; }
  // "Protocol error: …"
  const std::string& error() const { return error_; }
  // How many more bytes the command needs at least.
  std::size_t wanted() const { return wanted_; }

 private:
  enum class Line { kMore, kWhole, kTooLong };
  Got refuse(std::string text);
  Got finish();
  Got parse_line();
  Got parse_array();
  Line take_line(std::string_view& line);
  // The number of "*3\r\n" or "$3\r\n" at at_, which moves behind it. Nothing, and it stays, unless that is there
  // whole and of few digits, as nearly all are.
  std::optional<long long> take_length();
  // The whole command in one go, where it is all there and its lengths are of few digits. False: nothing was done.
  bool take_whole();
  bool split(std::string_view line);

  ByteSpan bytes_;
  std::size_t at_ = 0;            // understood up to here
  std::size_t line_scanned_ = 0;  // no line end before here
  long long left_ = -1;           // bulk strings to come; -1: not in an array
  long long bulk_bytes_ = -1;     // of the one being read; -1: its length is to come
  std::vector<std::pair<std::size_t, std::size_t>> places_;
  std::vector<std::string> words_;
  std::vector<ByteSpan> args_;
  std::size_t consumed_ = 0;
  std::size_t wanted_ = 0;
  std::string error_;
};

}  // namespace pando::api
