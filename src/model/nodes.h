// model/nodes.h — who replicates a namespace: looking at them, draining one, and declaring that one is gone for good.
//
//   drain    a node takes no client's writes any more and hands on what only it has, so that it can be stopped. Of this
//            process: a restarted node takes writes again
//   retire   a node that stays declares that another one is gone: nobody waits for it any more. Replicated data
//            (engine/retired.h), for good: what comes back under that name comes back as a later epoch
//
// docs/design/020-retired-nodes.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pando {

struct ListNodesRequest {};
struct NodesReply {
  enum class State : std::uint8_t {
    kSelf,
    kLinked,   // a link to it is up
    kAway,     // known, no link to it is up (it may be linked to others)
    kRetired,  // gone for good, as far as anybody here knows
  };
  struct Node {
    std::string name;
    State state = State::kAway;
    std::uint64_t epoch = 0;    // the latest whose commits are here, or at a peer; 0: none
    std::uint64_t commits = 0;  // here, of all its epochs
    // Retired once, whether or not a later epoch has come back since: up to which epoch, by whom, when.
    std::uint64_t retired_epoch = 0;  // 0: never
    std::string retired_by = {};
    std::int64_t retired_at_ms = 0;
  };
  std::vector<Node> nodes;  // by name
};
std::string_view node_state_name(NodesReply::State state);

// kNotFound for a node that nobody here has heard of, kConflict while a link to it is up, or for this node itself.
struct RetireNodeRequest {
  std::string node;
  bool dry_run = false;    // only say what would be lost
  bool disk_lost = false;  // its disks will not come back
};
struct RetireReply {
  std::string node;
  std::uint64_t epoch = 0;            // retired up to this one
  bool done = false;                  // false: only asked
  std::uint64_t commits = 0;          // of it that are here
  std::uint64_t missing_commits = 0;  // that it said it has, and that are not here. They come if its disk comes back
  // Bounded counters of which it holds rights that nobody can use any more, and the rights.
  std::uint64_t counters = 0;
  std::uint64_t rights = 0;
  friend bool operator==(const RetireReply&, const RetireReply&) = default;
};

struct DrainRequest {
  enum class Change : std::uint8_t { kNone, kBegin, kEnd };
  Change change = Change::kNone;
};
struct DrainReply {
  struct Peer {
    std::string name;
    std::uint64_t lacks_commits = 0;  // of those here; not on its disk yet, as far as it said
    friend bool operator==(const Peer&, const Peer&) = default;
  };
  bool draining = false;
  bool safe = false;  // everything is elsewhere: the process can be stopped, and its disk lost
  std::uint64_t transactions = 0;
  std::uint64_t counters = 0;  // bounded ones of which this node still holds rights
  bool looking = false;        // not all counters have been looked at yet
  std::vector<Peer> peers;     // linked now, that take all tables; by name
  friend bool operator==(const DrainReply&, const DrainReply&) = default;
};

}  // namespace pando
