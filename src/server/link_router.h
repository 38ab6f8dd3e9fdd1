// server/link_router.h — what gRPC's threads report about links, to the shard it concerns.
//
// A link that was dialled is of the shard that dialled it. One that a peer opened is of the first shard until its first
// frame, the Hello, names a namespace; then it is of that namespace's owner, to whom it is as if it had just come up.
// From the first frame on nothing moves.
//
// Dials are numbered by each shard for itself; on the wire between them and io::Links they are unique (dial_number()).
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "io/grpc/links.h"
#include "server/shard_map.h"

namespace pando::server {

class LinkRouter final : public io::LinkEvents {
 public:
  // `check_names`: peers must be whom their certificates name. `shards` outlives this.
  LinkRouter(const ShardMap& shards, bool check_names) : shards_(shards), check_names_(check_names) {}

  // The number of a dial among those of all shards.
  static std::uint64_t dial_number(std::uint64_t dial_id, std::size_t shard, std::size_t shards) {
    return dial_id * shards + shard;
  }

  // gRPC's threads; for one link one at a time.
  void up(LinkId id, std::uint64_t dial_id, std::string peer, io::PeerNames names) override;
  void frame(LinkId id, Bytes frame) override;
  void drained(LinkId id, std::size_t bytes) override;
  void down(LinkId id, std::uint64_t dial_id, std::string reason) override;

 private:
  struct Open {
    Driver* driver = nullptr;
    bool greeted = true;  // false: opened by a peer who has not said Hello
    std::string peer = {};
    io::PeerNames names = {};
  };
  Driver* driver_of(LinkId id);
  // Whose the link is now that this came on it.
  Driver* settle(LinkId id, ByteSpan first_frame);

  const ShardMap& shards_;
  const bool check_names_;
  std::mutex mutex_;
  std::map<LinkId, Open> open_;
};

}  // namespace pando::server
