// server/shard_map.h — the shards of the process, as each of them finds the others.
//
// Who owns a namespace, and at whose door a client asked: every HTTP server makes ids with a tag of its own, and one
// door takes the clients of the Redis protocol. Filled before the loops run, and never changed after that: any thread
// may look.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace pando::server {

class Driver;

class ShardMap {
 public:
  static constexpr std::size_t kShardsMax = 128;

  // The next shard, and its namespaces. All drivers outlive the map's last use.
  void add(Driver& driver, const std::vector<std::string>& namespaces) {
    CHECK(drivers_.size() < kShardsMax);
    for (const std::string& ns : namespaces) owners_.emplace(ns, &driver);
    drivers_.push_back(&driver);
  }

  std::size_t size() const { return drivers_.size(); }
  Driver& at(std::size_t shard) const { return *drivers_.at(shard); }
  // Null when there is no namespace of that name.
  Driver* owner_of(std::string_view ns) const {
    const auto at = owners_.find(ns);
    return at == owners_.end() ? nullptr : at->second;
  }

  // Where clients of the Redis protocol ask. Before the loops run.
  void set_resp_door(Driver& driver) { resp_door_ = &driver; }

  // The top byte of the ids that the HTTP server of a shard makes.
  static std::uint8_t http_tag(std::size_t shard) { return static_cast<std::uint8_t>(kFirstTag + shard); }
  // At whose door the client of that id asked.
  Driver& door_of(std::uint64_t id) const {
    const std::uint64_t tag = id >> 56;
    if (tag >= kFirstTag) return at(tag - kFirstTag);
    CHECK(resp_door_ != nullptr);
    return *resp_door_;
  }

 private:
  static constexpr std::uint8_t kFirstTag = 0x80;  // those below are of other protocols

  std::vector<Driver*> drivers_;
  Driver* resp_door_ = nullptr;  // null: not served
  std::map<std::string, Driver*, std::less<>> owners_;
};

}  // namespace pando::server
