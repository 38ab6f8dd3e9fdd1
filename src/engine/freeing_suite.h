// engine/freeing_suite.h — for properties: two fleets live through the same, one of them frees what has ended, and
// nobody can tell, at any site, at any time. On top of engine/freer_suite.h.
//
// Freeing needs a write, an end, time, and vouches of everybody that have been heard of, in that order: by chance that
// comes together in a few histories of a hundred. So histories are made of such stories, with anything in between.
#pragma once

#include <rapidcheck.h>

#include <array>
#include <tuple>
#include <vector>

#include "engine/freer_suite.h"

namespace pando::engine::test {

// What is done (mod Do::kCount), at which site (mod 3), which act, and how. Bytes, so that they shrink by themselves.
using FreeingStep = std::tuple<std::uint8_t, std::uint8_t, std::uint8_t, std::uint8_t>;
using FreeingSteps = std::vector<FreeingStep>;

struct FreeingWorlds {
  static constexpr std::size_t kSites = 3;
  enum Do : std::uint8_t {
    kPull,   // all that another site has
    kClock,  // one clock moves, also back
    kPass,   // time passes and all vouch; with an even `how` all hear of all
    kFree,   // what can be freed is, in one of the fleets
    kAct,    // a write
    kAct2,   // another one: they are what histories are about
    kCount,
  };
  // Acts that write something and those that give it an end, by number.
  using Pairs = std::vector<std::pair<std::uint8_t, std::uint8_t>>;

  Fleet frees{kSites};
  Fleet keeps{kSites};
  std::array<std::int64_t, kSites> clocks{kStart, kStart, kStart};
  int freed = 0;

  // Everybody has written, and is known to have.
  FreeingWorlds() {
    for (Fleet* fleet : {&frees, &keeps}) {
      for (std::size_t i = 0; i < kSites; ++i) {
        (*fleet)[i].commit({of_kind(Mutation::Kind::kEnable, "at" + std::to_string(i))});
      }
      fleet->exchange();
    }
  }

  // `act(what, how)` is a Mutation, `free(site)` says how much it freed, `same(a, b)` asserts that readers of two sites
  // see the same.
  template <typename Act, typename Free, typename Same>
  void live(const FreeingSteps& steps, Act act, Free free, Same same) {
    for (const auto& [what, who, which, how] : steps) {
      const std::size_t i = who % kSites;
      switch (what % kCount) {
        case kPull:
          frees[i].pull(frees[how % kSites]);
          keeps[i].pull(keeps[how % kSites]);
          break;
        case kClock:
          clocks[i] += static_cast<std::int64_t>(how) - 40;
          frees[i].set_clock(clocks[i]);
          keeps[i].set_clock(clocks[i]);
          break;
        case kPass: pass(how); break;
        case kFree: freed += free(frees[i]); break;
        default: {
          const Mutation mutation = act(which, how);
          // One that is refused in one of them alone would give the next another number.
          RC_ASSERT(frees[i].try_commit({mutation}).code() == keeps[i].try_commit({mutation}).code());
        }
      }
      same(frees[i], keeps[i]);
    }
    RC_TAG(freed > 0 ? "freed" : "none");
    end(same);
  }

 private:
  void pass(std::uint8_t how) {
    for (std::size_t s = 0; s < kSites; ++s) {
      clocks[s] += how;
      for (Fleet* fleet : {&frees, &keeps}) {
        (*fleet)[s].set_clock(clocks[s]);
        (*fleet)[s].vouch((*fleet)[s].now_ms());
      }
    }
    if (how % 2 != 0) return;
    frees.exchange();
    keeps.exchange();
  }
  template <typename Same>
  void end(Same same) {
    frees.exchange();
    keeps.exchange();
    std::int64_t latest = 0;
    for (std::size_t i = 0; i < kSites; ++i) latest = std::max({latest, frees[i].now_ms(), keeps[i].now_ms()});
    frees.set_clocks(latest);
    keeps.set_clocks(latest);
    const std::string all = keeps[0].cells().digest(latest)->fingerprint;
    for (std::size_t i = 0; i < kSites; ++i) {
      RC_ASSERT(frees[i].cells().digest(latest)->fingerprint == all);
      RC_ASSERT(keeps[i].cells().digest(latest)->fingerprint == all);
      same(frees[i], keeps[i]);
    }
  }
};

// Histories of one to three stories: something is written and gets an end, all hear of it, time passes, all vouch, it
// is freed and written again; between any two steps of one anything may happen, and any step of one may be missing.
inline rc::Gen<FreeingSteps> freeing_steps(FreeingWorlds::Pairs pairs) {
  return rc::gen::exec([pairs = std::move(pairs)] {
    using Worlds = FreeingWorlds;
    const auto below = [](int n) { return static_cast<std::uint8_t>(*rc::gen::resize(100, rc::gen::inRange(0, n))); };
    FreeingSteps steps;
    const auto anything = [&](int chance_in_10, int count_max) {
      if (below(10) >= chance_in_10) return;
      const int count = 1 + below(count_max);
      for (int i = 0; i < count; ++i) steps.emplace_back(below(Worlds::kCount), below(3), below(16), below(256));
    };
    const auto step = [&](std::uint8_t what, std::uint8_t who, std::uint8_t which, std::uint8_t how) {
      if (below(20) > 0) steps.emplace_back(what, who, which, how);
      anything(2, 3);
    };
    const auto even = [&](int from) { return static_cast<std::uint8_t>(from + 2 * below((256 - from) / 2)); };
    anything(5, 8);
    const int stories = 1 + below(3);
    for (int story = 0; story < stories; ++story) {
      const auto& [writes, ends] = pairs[below(static_cast<int>(pairs.size()))];
      const std::uint8_t how = below(256);
      step(Worlds::kAct, below(3), writes, how);
      step(Worlds::kPass, 0, 0, 0);
      step(Worlds::kAct, below(3), ends, static_cast<std::uint8_t>(how % 5 == 0 ? how + 2 : how));
      step(Worlds::kPass, 0, 0, 0);
      step(Worlds::kPass, 0, 0, even(120));
      step(Worlds::kPass, 0, 0, even(0));
      step(Worlds::kFree, below(3), 0, 0);
      step(Worlds::kAct, below(3), below(2) == 0 ? writes : below(16), below(256));
    }
    anything(8, 8);
    return steps;
  });
}

}  // namespace pando::engine::test
