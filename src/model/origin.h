// model/origin.h — who made a commit, and which of its commits.
//
// An origin is a node name plus an epoch. A new epoch starts whenever the node cannot prove that it still
// has every commit it ever made (restored backup, cloned disk), so a (origin, seq) pair is never reused.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/codec.h"
#include "base/ids.h"

namespace pando {

struct Origin {
  std::string node;  // 1 to limits::kNodeNameBytesMax bytes of [A-Za-z0-9._-]
  std::uint64_t epoch = 1;

  friend auto operator<=>(const Origin&, const Origin&) = default;
  friend bool operator==(const Origin& a, const Origin& b) { return a.epoch == b.epoch && same_bytes(a.node, b.node); }
};

// "dc1" in its first epoch, "dc1#2" later.
std::string to_string(const Origin& origin);
// The reverse; nothing when the text is no origin.
std::optional<Origin> parse_origin(std::string_view text);
// kInvalidArgument naming the rule that was broken.
Status validate_node_name(ByteSpan name);

// bytes(node) varint(epoch)
template <typename Out>  // Writer, RawWriter
void encode(const Origin& origin, Out& out) {
  out.bytes(origin.node);
  out.varint(origin.epoch);
}
Origin decode_origin(Reader& in);

// The name of one commit, and of everything that commit wrote.
struct Dot {
  Origin origin;
  Seq seq;

  friend auto operator<=>(const Dot&, const Dot&) = default;
  friend bool operator==(const Dot& a, const Dot& b) { return a.seq == b.seq && a.origin == b.origin; }
};

std::string to_string(const Dot& dot);  // "dc1:17"

// origin varint(seq)
template <typename Out>
void encode(const Dot& dot, Out& out) {
  encode(dot.origin, out);
  out.varint(dot.seq.value);
}
Dot decode_dot(Reader& in);

// varint(count) dots. Decoding refuses more than limits::kSiblingsMax.
template <typename Out>
void encode(const std::vector<Dot>& dots, Out& out) {
  out.varint(dots.size());
  for (const Dot& dot : dots) encode(dot, out);
}
std::vector<Dot> decode_dots(Reader& in);

}  // namespace pando
