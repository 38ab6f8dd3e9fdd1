// engine/freer_suite.h — sites that vouch for what has ended and free it, for tests. On top of engine/sites_suite.h.
#pragma once

#include <algorithm>
#include <deque>
#include <string>

#include "engine/sites_suite.h"
#include "engine/vouches.h"

namespace pando::engine::test {

inline constexpr std::int64_t kStart = 1'000'000;

// key := value, for so long where that is said.
inline Mutation put(Bytes key, Bytes value, std::optional<std::int64_t> ttl_ms = {}) {
  Mutation m;
  m.key = std::move(key);
  m.value = std::move(value);
  if (ttl_ms) m.ttl = TimeToLive{TimeToLive::Kind::kFor, *ttl_ms};
  return m;
}

// A site that vouches and frees when a test says so.
class Freer : public engine::Site {
 public:
  explicit Freer(std::string name) : Site(std::move(name)) { set_now(kStart); }

  void set_clock(std::int64_t now_ms) {
    clock_ms_ = now_ms;
    set_now(std::max(clock_ms_, promised()));
  }
  std::int64_t promised() { return *promised_clock_ms(cells(), next_dot().origin.node); }
  void vouch(std::int64_t clock_ms) {
    write_ops([&](Draft& made) { return engine::vouch(made, clock_ms); });
    set_clock(clock_ms_);
  }
  // When the clock and all others allow it.
  bool free(const Bytes& key, const std::string& table = "kv") {
    const auto end = *cells().ends_at(table, key);
    if (!end || *end > now_ms()) return false;
    const FreeingNeeds needs = *needs_of(cells(), table, key, *end);
    if (!Stable::of(cells())->covers(needs)) return false;
    EXPECT_TRUE(cells().free_key(table, key).ok());
    return true;
  }
  std::int64_t now_ms() { return std::max(clock_ms_, promised()); }
  bool free_field(const std::string& table, const Bytes& key, const Bytes& field) {
    const auto end = *cells().ends_at(table, key, field);
    if (!end || *end > now_ms() || *counts_in(cells(), table, key, field)) return false;
    const FreeingNeeds needs = *needs_of(cells(), table, key, *end, field);
    if (!Stable::of(cells())->covers(needs)) return false;
    EXPECT_TRUE(cells().free_field(table, key, field).ok());
    return true;
  }
  std::string get(const Bytes& key) {
    const auto reply = ask<ValueReply>(GetRequest{.key = key});
    return reply.found ? reply.value : "-";
  }
  bool vouched() { return vouch_of(cells(), next_dot().origin)->has_value(); }

 private:
  std::int64_t clock_ms_ = kStart;
};

class Fleet {
 public:
  explicit Fleet(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) sites_.emplace_back("dc" + std::to_string(i + 1));
  }
  Freer& operator[](std::size_t i) { return sites_[i]; }
  void exchange() {
    for (std::size_t round = 0; round < sites_.size(); ++round) {
      for (Freer& to : sites_) {
        for (Freer& from : sites_) {
          if (&to != &from) to.pull(from);
        }
      }
    }
  }
  void set_clocks(std::int64_t now_ms) {
    for (Freer& site : sites_) site.set_clock(now_ms);
  }

 private:
  std::deque<Freer> sites_;
};

}  // namespace pando::engine::test
