#include "repl/release.h"

#include <fmt/core.h>

#include <algorithm>

#include "model/commit.h"

namespace pando::repl {
namespace {

std::uint64_t features_of(Release release) {
  std::uint64_t features = 0;
  if (release >= Release::kPacked) features |= kFeaturePacked;
  if (release >= Release::kResync) features |= kFeatureResync;
  if (release >= Release::kParts) features |= kFeatureParts;
  if (release >= Release::kGrowth) features |= kFeatureGrowth;
  return features;
}

Status unknown(std::string_view what, Release release) {
  return Status(StatusCode::kUnimplemented,
                fmt::format("{} came, which release '{}' does not know", what, release_name(release)));
}

Status understands_body(const Body& body, Release release) {
  if (body.unpacked != nullptr && release < Release::kPacked) return unknown("a packed item", release);
  for (const BodyItem& item : body.items) {
    if (!std::holds_alternative<ByteSpan>(item) && release < Release::kHave) return unknown("a have", release);
    if (release >= Release::kParts || std::holds_alternative<Have>(item)) continue;
    const Result<CommitHead> head = peek_head(commit_of(item));
    if (head && (head->divided || head->first != head->dot.seq)) return unknown("a commit with sections", release);
  }
  return {};
}

}  // namespace

std::string_view release_name(Release release) {
  switch (release) {
    case Release::kFirst: return "first";
    case Release::kFrontier: return "frontier";
    case Release::kHave: return "have";
    case Release::kPacked: return "packed";
    case Release::kQuarantine: return "quarantine";
    case Release::kResync: return "resync";
    case Release::kParts: return "parts";
    case Release::kCluster: return "cluster";
    case Release::kGrowth: return "growth";
    case Release::kMet: return "met";
  }
  return "unknown";
}

std::optional<Release> find_release(std::string_view name) {
  for (auto i = static_cast<std::uint8_t>(Release::kFirst); i <= static_cast<std::uint8_t>(kReleaseNow); ++i) {
    if (const auto release = static_cast<Release>(i); release_name(release) == name) return release;
  }
  return std::nullopt;
}

void hold_back(Hello& hello, Release release) {
  if (release == kReleaseNow) return;
  if (release < Release::kHave) hello.version = std::min(hello.version, kVersionHave - 1);
  hello.features &= features_of(release) | ~kFeatures;
  if (release < Release::kPacked) hello.unacked_bytes_max = hello.bytes_per_s_max = 0;
  if (release < Release::kParts) hello.tables = {};
  if (release < Release::kCluster) hello.cluster.clear();
  if (release < Release::kGrowth) hello.patchy.reset();
  if (release < Release::kMet) {
    hello.incarnation = 0;
    hello.met.clear();
  }
}

std::string lacking(const Hello& hello, Release release) {
  std::string text;
  const auto lacks = [&](Release since, bool there) {
    if (there || release < since) return;
    text += fmt::format("{}{}", text.empty() ? "" : ", ", release_name(since));
  };
  lacks(Release::kHave, hello.version >= kVersionHave);
  lacks(Release::kPacked, (hello.features & kFeaturePacked) != 0);
  lacks(Release::kResync, (hello.features & kFeatureResync) != 0);
  lacks(Release::kParts, (hello.features & kFeatureParts) != 0);
  lacks(Release::kGrowth, (hello.features & kFeatureGrowth) != 0);
  return text;
}

Status understands(const Frame& frame, Release release) {
  if (release == kReleaseNow) return {};
  if (const Body* body = std::get_if<Body>(&frame)) return understands_body(*body, release);
  if (release < Release::kHave) {
    if (std::holds_alternative<Route>(frame)) return unknown("route", release);
    if (std::holds_alternative<Want>(frame)) return unknown("want", release);
  }
  if (release < Release::kResync && std::holds_alternative<ResyncFrame>(frame)) return unknown("resync", release);
  return {};
}

}  // namespace pando::repl
