// repl/release.h — what was added to the protocol since its beginning, in order, and how a node speaks that does not
// know all of it yet.
//
// A fleet is brought to a newer release node by node, so for a while old and new are linked. Whatever a release
// brought, the other end is told of it in the Hello (a version, a feature, an option) and nothing of it is sent to who
// did not say so. A node that speaks as of an earlier release says, sends and understands nothing that came later. That
// is for tests and the simulator, where it stands for an older binary; a real one is newer with every restart.
//
// What came later than `kFirst` was announced by:
//   kFrontier    an option of Heartbeat, skipped by those who do not know it
//   kHave        protocol version 2
//   kPacked      feature bit 0, and Hello option 2 (accepts)
//   kQuarantine  a frame of an optional kind
//   kResync      feature bit 1
//   kParts       feature bit 2, and Hello option 3 (tables)
//   kCluster     Hello option 4
//   kGrowth      feature bit 3, and Hello option 5 (patchy)
//   kMet         Hello option 6
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "repl/frame.h"

namespace pando::repl {

enum class Release : std::uint8_t {
  kFirst = 1,
  kFrontier,
  kHave,
  kPacked,
  kQuarantine,
  kResync,
  kParts,
  kCluster,
  kGrowth,
  kMet,
};
inline constexpr Release kReleaseNow = Release::kMet;

// "first", "frontier", …, "met".
std::string_view release_name(Release release);

std::optional<Release> find_release(std::string_view name);

// The Hello as one of `release` would say it; or as it would understand it, whoever said it.
void hold_back(Hello& hello, Release release);
// What came since and is not in this Hello, of what Hellos tell: "have, packed". Empty for one of `release`, or later.
std::string lacking(const Hello& hello, Release release);
// What one of `release` takes for a frame that it does not know: kUnimplemented, and the link is over. Frames of
// optional kinds pass.
Status understands(const Frame& frame, Release release);

}  // namespace pando::repl
