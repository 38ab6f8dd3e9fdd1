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
};

// "dc1" in its first epoch, "dc1#2" later.
std::string to_string(const Origin& origin);
// The reverse; nothing when the text is no origin.
std::optional<Origin> parse_origin(std::string_view text);
// kInvalidArgument naming the rule that was broken.
Status validate_node_name(ByteSpan name);

// bytes(node) varint(epoch)
void encode(const Origin& origin, Writer& out);
Origin decode_origin(Reader& in);

// The name of one commit, and of everything that commit wrote.
struct Dot {
  Origin origin;
  Seq seq;

  friend auto operator<=>(const Dot&, const Dot&) = default;
};

std::string to_string(const Dot& dot);  // "dc1:17"

// origin varint(seq)
void encode(const Dot& dot, Writer& out);
Dot decode_dot(Reader& in);

// varint(count) dots. Decoding refuses more than limits::kSiblingsMax.
void encode(const std::vector<Dot>& dots, Writer& out);
std::vector<Dot> decode_dots(Reader& in);

}  // namespace pando
