// crdt/register.h — a value that many may write at once: every concurrent write is kept, one is shown.
//
// A register is a set of entries, one per write that no other write here has seen. A write carries the dots
// it replaces (those its writer saw); what it did not see stays beside it. So after concurrent writes there
// are several entries, and the next write that saw them all leaves one.
//
//   dc1 puts "a" (dc1:1); dc1 puts "b" seeing it (dc1:2, replaces dc1:1); dc2 meanwhile puts "c" (dc2:1)
//   everywhere, in any order of arrival: {dc1:2 "b", dc2:1 "c"}; shown is the one with the larger stamp
//
// No tombstones: an entry that is absent although the context covers its dot was replaced or removed. A late
// copy of an old put must therefore be recognised by the context before it gets here (apply/apply.h does).
// Equal states have equal bytes. Dotted version vector sets: Preguiça, Baquero et al., 2012. One thread.
#pragma once

#include <vector>

#include "base/hlc.h"
#include "model/version_vector.h"

namespace pando::crdt {

class Register {
 public:
  struct Entry {
    Dot dot;
    Hlc hlc;
    Bytes value;
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  bool empty() const { return entries_.empty(); }
  // More than one: concurrent writes that nobody has seen together yet.
  bool conflicted() const { return entries_.size() > 1; }
  const std::vector<Entry>& entries() const { return entries_; }  // sorted by dot
  // What a writer that sees this replaces. Sorted.
  std::vector<Dot> dots() const;

  // Not empty, and every entry holds `value`: how guards are read, where one concurrent no is a no.
  bool all(ByteSpan value) const;

  // The entry that reads show: the one that wins_over() all others. Null when empty. Every site picks
  // the same one. The others stay until a write that saw them replaces them. With `but`: as though that one were not.
  const Entry* resolve(const Dot* but = nullptr) const;

  // `replaces` is sorted. Doing it twice changes nothing; an entry of the same dot gets the new value.
  void put(const Dot& dot, Hlc hlc, ByteSpan value, const std::vector<Dot>& replaces);
  // True when something was removed.
  bool remove(const std::vector<Dot>& replaces);
  // Removes every entry whose dot `observed` covers. True when something was removed.
  bool clear(const VersionVector& observed);

  // Of the entries and their values, for cache accounting; an estimate.
  std::size_t heap_bytes() const;

  friend bool operator==(const Register&, const Register&) = default;
  friend Register join(const Register& a, const Context& seen_a, const Register& b, const Context& seen_b);
  friend Register decode_register(Reader& in);

 private:
  std::vector<Entry> entries_;
};

// By (hlc, origin, value bytes).
bool wins_over(const Register::Entry& a, const Register::Entry& b);

// The state that has seen what both have seen: an entry survives when both hold it, or one holds it and the
// other has never seen its dot. The arguments may be swapped.
Register join(const Register& a, const Context& seen_a, const Register& b, const Context& seen_b);

// varint(count) then per entry, ascending by dot: dot u64(hlc) bytes(value). docs/formats/cells.md.
void encode(const Register& reg, Writer& out);
Register decode_register(Reader& in);

}  // namespace pando::crdt
