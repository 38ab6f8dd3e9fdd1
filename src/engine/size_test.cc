// How much is stored and sent: what a cell costs beside the user's bytes, and what deleting very many of them costs.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <functional>

#include "engine/site_suite.h"

namespace pando::engine::size_test {
namespace {

using test::of_kind;
using test::Site;
using test::with_detail;

constexpr std::size_t kOverheadBytesMax = 64;
constexpr std::size_t kCells = 1000;

Bytes numbered(std::string_view name, std::size_t i) { return fmt::format("{}:{:06}", name, i); }

// The bytes of keys and values that a checkpoint stores, as RocksDB gets them.
std::size_t bytes_stored(Site& site) {
  site.checkpoint();
  std::size_t bytes = 0;
  for (const auto at = site.kv().scan({}, {}); at->valid(); at->next()) bytes += at->key().size() + at->value().size();
  return bytes;
}

struct Kept {
  const char* what;
  // The i-th cell.
  std::function<Mutation(std::size_t i)> write;
  // What of it is the user's: key, member or field, and value (8 for a number).
  std::size_t user_bytes;
};

std::vector<Kept> small_things() {
  using Kind = Mutation::Kind;
  const std::size_t key = numbered("user", 0).size();
  const std::size_t member = numbered("member", 0).size();
  const Bytes value = "a value of thirty-two bytes long";
  return {
      {"value",
       [value](std::size_t i) {
         Mutation m = of_kind(Kind::kPut, numbered("user", i));
         m.value = value;
         return m;
       },
       key + value.size()},
      {"counter",
       [](std::size_t i) {
         Mutation m = of_kind(Kind::kAdd, numbered("user", i));
         m.delta = 1;
         return m;
       },
       key + 8},
      {"flag", [](std::size_t i) { return of_kind(Kind::kEnable, numbered("user", i)); }, key},
      {"member of a set",
       [](std::size_t i) {
         Mutation m = of_kind(Kind::kAddMembers, numbered("user", 0));
         m.members = {numbered("member", i)};
         return m;
       },
       key + member},
      {"field of a row",
       [value](std::size_t i) {
         Mutation m = of_kind(Kind::kPutColumns, numbered("user", 0));
         m.table = std::string(kTableRow);
         m.columns = {{numbered("member", i), value}};
         return m;
       },
       key + member + value.size()},
      {"member of a sorted set",
       [](std::size_t i) {
         return with_detail(numbered("user", 0), SetScores{{{numbered("member", i), 100.0 + static_cast<double>(i)}}});
       },
       key + member + 8},
      {"item of a list",
       [value](std::size_t) {
         return with_detail(numbered("user", 0), ListPush{ListEnd::kBack, {value}, false});
       },
       key + value.size()},
  };
}

TEST(Size, ACellCostsLittleBesideTheUsersBytes) {
  std::printf("%-24s %10s %10s %10s\n", "bytes per", "stored", "user's", "overhead");
  for (const Kept& kept : small_things()) {
    Site site("datacenter-1");
    site.write(kept.write(0));
    const std::size_t before = bytes_stored(site);
    for (std::size_t i = 1; i <= kCells; ++i) site.write(kept.write(i));
    const double stored = static_cast<double>(bytes_stored(site) - before) / kCells;
    const double overhead = stored - static_cast<double>(kept.user_bytes);
    std::printf("%-24s %10.1f %10zu %10.1f\n", kept.what, stored, kept.user_bytes, overhead);
    EXPECT_LE(overhead, kOverheadBytesMax) << kept.what;
  }
}

struct Collection {
  const char* what;
  std::function<Mutation(std::size_t first, std::size_t last)> fill;
  std::function<Mutation()> erase;
};

template <typename Each>
auto range_of(std::size_t first, std::size_t last, Each each) {
  std::vector<decltype(each(first))> all;
  for (std::size_t i = first; i < last; ++i) all.push_back(each(i));
  return all;
}

std::vector<Collection> collections() {
  using Kind = Mutation::Kind;
  const auto member = [](std::size_t i) { return numbered("member", i); };
  return {
      {"set",
       [member](std::size_t first, std::size_t last) {
         Mutation m = of_kind(Kind::kAddMembers, "k");
         m.members = range_of(first, last, member);
         return m;
       },
       [] { return of_kind(Kind::kDelete, "k"); }},
      {"row",
       [member](std::size_t first, std::size_t last) {
         Mutation m = of_kind(Kind::kPutColumns, "k");
         m.table = std::string(kTableRow);
         m.columns = range_of(first, last, [&](std::size_t i) { return std::pair(member(i), Bytes("v")); });
         return m;
       },
       [] {
         Mutation m = of_kind(Kind::kDeleteRow, "k");
         m.table = std::string(kTableRow);
         return m;
       }},
      {"sorted set",
       [member](std::size_t first, std::size_t last) {
         return with_detail("k", SetScores{range_of(first, last, [&](std::size_t i) {
                              return SetScores::Entry{member(i), static_cast<double>(i)};
                            })});
       },
       [] { return of_kind(Kind::kDelete, "k"); }},
      {"list",
       [member](std::size_t first, std::size_t last) {
         return with_detail("k", ListPush{ListEnd::kBack, range_of(first, last, member), false});
       },
       [] { return of_kind(Kind::kDelete, "k"); }},
  };
}

// However many cells a key has, its deletion is a commit of the same few bytes. PANDO_TEST_CELLS=1000000 deletes a
// million of them, which takes minutes and a gigabyte; by default a fiftieth of that.
TEST(Size, DeletingAKeyOfAMillionCellsIsOneSmallDelta) {
  const char* wanted = std::getenv("PANDO_TEST_CELLS");
  const std::size_t many = wanted == nullptr ? 20'000 : std::strtoul(wanted, nullptr, 10);
  constexpr std::size_t kAtOnce = 1000;
  for (const Collection& collection : collections()) {
    std::size_t bytes_of_few = 0;
    for (const std::size_t size : {std::size_t{10}, many}) {
      Site here("dc1");
      Site there("dc2");
      for (std::size_t i = 0; i < size; i += kAtOnce) {
        there.deliver(here.write(collection.fill(i, std::min(size, i + kAtOnce))).commit);
      }
      EXPECT_GE(here.cell_count(), size) << collection.what;
      const Commit erased = here.write(collection.erase()).commit;
      there.deliver(erased);
      EXPECT_EQ(erased.ops.size(), 1U) << collection.what;
      const std::size_t bytes = encode_commit(erased).size();
      if (bytes_of_few == 0) bytes_of_few = bytes;
      EXPECT_LE(bytes, bytes_of_few + 4) << collection.what;  // its number and stamp have more digits
      EXPECT_LE(bytes, 100U) << collection.what;
      EXPECT_EQ(there.cell_count(), 0U) << collection.what;
      EXPECT_EQ(there.digest(), here.digest()) << collection.what;
    }
  }
}

}  // namespace
}  // namespace pando::engine::size_test
