#include "store/cell.h"

#include <gtest/gtest.h>

#include "store/cell_key.h"

namespace pando::store::cell_test {
namespace {

using namespace std::string_literals;

const Dot kDot{{"dc1", 1}, Seq(7)};

Cell register_cell(ByteSpan value) {
  Cell cell(CellKind::kRegister);
  cell.reg().put(kDot, Hlc{0x1122334455667788}, value, {});
  return cell;
}
Cell counter_cell() {
  Cell cell(CellKind::kCounter);
  cell.counter().count(kDot.origin, kDot.seq, 5, 2);
  return cell;
}
Cell presence_cell(CellKind kind) {
  Cell cell(kind);
  cell.reg().put(kDot, Hlc{0x1122334455667788}, {}, {});
  return cell;
}
const Bytes kRegisterKey = cell_key({"kv", "user:1", CellKind::kRegister, ""});
const Bytes kMemberKey = cell_key({"kv", "team", CellKind::kMember, "ada"});
const Bytes kFlagKey = cell_key({"kv", "open", CellKind::kFlag, ""});
const Bytes kCounterKey = cell_key({"kv", "hits", CellKind::kCounter, ""});

// clang-format off
TEST(Cell, GoldenBytes) {
  EXPECT_EQ(encode_cell(kRegisterKey, register_cell("online")),
            "\x01" "\x73\xAE\x92\x21"                                        // version, checksum
            "\x01" "\x03" "dc1\x01\x07" "\x88\x77\x66\x55\x44\x33\x22\x11"  // one value: dot, stamp
            "\x06online"s);
  EXPECT_EQ(encode_cell(kCounterKey, counter_cell()),
            "\x01" "\xAF\x65\x78\x43"
            "\x01" "\x03" "dc1\x01\x07" "\x05\x02\x00\x00"s);  // one slot: origin, birth, four numbers
  EXPECT_EQ(encode_cell(kMemberKey, presence_cell(CellKind::kMember)),
            "\x01" "\x5F\x2C\x9D\x16"
            "\x01" "\x03" "dc1\x01\x07" "\x88\x77\x66\x55\x44\x33\x22\x11" "\x00"s);  // an empty value
  EXPECT_EQ(encode_cell(kFlagKey, presence_cell(CellKind::kFlag)),
            "\x01" "\xDA\x6D\x13\x05"
            "\x01" "\x03" "dc1\x01\x07" "\x88\x77\x66\x55\x44\x33\x22\x11" "\x00"s);
}
// clang-format on

TEST(Cell, ComesBack) {
  for (const auto& [key, cell] :
       {std::pair(kRegisterKey, register_cell("x")), std::pair(kCounterKey, counter_cell()),
        std::pair(kMemberKey, presence_cell(CellKind::kMember)), std::pair(kFlagKey, presence_cell(CellKind::kFlag))}) {
    const auto back = decode_cell(key, encode_cell(key, cell));
    ASSERT_TRUE(back) << back.error().to_string();
    Bytes before;
    Bytes after;
    encode_cell_state(cell, before);
    encode_cell_state(*back, after);
    EXPECT_EQ(after, before);
  }
}

TEST(Cell, APresenceHoldsNoValue) {
  Cell member = presence_cell(CellKind::kMember);
  member.reg().put(kDot, Hlc{1}, "value", {});
  const auto cell = decode_cell(kMemberKey, encode_cell(kMemberKey, member));
  ASSERT_FALSE(cell);
  EXPECT_NE(cell.error().message().find("kv/team{ada}"), std::string::npos) << cell.error().message();
}

TEST(Cell, EveryFlippedBitAndEveryCutIsDamageThatNamesTheCell) {
  const Bytes good = encode_cell(kRegisterKey, register_cell("online"));
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    const auto cell = decode_cell(kRegisterKey, bad);
    ASSERT_FALSE(cell) << "bit " << bit;
    ASSERT_EQ(cell.error().code(), StatusCode::kDataLoss);
    ASSERT_NE(cell.error().message().find("kv/user:1"), std::string::npos) << cell.error().message();
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    ASSERT_FALSE(decode_cell(kRegisterKey, ByteSpan(good).substr(0, size))) << "cut to " << size;
  }
  EXPECT_FALSE(decode_cell(kRegisterKey, good + "x")) << "bytes behind the end";
}

TEST(Cell, AValueUnderAnotherKeyIsNoticed) {
  const Bytes stored = encode_cell(kRegisterKey, register_cell("online"));
  const auto moved = decode_cell(cell_key({"kv", "user:2", CellKind::kRegister, ""}), stored);
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code(), StatusCode::kDataLoss);
}

TEST(Cell, NothingIsNeverStored) {
  const auto cell = decode_cell(kRegisterKey, encode_cell(kRegisterKey, Cell(CellKind::kRegister)));
  ASSERT_FALSE(cell);
  EXPECT_NE(cell.error().message().find("empty"), std::string::npos);
}

// A register of 3 bytes under a key of 6, written by "dc1": what it takes beside the user's own bytes.
TEST(Cell, OverheadStaysSmall) {
  const std::size_t stored = kRegisterKey.size() + encode_cell(kRegisterKey, register_cell("abc")).size();
  EXPECT_EQ(stored - 6 - 3, 7u + 21u);
}

TEST(Cell, Description) {
  EXPECT_EQ(describe_cell(kRegisterKey), "kv/user:1");
  EXPECT_EQ(describe_cell(kCounterKey), "kv/hits (counter)");
  EXPECT_EQ(describe_cell(cell_key({"row", "a\x00\xFE"s, CellKind::kField, "na\\me"})), "row/a\\x00\\xFE[na\\x5Cme]");
  EXPECT_EQ(describe_cell("\x00meta"s), "\\x00meta");
}

}  // namespace
}  // namespace pando::store::cell_test
