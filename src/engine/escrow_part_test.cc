#include "engine/escrow_part.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace pando::engine::escrow_part_test {
namespace {

std::string hex(ByteSpan bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += {kDigits[static_cast<std::uint8_t>(c) >> 4], kDigits[static_cast<std::uint8_t>(c) & 15]};
  }
  return text;
}
const Origin kDc1{"dc1", 1};
const Origin kDc2{"dc2", 1};
const Dot kIncarnation{kDc1, Seq(7)};

EscrowPart part() {
  EscrowPart part;
  part.used = {3, 1};
  part.held = {2, 0};
  part.wanted = {50, 0};
  part.urgent = {5, 0};
  part.reminders = 1;
  EXPECT_TRUE(part.grant(kDc2, Way::kTake, 300));
  part.reclaimed = {{{"dc1", 1}, {4, 0}}};
  return part;
}

TEST(EscrowPart, GoldenBytes) {
  EXPECT_EQ(hex(encode(EscrowDeclaration{Bounds{0, 10, 7}, {}})),
            "0101030000000000000000"
            "0a00000000000000"
            "0700000000000000"
            "00");
  EXPECT_EQ(hex(encode(EscrowDeclaration{Bounds{std::nullopt, -1, -2}, {kDc1}})),
            "010102"
            "ffffffffffffffff"
            "feffffffffffffff"
            "01"
            "0364633101");
  EXPECT_EQ(hex(encode(EscrowDeclaration{LimiterTerms{LimiterTerms::Kind::kBucket, true, 100, 10, 1000}, {}})),
            "0102"
            "01"
            "01"
            "64"
            "0a"
            "e807"
            "00");
  EXPECT_EQ(hex(encode(part())),
            "01"
            "0301"
            "0200"
            "3200"
            "0500"
            "01"
            "01"
            "0364633201"
            "ac0200"
            "01"
            "0364633101"
            "0400"
            "00");
  EscrowPart metered;
  metered.meter.at_ms = 300;
  metered.meter.deficit = 5;
  metered.meter.counted = 7;
  metered.meter.seen = {{kDc2, 9}};
  metered.meter.slots = {{3, 1}};
  EXPECT_EQ(hex(encode(metered)),
            "01"
            "0000"
            "0000"
            "0000"
            "0000"
            "00"
            "00"
            "00"
            "01"
            "ac02"
            "05"
            "07"
            "01"
            "036463320109"
            "01"
            "0301");
  EXPECT_EQ(hex(admission_element(kIncarnation, kDc2)),
            "61"
            "036463310107"
            "0364633201");
  EXPECT_EQ(parse_admission(admission_element(kIncarnation, kDc2)), std::pair(kIncarnation, kDc2));
  EXPECT_FALSE(parse_admission(part_element("", kIncarnation, kDc2)));
  EXPECT_EQ(hex(encode(EscrowHold{Way::kGive, 5})), "010105");
  EXPECT_EQ(hex(part_element("u", kIncarnation, kDc2)),
            "70"
            "0175"
            "036463310107"
            "0364633201");
  EXPECT_EQ(hex(hold_element(kIncarnation, {kDc1, 258, Seq(9), 1})),
            "68"
            "036463310107"
            "0364633101"
            "0000000000000102"
            "09"
            "01");
}

