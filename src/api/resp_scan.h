// api/resp_scan.h — what SCAN, SSCAN, HSCAN and ZSCAN share: their options, and where they go on.
#pragma once

#include "api/resp_call.h"

namespace pando::api {

struct RespScan {
  Bytes after;
  Bytes pattern = "*";
  std::uint32_t count = 10;
  std::optional<Bytes> type;  // SCAN alone
};

// The cursor in word `at` and the options behind it; `of` is the key that is walked, empty for SCAN. Nothing, having
// failed, when the cursor is not one of that walk or an option is wrong.
std::optional<RespScan> read_scan(RespCall& call, std::size_t at, ByteSpan of);
// What append_scan_head() wants to be kept.
std::vector<Bytes> scan_names(const RespScan& scan, ByteSpan of);
// The outer array and the cursor, before the array of what was found. `last`: go on after it; null when that was all.
void append_scan_head(const RespReplies& got, const Bytes* last, RespWriter& to);
bool scan_matches(const RespReplies& got, ByteSpan name);

}  // namespace pando::api
