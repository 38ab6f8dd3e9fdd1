#include "repl/assembly.h"

#include <algorithm>

#include "base/check.h"
#include "model/commit.h"

namespace pando::repl {
namespace {

// What remembering one item costs beside its bytes.
constexpr std::size_t kItemOverheadBytes = 64;

std::size_t size_of(const std::variant<Bytes, VersionVector>& what) {
  const Bytes* commit = std::get_if<Bytes>(&what);
  return kItemOverheadBytes +
         (commit != nullptr ? commit->size() : std::get<VersionVector>(what).entries().size() * 32);
}

}  // namespace

void Assembly::add(LinkId link, const BodyItem& item) {
  Stream& stream = streams_[link];
  Item added;
  if (const auto* have = std::get_if<Have>(&item)) {
    added.what = have->upto;
  } else {
    Result<CommitHead> head = peek_head(commit_of(item));
    CHECK(head.has_value());  // the session has looked
    added.what = Bytes(commit_of(item));
    added.dot = std::move(head->dot);
    added.first = head->first;
  }
  stream.bytes += size_of(added.what);
  if (std::holds_alternative<Answer>(item)) {
    stream.answers.push_back(std::move(added));
    return;
  }
  const bool waits = std::holds_alternative<ByteSpan>(item) && !stream.items.empty();
  if (waits) stream.waits.emplace(added.dot, stream.first_id + stream.items.size());
  stream.items.push_back(std::move(added));
}

void Assembly::close(LinkId link) { streams_.erase(link); }

void Assembly::pop(Stream& stream) {
  const Item& front = stream.items.front();
  if (const auto at = stream.waits.find(front.dot); at != stream.waits.end() && at->second == stream.first_id) {
    stream.waits.erase(at);
  }
  stream.bytes -= size_of(front.what);
  stream.items.pop_front();
  ++stream.first_id;
  stream.blocked_since.reset();
}

std::optional<Assembly::Ready> Assembly::next(const VersionVector& context, Instant now) {
  for (auto& [link, stream] : streams_) {
    if (std::optional<Ready> ready = advance(link, stream, context, now)) return ready;
  }
  return std::nullopt;
}

std::optional<Assembly::Ready> Assembly::advance(LinkId link, Stream& stream, const VersionVector& context,
                                                 Instant now) {
  while (!stream.items.empty()) {
    Item& front = stream.items.front();
    if (front.taken) {
      pop(stream);
    } else if (Bytes* commit = std::get_if<Bytes>(&front.what)) {
      Ready ready{link, *commit, {}, false};
      pop(stream);
      return ready;
    } else if (const auto& upto = std::get<VersionVector>(front.what); context.covers(upto)) {
      pop(stream);
    } else {
      if (!stream.blocked_since) stream.blocked_since = now;
      return find_announced(link, stream, upto, context);
    }
  }
  // Of answers nothing is left to wait for: what they bring came another way.
  for (; !stream.answers.empty(); stream.answers.pop_front()) stream.bytes -= size_of(stream.answers.front().what);
  return std::nullopt;
}

std::optional<Assembly::Ready> Assembly::find_announced(LinkId link, Stream& stream, const VersionVector& upto,
                                                        const VersionVector& context) {
  if (upto.entries().size() == 1) {
    const Origin& origin = upto.entries().front().first;
    const Seq last = upto.entries().front().second;
    const Dot dot{origin, context.get(origin).next()};
    for (auto& [other_link, other] : streams_) {
      if (other_link == link) continue;
      const auto there = other.waits.lower_bound(dot);
      // A run of skips that ends behind what was announced may depend on what that waits for.
      const bool announced = there != other.waits.end() && there->first.origin == origin && there->first.seq <= last;
      if (!announced) continue;
      if (other.items[there->second - other.first_id].first <= dot.seq) return take(other_link, other, there->second);
    }
  }
  if (asked(stream, upto, context)) return next_answer(link, stream, upto, context);
  return std::nullopt;
}

std::optional<Assembly::Ready> Assembly::next_answer(LinkId link, Stream& stream, const VersionVector& upto,
                                                     const VersionVector& context) {
  for (auto at = stream.answers.begin(); at != stream.answers.end();) {
    const bool here = context.covers(at->dot);
    if (!here && !upto.covers(at->dot)) {  // of what stands further back
      ++at;
      continue;
    }
    if (!here && std::holds_alternative<VersionVector>(at->what)) {
      // What comes behind one that was given back may depend on it.
      const Dot& owed = at->dot;
      at = std::find_if(std::next(at), stream.answers.end(), [&](const Item& item) {
        return std::holds_alternative<Bytes>(item.what) && item.dot.origin == owed.origin && item.first <= owed.seq &&
               owed.seq <= item.dot.seq;
      });
      if (at == stream.answers.end()) return std::nullopt;
    }
    Item answer = std::move(*at);
    at = stream.answers.erase(at);
    stream.bytes -= size_of(answer.what);
    if (here) continue;
    const auto place = static_cast<std::uint64_t>(at - stream.answers.begin());
    return Ready{link, std::move(std::get<Bytes>(answer.what)), place, true};
  }
  return std::nullopt;
}

bool Assembly::asked(const Stream& stream, const VersionVector& upto, const VersionVector& context) {
  return std::all_of(upto.entries().begin(), upto.entries().end(), [&](const VersionVector::Entry& entry) {
    return entry.second <= std::max(context.get(entry.first), stream.asked.get(entry.first));
  });
}

Assembly::Ready Assembly::take(LinkId link, Stream& stream, std::uint64_t id) {
  Item& item = stream.items[id - stream.first_id];
  stream.waits.erase(item.dot);
  stream.bytes -= size_of(item.what);
  Ready ready{link, std::move(std::get<Bytes>(item.what)), id, false};
  item.what = Bytes();
  item.taken = true;
  stream.bytes += size_of(item.what);
  return ready;
}

void Assembly::give_back(const Ready& ready, const Dot& dot) {
  const auto at = streams_.find(ready.link);
  if (at == streams_.end()) return;
  Stream& stream = at->second;
  VersionVector asked;
  for (const auto& [origin, upto] : stream.asked.entries()) {
    asked.raise(origin, origin == dot.origin ? std::min(upto, Seq(dot.seq.value - 1)) : upto);
  }
  stream.asked = std::move(asked);
  VersionVector upto;
  upto.raise(dot.origin, dot.seq);
  if (ready.answer) {  // its Have still stands
    stream.bytes += size_of(upto);
    stream.answers.insert(stream.answers.begin() + static_cast<std::ptrdiff_t>(*ready.id), Item{std::move(upto), dot});
    return;
  }
  if (ready.id) {
    Item& item = stream.items[*ready.id - stream.first_id];
    CHECK(item.taken);
    stream.bytes -= size_of(item.what);
    item = Item{std::move(upto), {}, {}, false};
    stream.bytes += size_of(item.what);
    return;
  }
  CHECK(stream.first_id > 0);
  stream.items.push_front(Item{std::move(upto), {}, {}, false});
  stream.bytes += size_of(stream.items.front().what);
  --stream.first_id;
}

std::vector<Assembly::Blocked> Assembly::blocked(const VersionVector& context) const {
  std::vector<Blocked> all;
  for (const auto& [link, stream] : streams_) {
    if (!stream.blocked_since) continue;
    const auto& upto = std::get<VersionVector>(stream.items.front().what);
    if (!asked(stream, upto, context)) all.push_back({link, upto, *stream.blocked_since});
  }
  return all;
}

std::vector<Want::Range> Assembly::ask(LinkId link, const VersionVector& context, const Barred& but) {
  Stream& stream = streams_.at(link);
  VersionVector announced;
  for (const Item& item : stream.items) {
    const auto* upto = std::get_if<VersionVector>(&item.what);
    if (upto == nullptr) continue;
    const bool barred = but && std::any_of(upto->entries().begin(), upto->entries().end(), [&](const auto& entry) {
                          return context.get(entry.first) < entry.second && but(entry.first);
                        });
    if (barred) break;
    announced.merge(*upto);
  }
  std::vector<Want::Range> ranges;
  for (const auto& [origin, upto] : announced.entries()) {
    const Seq after = std::max(context.get(origin), stream.asked.get(origin));
    if (after < upto) ranges.push_back({origin, after, upto});
    stream.asked.raise(origin, upto);
  }
  return ranges;
}

std::size_t Assembly::bytes(LinkId link) const {
  const auto at = streams_.find(link);
  return at == streams_.end() ? 0 : at->second.bytes;
}

}  // namespace pando::repl
