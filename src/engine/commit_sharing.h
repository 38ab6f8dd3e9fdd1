// engine/commit_sharing.h — which writes that came together, each for itself, may stand in one commit.
//
// A commit costs about as much as deciding what is in it, so what a client sends without waiting in between, and what
// several clients send in one turn, is put into as few as nobody can tell from many: every write of a commit is about a
// key that no other one is about, or adds other elements to the same set, row, sorted set or list right behind the one
// before. So each reads what it would have read alone, no value is overwritten before anybody saw it, and a watcher is
// told of every value.
//
// Borrows from the writes it looked at, until clear().
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "model/request.h"

namespace pando::engine {

class CommitSharing {
 public:
  enum class Fit {
    kAlone,    // in a commit of its own
    kAfter,    // not with those before it: it begins the next commit
    kNewKey,   // with them
    kSameKey,  // with them, and about the key of the last one
  };

  // How `write` fits to those that were looked at since clear(); it is one of them from then on. After kAlone and
  // kAfter those are forgotten.
  Fit look(const WriteRequest& write);
  void clear();

 private:
  Fit join(const WriteRequest& write);

  struct Name {
    ByteSpan bytes;
    std::uint64_t tail = 0;  // the last eight of them: tells most from each other
    explicit Name(ByteSpan name) : bytes(name) {
      if (name.size() >= sizeof(tail)) {
        std::memcpy(&tail, name.data() + name.size() - sizeof(tail), sizeof(tail));
      } else {
        for (const char c : name) tail = tail << 8 | static_cast<unsigned char>(c);
      }
    }
    bool operator==(const Name& other) const { return tail == other.tail && bytes == other.bytes; }
  };
  static bool holds(const std::vector<Name>& all, const Name& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  }

  std::vector<Name> keys_;      // of table kv; the last one is the one elements_ are of
  std::vector<Name> elements_;  // that were added to it
  bool only_adds_ = false;      // nothing else happened to the last key
  std::size_t bytes_ = 0;
};

}  // namespace pando::engine
