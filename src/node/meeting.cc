#include "node/meeting.h"

#include "base/codec.h"
#include "model/origin.h"

namespace pando::node {
namespace {

CellPath path_of(const MetKey& key) { return {key.table, key.key, key.kind, key.element}; }

// Calls read() for each of so many entries as the input says; each takes some bytes of it.
template <typename Read>
void read_list(Reader& in, const char* field, Read read) {
  const std::uint64_t count = in.varint(field);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    if (!read()) in.refuse(field, "not ascending");
  }
}

template <typename Container>
bool is_last(const Container& all, typename Container::const_iterator at) {
  return std::next(at) == all.end();
}

void write_paths(const std::set<CellPath>& paths, Writer& out) {
  out.varint(paths.size());
  for (const CellPath& path : paths) encode(path, out);
}

void read_paths(Reader& in, const char* field, std::set<CellPath>& paths) {
  read_list(in, field, [&] {
    const auto [at, fresh] = paths.insert(decode_cell_path(in));
    return fresh && is_last(paths, at);
  });
}

}  // namespace

void add(Meeting& meeting, const MeetingNews& news) {
  const Meeting& more = news.more;
  if (news.begins) {
    meeting.before = more.before;
    meeting.keys.clear();
    meeting.ends.clear();
  }
  meeting.catching_up.merge(more.catching_up);
  for (const auto& [origin, stranger] : more.strangers) meeting.strangers.insert_or_assign(origin, stranger);
  meeting.keys.insert(more.keys.begin(), more.keys.end());
  meeting.ends.insert(more.ends.begin(), more.ends.end());
  for (const auto& [end, own] : more.cleared) meeting.cleared.insert_or_assign(end, own);
  meeting.unseen.insert(more.unseen.begin(), more.unseen.end());
}

Bytes encode(const MeetingNews& news) {
  Bytes body;
  Writer out(body);
  const Meeting& more = news.more;
  out.u8(news.begins ? 1 : 0);
  if (news.begins) encode(more.before, out);
  encode(more.catching_up, out);
  out.varint(more.strangers.size());
  for (const auto& [origin, stranger] : more.strangers) {
    encode(origin, out);
    out.varint(stranger.upto.value);
    encode(stranger.vouched, out);
  }
  out.varint(more.keys.size());
  for (const MetKey& key : more.keys) encode(path_of(key), out);
  write_paths(more.ends, out);
  out.varint(more.cleared.size());
  for (const auto& [end, own] : more.cleared) {
    encode(end, out);
    encode(own, out);
  }
  write_paths(more.unseen, out);
  return body;
}

Result<MeetingNews> decode_meeting_news(ByteSpan body) {
  Reader in(body);
  MeetingNews news;
  Meeting& more = news.more;
  const std::uint8_t begins = in.u8("meeting.begins");
  if (begins > 1) in.refuse("meeting.begins", "neither 0 nor 1");
  news.begins = begins == 1;
  if (news.begins) more.before = decode_version_vector(in);
  more.catching_up = decode_version_vector(in);
  read_list(in, "meeting.strangers", [&] {
    const Origin origin = decode_origin(in);
    const Seq upto(in.varint("meeting.upto"));
    const auto [at, fresh] = more.strangers.try_emplace(origin, Meeting::Stranger{upto, decode_version_vector(in)});
    return fresh && is_last(more.strangers, at);
  });
  read_list(in, "meeting.keys", [&] {
    CellPath path = decode_cell_path(in);
    const auto [at, fresh] =
        more.keys.insert({std::move(path.table), std::move(path.key), path.kind, std::move(path.element)});
    return fresh && is_last(more.keys, at);
  });
  read_paths(in, "meeting.ends", more.ends);
  read_list(in, "meeting.cleared", [&] {
    CellPath path = decode_cell_path(in);
    const auto [at, fresh] = more.cleared.try_emplace(std::move(path), decode_version_vector(in));
    return fresh && is_last(more.cleared, at);
  });
  read_paths(in, "meeting.unseen", more.unseen);
  if (Status status = in.finish(); !status.ok()) return pando::fail(std::move(status));
  return news;
}

}  // namespace pando::node
