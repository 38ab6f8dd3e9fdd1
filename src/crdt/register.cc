#include "crdt/register.h"

#include <algorithm>

#include "base/limits.h"

namespace pando::crdt {
namespace {

// libstdc++ keeps up to 15 bytes inside the string object.
std::size_t heap_of(const Bytes& bytes) { return bytes.capacity() > 15 ? bytes.capacity() : 0; }

auto place_of(const std::vector<Register::Entry>& entries, const Dot& dot) {
  return std::lower_bound(entries.begin(), entries.end(), dot,
                          [](const Register::Entry& entry, const Dot& d) { return entry.dot < d; });
}

}  // namespace

bool wins_over(const Register::Entry& a, const Register::Entry& b) {
  if (a.hlc != b.hlc) return a.hlc > b.hlc;
  const auto order = a.dot.origin <=> b.dot.origin;
  return order == 0 ? a.value > b.value : order > 0;
}

std::vector<Dot> Register::dots() const {
  std::vector<Dot> dots;
  dots.reserve(entries_.size());
  for (const Entry& entry : entries_) dots.push_back(entry.dot);
  return dots;
}

bool Register::all(ByteSpan value) const {
  return !entries_.empty() &&
         std::all_of(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.value == value; });
}

const Register::Entry* Register::resolve(const Dot* but) const {
  const Entry* winner = nullptr;
  for (const Entry& entry : entries_) {
    if (but != nullptr && entry.dot == *but) continue;
    if (winner == nullptr || wins_over(entry, *winner)) winner = &entry;
  }
  return winner;
}

void Register::put(const Dot& dot, Hlc hlc, ByteSpan value, const std::vector<Dot>& replaces) {
  const auto goes = [&](const Entry& entry) {
    if (replaces.size() == 1) return entry.dot == replaces.front() || entry.dot == dot;
    return entry.dot == dot || std::binary_search(replaces.begin(), replaces.end(), entry.dot);
  };
  // Almost always one value replaces the one before it: written over it, its memory is used again.
  if (entries_.size() == 1 && goes(entries_.front())) {
    Entry& only = entries_.front();
    only.dot = dot;
    only.hlc = hlc;
    if (only.value.capacity() / 4 > value.size() + 64) Bytes().swap(only.value);  // not 16 MiB kept for a short one
    only.value.assign(value);
    return;
  }
  if (entries_.empty()) {
    entries_.reserve(1);
    entries_.push_back(Entry{dot, hlc, Bytes(value)});
    return;
  }
  if (!replaces.empty()) std::erase_if(entries_, goes);
  const auto place = entries_.begin() + (place_of(entries_, dot) - entries_.cbegin());
  if (place != entries_.end() && place->dot == dot) {
    *place = Entry{dot, hlc, Bytes(value)};
  } else {
    entries_.insert(place, Entry{dot, hlc, Bytes(value)});
  }
}

bool Register::remove(const std::vector<Dot>& replaces) {
  return std::erase_if(entries_, [&](const Entry& entry) {
           return std::binary_search(replaces.begin(), replaces.end(), entry.dot);
         }) > 0;
}

bool Register::clear(const VersionVector& observed) {
  return std::erase_if(entries_, [&](const Entry& entry) { return observed.covers(entry.dot); }) > 0;
}

std::size_t Register::heap_bytes() const {
  std::size_t bytes = entries_.capacity() * sizeof(Entry);
  for (const Entry& entry : entries_) bytes += heap_of(entry.value) + heap_of(entry.dot.origin.node);
  return bytes;
}

Register join(const Register& a, const Context& seen_a, const Register& b, const Context& seen_b) {
  Register joined;
  auto at_a = a.entries_.begin();
  auto at_b = b.entries_.begin();
  const auto keep = [&](const Register::Entry& entry) { joined.entries_.push_back(entry); };
  while (at_a != a.entries_.end() || at_b != b.entries_.end()) {
    const bool only_a = at_b == b.entries_.end() || (at_a != a.entries_.end() && at_a->dot < at_b->dot);
    const bool only_b = at_a == a.entries_.end() || (at_b != b.entries_.end() && at_b->dot < at_a->dot);
    if (only_a) {
      if (!seen_b.covers(at_a->dot)) keep(*at_a);
      ++at_a;
    } else if (only_b) {
      if (!seen_a.covers(at_b->dot)) keep(*at_b);
      ++at_b;
    } else {
      // One dot is one write, so both are equal, unless someone forged one: then both sides still agree.
      keep(wins_over(*at_a, *at_b) ? *at_a : *at_b);
      ++at_a;
      ++at_b;
    }
  }
  return joined;
}

void encode(const Register& reg, Writer& out) {
  out.varint(reg.entries().size());
  for (const Register::Entry& entry : reg.entries()) {
    encode(entry.dot, out);
    out.u64(entry.hlc.bits);
    out.bytes(entry.value);
  }
}

Register decode_register(Reader& in) {
  Register reg;
  const std::uint64_t count = in.varint_max("register.count", limits::kOriginsMax);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    Register::Entry entry;
    entry.dot = decode_dot(in);
    entry.hlc = Hlc{in.u64("register.hlc")};
    entry.value = Bytes(in.bytes("register.value", limits::kValueBytesMax));
    if (in.ok() && i > 0 && entry.dot <= reg.entries_.back().dot) {
      in.refuse("register.dot", "is not in ascending order");
    }
    reg.entries_.push_back(std::move(entry));
  }
  return reg;
}

}  // namespace pando::crdt