TEST(EscrowPart, ComesBackAsItWas) {
  for (const EscrowDeclaration& declaration :
       {EscrowDeclaration{Bounds{INT64_MIN, INT64_MAX, 0}, {kDc1, kDc2}},
        EscrowDeclaration{Bounds{5, std::nullopt, 5}, {}},
        EscrowDeclaration{LimiterTerms{LimiterTerms::Kind::kWindow, false, 1, 0, 1}, {}}}) {
    EXPECT_EQ(decode_escrow_declaration(encode(declaration)).value(), declaration);
  }
  EscrowPart metered = part();
  metered.meter.at_ms = 17;
  metered.meter.deficit = UInt128{1} << 100;
  metered.meter.seen = {{kDc1, 4}, {kDc2, 9}};
  metered.meter.slots = {{3, 1}, {4, 7}};
  for (const EscrowPart& one : {EscrowPart(), part(), metered}) EXPECT_EQ(decode_escrow_part(encode(one)).value(), one);
  EXPECT_EQ(decode_escrow_hold(encode(EscrowHold{Way::kTake, 1})).value(), (EscrowHold{Way::kTake, 1}));
  const auto name = parse_part(part_element("user:1", kIncarnation, kDc2));
  ASSERT_TRUE(name);
  EXPECT_EQ(name->subject, "user:1");
  EXPECT_EQ(name->incarnation, kIncarnation);
  EXPECT_EQ(name->origin, kDc2);
  const auto hold = parse_hold(hold_element(kIncarnation, {kDc2, 1'700'000'000'000, Seq(300), 2}));
  ASSERT_TRUE(hold);
  EXPECT_EQ(to_string(hold->reservation), "dc2~1700000000000.300.2");
}

TEST(EscrowPart, WhatIsNotOneIsRefused) {
  const Bytes whole = encode(part());
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_FALSE(decode_escrow_part(ByteSpan(whole).substr(0, cut)).has_value()) << cut;
  }
  EXPECT_FALSE(decode_escrow_part(whole + '\0').has_value());
  EXPECT_FALSE(decode_escrow_declaration(encode(EscrowDeclaration{Bounds{0, 10, 11}, {}})).has_value());
  EXPECT_FALSE(decode_escrow_declaration(encode(EscrowDeclaration{Bounds{}, {}})).has_value());
  EXPECT_FALSE(decode_escrow_declaration(encode(EscrowDeclaration{LimiterTerms{}, {}})).has_value());
  EXPECT_FALSE(decode_escrow_declaration(encode(EscrowDeclaration{Bounds{0, 1, 0}, {kDc2, kDc1}})).has_value());
  for (const char* text : {"", "~", "dc1~1.1", "dc1~1.0.0", "dc1~01.1.0", "dc1~1.1.0 ", "dc1#1~1.1.0", "~1.1.0",
                           "dc1~9223372036854775808.1.0"}) {
    EXPECT_FALSE(parse_reservation(text)) << text;
  }
  EXPECT_TRUE(parse_reservation("dc1#2~1700000060000.17.0"));
}

TEST(EscrowPart, SharesAddUpToTheWhole) {
  const EscrowDeclaration declaration{Bounds{0, std::nullopt, 10}, {kDc1, kDc2, {"dc3", 1}}};
  EXPECT_EQ(declaration.share(Way::kTake, kDc1, {}), 4u);
  EXPECT_EQ(declaration.share(Way::kTake, kDc2, {}), 3u);
  EXPECT_EQ(declaration.share(Way::kTake, {"dc3", 1}, {}), 3u);
  EXPECT_EQ(declaration.share(Way::kTake, {"dc3", 2}, {}), 0u) << "of an origin, not of a name";
  EXPECT_EQ(declaration.rights(Way::kGive), std::nullopt);
  EXPECT_EQ((EscrowDeclaration{Bounds{INT64_MIN, INT64_MAX, INT64_MIN}, {}}).rights(Way::kGive), UINT64_MAX);
}

TEST(EscrowPart, GrantsThatLeave64BitsAreRefused) {
  EscrowPart part;
  EXPECT_TRUE(part.grant(kDc2, Way::kTake, UINT64_MAX - 1));
  EXPECT_FALSE(part.grant(kDc2, Way::kTake, 2));
  EXPECT_EQ(part.granted(kDc2, Way::kTake), UINT64_MAX - 1);
  EXPECT_EQ(part.granted(kDc1, Way::kTake), 0u);
}

}  // namespace
}  // namespace pando::engine::escrow_part_test
