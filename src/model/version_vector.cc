#include "model/version_vector.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"

namespace pando {
namespace {

// The first entry whose origin is not below `origin`.
template <typename Entries>
auto find_place(Entries& entries, const Origin& origin) {
  return std::lower_bound(entries.begin(), entries.end(), origin,
                          [](const VersionVector::Entry& entry, const Origin& o) { return entry.first < o; });
}

// That of `origin`, or end().
template <typename Entries>
auto find_exactly(Entries& entries, const Origin& origin) {
  constexpr std::size_t kLookedThrough = 8;  // up to here comparing for equality is faster than a binary search
  if (entries.size() <= kLookedThrough) {
    return std::find_if(entries.begin(), entries.end(),
                        [&](const VersionVector::Entry& entry) { return entry.first == origin; });
  }
  const auto at = find_place(entries, origin);
  return at != entries.end() && at->first == origin ? at : entries.end();
}

}  // namespace

Seq VersionVector::get(const Origin& origin) const {
  const auto at = find_exactly(entries_, origin);
  return at != entries_.end() ? at->second : Seq(0);
}

bool VersionVector::covers(const VersionVector& other) const {
  return std::all_of(other.entries_.begin(), other.entries_.end(),
                     [this](const Entry& entry) { return entry.second <= get(entry.first); });
}

bool VersionVector::has_more_of(std::string_view node, const VersionVector& other) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.first.node == node && entry.second > other.get(entry.first);
  });
}

void VersionVector::raise(const Origin& origin, Seq seq) {
  if (seq.value == 0) return;
  const auto at = find_exactly(entries_, origin);
  if (at == entries_.end()) {
    entries_.insert(find_place(entries_, origin), Entry(origin, seq));
  } else if (at->second < seq) {
    at->second = seq;
  }
}

void VersionVector::merge(const VersionVector& other) {
  for (const auto& [origin, seq] : other.entries_) raise(origin, seq);
}

std::string to_string(const VersionVector& vector) {
  std::string text = "{";
  for (const auto& [origin, seq] : vector.entries()) {
    if (text.size() > 1) text += ", ";
    text += fmt::format("{}:{}", to_string(origin), seq.value);
  }
  return text + "}";
}

void encode(const VersionVector& vector, Writer& out) {
  out.varint(vector.entries().size());
  for (const auto& [origin, seq] : vector.entries()) encode(Dot{origin, seq}, out);
}

VersionVector decode_version_vector(Reader& in) {
  VersionVector vector;
  const std::uint64_t count = in.varint_max("vector.count", limits::kOriginsMax);
  Origin last;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    Dot dot = decode_dot(in);
    if (in.ok() && i > 0 && dot.origin <= last) in.refuse("vector.origin", "is not in ascending order");
    if (!in.ok()) break;
    vector.raise(dot.origin, dot.seq);
    last = std::move(dot.origin);
  }
  return vector;
}

bool Context::covers(const Dot& dot) const {
  return vector_.covers(dot) || std::binary_search(exceptions_.begin(), exceptions_.end(), dot);
}

void Context::add(const Dot& dot) {
  if (covers(dot)) return;
  exceptions_.insert(std::lower_bound(exceptions_.begin(), exceptions_.end(), dot), dot);
  fold();
}

void Context::merge(const Context& other) {
  vector_.merge(other.vector_);
  std::vector<Dot> both;
  std::set_union(exceptions_.begin(), exceptions_.end(), other.exceptions_.begin(), other.exceptions_.end(),
                 std::back_inserter(both));
  exceptions_ = std::move(both);
  fold();
}

void Context::fold() {
  std::vector<Dot> left;
  // Sorted by origin then seq, so one pass raises every run that starts right behind the vector.
  for (Dot& dot : exceptions_) {
    if (vector_.covers(dot)) continue;
    if (dot.seq == vector_.get(dot.origin).next()) {
      vector_.raise(dot.origin, dot.seq);
    } else {
      left.push_back(std::move(dot));
    }
  }
  exceptions_ = std::move(left);
}

void encode(const Context& context, Writer& out) {
  encode(context.vector(), out);
  encode(context.exceptions(), out);
}

Context decode_context(Reader& in) {
  Context context(decode_version_vector(in));
  for (const Dot& dot : decode_dots(in)) {
    if (!context.exceptions().empty() && dot <= context.exceptions().back())
      in.refuse("context.exception", "is out of order");
    if (context.covers(dot)) in.refuse("context.exception", "is already covered");
    if (dot.seq == context.vector().get(dot.origin).next()) in.refuse("context.exception", "has no gap before it");
    if (in.ok()) context.add(dot);
  }
  return context;
}

std::uint64_t commits_beyond(const VersionVector& all, const VersionVector& known) {
  std::uint64_t count = 0;
  for (const auto& [origin, seq] : all.entries()) {
    if (const Seq seen = known.get(origin); seq > seen) count += seq.value - seen.value;
  }
  return count;
}

}  // namespace pando
