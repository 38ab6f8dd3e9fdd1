// model/version_vector.h — which commits have been seen: per origin, all up to a number.
//
// A VersionVector is a causally closed set of dots: (origin, n) in it means (origin, 1..n) are. Entries are
// kept sorted by origin and never zero, so equal sets have equal bytes.
// A Context adds exceptions, single dots seen ahead of a gap. "Absent here, and my context covers your dot"
// means deleted; "absent and not covered" means not seen yet. That is why there are no tombstones.
// (Almeida, Shoker, Baquero: "Delta state replicated data types", 2018; Preguiça et al., dotted version vectors.)
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/origin.h"

namespace pando {

class VersionVector {
 public:
  using Entry = std::pair<Origin, Seq>;

  Seq get(const Origin& origin) const;  // Seq(0) when nothing of it was seen
  bool covers(const Dot& dot) const { return dot.seq <= get(dot.origin); }
  bool covers(const VersionVector& other) const;
  // Whether it has commits of `node`, under whatever epoch, that `other` has not.
  bool has_more_of(std::string_view node, const VersionVector& other) const;

  // Raises one entry; lower numbers change nothing.
  void raise(const Origin& origin, Seq seq);
  // The union of both sets.
  void merge(const VersionVector& other);

  bool empty() const { return entries_.empty(); }
  const std::vector<Entry>& entries() const { return entries_; }

  friend bool operator==(const VersionVector&, const VersionVector&) = default;

 private:
  std::vector<Entry> entries_;
};

std::string to_string(const VersionVector& vector);  // "{dc1:17, dc2:4}"

// varint(count) then origin varint(seq) each, strictly ascending by origin. At most limits::kOriginsMax.
void encode(const VersionVector& vector, Writer& out);
VersionVector decode_version_vector(Reader& in);

// How many commits `all` covers and `known` does not.
std::uint64_t commits_beyond(const VersionVector& all, const VersionVector& known);

class Context {
 public:
  Context() = default;
  explicit Context(VersionVector vector) : vector_(std::move(vector)) {}

  bool covers(const Dot& dot) const;
  // Adds one dot; exceptions that became contiguous fold into the vector.
  void add(const Dot& dot);
  void merge(const Context& other);

  const VersionVector& vector() const { return vector_; }
  // Sorted; none is covered by vector().
  const std::vector<Dot>& exceptions() const { return exceptions_; }

  friend bool operator==(const Context&, const Context&) = default;

 private:
  void fold();

  VersionVector vector_;
  std::vector<Dot> exceptions_;
};

// version vector, then varint(count) dots, strictly ascending.
void encode(const Context& context, Writer& out);
Context decode_context(Reader& in);

}  // namespace pando
