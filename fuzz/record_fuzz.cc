// fuzz/record_fuzz.cc — what cells hold and commits are made of: peers and disks hand us any bytes for them.
#include <cstdint>

#include "canonical.h"
#include "engine/retired.h"
#include "engine/vouches.h"
#include "model/conflict.h"
#include "model/document.h"
#include "model/expiry.h"
#include "model/list_item.h"
#include "model/once.h"
#include "model/op.h"
#include "model/scores.h"
#include "model/version_vector.h"
#include "node/meeting.h"

namespace {

using namespace pando;

void check_parts(ByteSpan bytes) {
  fuzz::check_part(bytes, decode_origin);
  fuzz::check_part(bytes, decode_dot);
  fuzz::check_part(bytes, decode_dots);
  fuzz::check_part(bytes, decode_cell_path);
  fuzz::check_part(bytes, decode_op);
  fuzz::check_part(bytes, decode_version_vector);
  fuzz::check_part(bytes, decode_context);
}

void check_cells(ByteSpan bytes) {
  fuzz::check_whole(bytes, decode_list_item, [](const ListItem& item) { return encode_list_item(item); });
  // Of two versions, and a record may be of the other one than it would be written in: read, and written again in that.
  if (const auto once = decode_once(bytes)) {
    const Bytes again = encode_once(*once);
    CHECK(again == bytes || (again.front() != bytes.front() && encode_once(*decode_once(again)) == again));
  }
  const ConflictId id{LogPos(17), 3};
  fuzz::check_whole(
      bytes, [&](ByteSpan in) { return decode_conflict(id, in); }, encode_conflict);
  fuzz::check_whole(bytes, node::decode_meeting_news, [](const node::MeetingNews& news) { return encode(news); });
  if (const auto at_ms = decode_expiry(bytes)) CHECK(encode_expiry(*at_ms) == bytes);
  if (const auto vouch = engine::decode_vouch(bytes)) CHECK(engine::encode_vouch(*vouch) == bytes);
  if (const auto epoch = engine::decode_retirement(bytes)) CHECK(engine::encode_retirement(*epoch) == bytes);
  if (const auto lost = engine::decode_lost_disk(bytes)) CHECK(engine::encode_lost_disk(*lost) == bytes);
  // Any bytes are some score, the same at every site.
  CHECK(decode_score(encode_score(decode_score(bytes))) == decode_score(bytes));
  if (const auto fields = fields_of_path(bytes)) {
    CHECK(path_of_fields(*fields) == bytes);
    CHECK(fields->empty() || bytes.substr(0, parent_of(bytes).size()) == parent_of(bytes));
  }
  if (const auto member = split_member(bytes)) {
    CHECK(Bytes(member->first).append(kMemberMark).append(member->second) == bytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteSpan bytes(reinterpret_cast<const char*>(data), size);
  check_parts(bytes);
  check_cells(bytes);
  return 0;
}
