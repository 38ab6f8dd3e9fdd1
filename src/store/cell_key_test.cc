#include "store/cell_key.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <tuple>

namespace pando::store::cell_key_test {
namespace {

using namespace std::string_literals;

// Every key of up to three bytes over the ones that have a meaning in the encoding or beside it.
std::vector<Bytes> tricky_keys() {
  std::vector<Bytes> keys;
  const Bytes alphabet{'\x00', '\x01', '\x02', 'a', '\xFE', '\xFF'};
  for (const char a : alphabet) {
    keys.push_back({a});
    for (const char b : alphabet) {
      keys.push_back({a, b});
      for (const char c : alphabet) keys.push_back({a, b, c});
    }
  }
  return keys;
}

TEST(CellKey, OrderIsTableThenKeyThenKindThenElement) {
  std::vector<CellPath> paths;
  for (const std::string_view table : {"a", "ab", "b"}) {
    for (const Bytes& key : tricky_keys()) {
      paths.push_back({std::string(table), key, CellKind::kRegister, ""});
      paths.push_back({std::string(table), key, CellKind::kCounter, ""});
      paths.push_back({std::string(table), key, CellKind::kFlag, ""});
      for (const Bytes& element : {""s, "\x00"s, "\x01"s, "a"s, "\xFE"s, "\xFF"s, "\xFF\xFF"s}) {
        paths.push_back({std::string(table), key, CellKind::kField, element});
        if (!element.empty()) paths.push_back({std::string(table), key, CellKind::kMember, element});
      }
    }
  }
  std::sort(paths.begin(), paths.end());
  for (std::size_t i = 1; i < paths.size(); ++i) {
    ASSERT_LT(cell_key(paths[i - 1]), cell_key(paths[i])) << i;
  }
  for (const CellPath& path : paths) {
    const auto back = decode_cell_key(cell_key(path));
    ASSERT_TRUE(back) << back.error().to_string();
    ASSERT_EQ(*back, path);
  }
}

// One key may be written as another one's element would be, if its zeros were not.
TEST(CellKey, OnlyItsOwnNameIsAKeysName) {
  std::vector<CellPath> paths;
  for (const Bytes& key : {"k"s, "k\x00"s, "k\x00\x01\x03"s, "k\x00\x01\x03x"s, "a key of 8"s, "a key of more than 16"s,
                           "a key of more than 32, as some are"s, "a key with a \x00 in its middle"s}) {
    for (const Bytes& element : {""s, "x"s, "x\x00\x01\x01"s, "\x00\x01\x01"s, "an element of some length"s}) {
      for (const CellKind kind : {CellKind::kRegister, CellKind::kCounter, CellKind::kField}) {
        paths.push_back({"kv", key, kind, element});
        paths.push_back({"kw", key, kind, element});
      }
    }
  }
  for (const CellPath& a : paths) {
    for (const CellPath& b : paths) {
      const bool plain = a.key.find('\0') == Bytes::npos;
      ASSERT_EQ(is_plain_key_of(a, cell_key(b)), plain && a == b) << cell_key(a) << " and " << cell_key(b);
    }
  }
}

// The trap: an internal marker byte that users' keys may also start with.
TEST(CellKey, NoKeyAliasesAnother) {
  const std::vector<Bytes> keys = tricky_keys();
  for (const Bytes& a : keys) {
    Bytes prefix;
    append_key_prefix("kv", a, prefix);
    for (const Bytes& b : keys) {
      const bool inside = ByteSpan(cell_key({"kv", b, CellKind::kField, "x"})).starts_with(prefix);
      ASSERT_EQ(inside, a == b);
    }
  }
}

TEST(CellKey, ScanPrefixHoldsExactlyTheKeysThatStartLikeIt) {
  const std::vector<Bytes> keys = tricky_keys();
  for (const Bytes& start : keys) {
    Bytes from;
    append_scan_prefix("kv", start, from);
    const Bytes to = prefix_end(from);
    for (const Bytes& key : keys) {
      const Bytes cell = cell_key({"kv", key, CellKind::kRegister, ""});
      ASSERT_EQ(from <= cell && cell < to, key.starts_with(start));
    }
  }
}

TEST(CellKey, PrefixEnd) {
  const std::tuple<Bytes, Bytes, const char*> rows[] = {
      {"a", "b", "the next byte"},
      {"a\xFE", "a\xFF", "up to 0xFF"},
      {"a\xFF", "b", "0xFF cannot grow, the byte before it does"},
      {"\xFF\xFF", "", "nothing is above: to the end"},
      {"", "", "everything starts with nothing"},
  };
  for (const auto& [prefix, end, why] : rows) EXPECT_EQ(prefix_end(prefix), end) << why;
}

TEST(CellKey, GoldenBytes) {
  EXPECT_EQ(cell_key({"kv", "user:1", CellKind::kRegister, ""}), "\x01kv\x00user:1\x00\x01\x01"s);
  EXPECT_EQ(cell_key({"kv", "x\0y"s, CellKind::kCounter, ""}), "\x01kv\x00x\x00\xFFy\x00\x01\x02"s);
  EXPECT_EQ(cell_key({"row", "\xFE", CellKind::kField, "name"}), "\x01row\x00\xFE\x00\x01\x03name"s);
  EXPECT_EQ(cell_key({"kv", "team", CellKind::kMember, "ada"}),
            "\x01kv\x00team\x00\x01\x04"
            "ada"s);
  EXPECT_EQ(cell_key({"kv", "open", CellKind::kFlag, ""}), "\x01kv\x00open\x00\x01\x05"s);
}

TEST(CellKey, RefusesWhatItDidNotMake) {
  const std::pair<Bytes, const char*> rows[] = {
      {"", "empty"},
      {Bytes("\0checkpoint", 11), "meta space"},
      {"\x01kv", "table not terminated"},
      {"\x01KV\x00k\x00\x01\x01"s, "not a table name"},
      {"\x01kv\x00key"s, "key not terminated"},
      {"\x01kv\x00key\x00"s, "cut in the terminator"},
      {"\x01kv\x00ke\x00\x02y\x00\x01\x01"s, "unknown escape"},
      {"\x01kv\x00\x00\x01\x01"s, "empty key"},
      {"\x01kv\x00key\x00\x01"s, "no kind"},
      {"\x01kv\x00key\x00\x01\x15"s, "unknown kind"},
  };
  for (const auto& [bytes, why] : rows) {
    const auto path = decode_cell_key(bytes);
    ASSERT_FALSE(path) << why;
    EXPECT_EQ(path.error().code(), StatusCode::kDataLoss) << why;
  }
}

RC_GTEST_PROP(CellKey, AnyKeyAndElementComeBack, (const Bytes& key, const Bytes& element)) {
  RC_PRE(!key.empty());
  const CellPath path{"t", key, CellKind::kField, element};
  const Bytes bytes = cell_key(path);
  RC_ASSERT(decode_cell_key(bytes).value() == path);
  RC_ASSERT(bytes.size() - key_prefix_size(bytes) == 1 + element.size());
}

}  // namespace
}  // namespace pando::store::cell_key_test
