#include "model/once.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace pando::once_test {
namespace {

Once full() {
  Once once;
  once.fingerprint = 0x0123456789abcdef;
  once.answer = DoneReply{2, {1, -7}, {{"a", ""}, {}}};
  once.counted.push_back({{"kv", "n", CellKind::kCounter, ""}, Seq(3), 5, 0, 12, 1});
  once.changed.push_back({{"kv", "q", CellKind::kItem, "p1"}, "p1", std::nullopt, true});
  once.changed.push_back({{"kv", "q", CellKind::kItem, "p2"}, "p0", "was", false});
  once.used.push_back({"kv", "stock", {{"dc1", 1}, Seq(9)}, Way::kGive, 3, "dc1~17.4.0"});
  return once;
}

TEST(Once, ComesBackAsItWas) {
  const Result<Once> again = decode_once(encode_once(full()));
  ASSERT_TRUE(again.has_value()) << again.error().to_string();
  EXPECT_EQ(again->fingerprint, full().fingerprint);
  EXPECT_EQ(again->counted, full().counted);
  EXPECT_EQ(again->changed, full().changed);
  EXPECT_EQ(again->used, full().used);
  const auto& done = std::get<DoneReply>(*again->answer);
  EXPECT_EQ(done.processed, 2u);
  EXPECT_EQ(done.results, (std::vector<std::int64_t>{1, -7}));
  EXPECT_EQ(done.returned, (std::vector<std::vector<Bytes>>{{"a", ""}, {}}));

  Once once;
  once.answer = CounterReply{true, -41, {}};
  EXPECT_EQ(std::get<CounterReply>(*decode_once(encode_once(once))->answer).value, -41);
  once.answer = TxCommittedReply{3, 0xdeadbeef};
  EXPECT_EQ(std::get<TxCommittedReply>(*decode_once(encode_once(once))->answer).checksum, 0xdeadbeef);
}

TEST(Once, AnswersOfEveryKindOfWriteComeBack) {
  Once once;
  once.answer = BoundedDoneReply{7, {3, std::nullopt}, "dc1~17.4.0", 17};
  const auto bounded = std::get<BoundedDoneReply>(*decode_once(encode_once(once))->answer);
  EXPECT_EQ(bounded.value, 7);
  EXPECT_EQ(bounded.here, (Rights{3, std::nullopt}));
  EXPECT_EQ(bounded.reservation, "dc1~17.4.0");
  EXPECT_EQ(bounded.expires_at_ms, 17);
  once.answer = RenewedReply{1'700'000'000'000, 2};
  const auto renewed = std::get<RenewedReply>(*decode_once(encode_once(once))->answer);
  EXPECT_EQ(renewed.ends_at_ms, 1'700'000'000'000);
  EXPECT_EQ(renewed.joined, 2u);
  LimiterReply passed;
  passed.allowed = true;
  passed.terms.limit = 10;
  passed.remaining = 4;
  once.answer = passed;
  const auto limiter = std::get<LimiterReply>(*decode_once(encode_once(once))->answer);
  EXPECT_TRUE(limiter.allowed);
  EXPECT_EQ(limiter.terms.limit, 10u);
  EXPECT_EQ(limiter.remaining, 4u);
}

TEST(Once, WhatIsTooLargeToBePutBackIsLeftOut) {
  Once once = full();
  once.changed[1].before = Bytes(limits::kOnceChangedBytesMax, 'x');
  const Result<Once> again = decode_once(encode_once(once));
  ASSERT_TRUE(again.has_value());
  EXPECT_TRUE(again->changed.empty());
  EXPECT_EQ(again->used, once.used);
}

TEST(Once, AnAnswerThatIsTooLargeIsLeftOut) {
  Once once;
  once.answer = DoneReply{1, {}, {{Bytes(limits::kOnceAnswerBytesMax, 'x')}}};
  const Result<Once> again = decode_once(encode_once(once));
  ASSERT_TRUE(again.has_value());
  EXPECT_FALSE(again->answer.has_value());
}

TEST(Once, WhatIsBrokenIsRefusedByName) {
  const Bytes whole = encode_once(full());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_once(whole.substr(0, size)).has_value()) << size;
  }
  EXPECT_EQ(decode_once("\x03").error().code(), StatusCode::kUnimplemented);
  Once no_counter = full();
  no_counter.counted[0].path.kind = CellKind::kRegister;
  EXPECT_NE(decode_once(encode_once(no_counter)).error().message().find("no counter"), std::string::npos);
  Once no_item = full();
  no_item.changed[0].path.kind = CellKind::kRegister;
  EXPECT_NE(decode_once(encode_once(no_item)).error().message().find("no item"), std::string::npos);
}

// Golden bytes: docs/formats/cells.md.
TEST(Once, Golden) {
  Once once;
  once.fingerprint = 1;
  once.answer = CounterReply{true, 5, {}};
  once.counted.push_back({{"kv", "n", CellKind::kCounter, ""}, Seq(1), 5, 0, 5, 0});
  EXPECT_EQ(encode_once(once),
            Bytes("\x01\x01\0\0\0\0\0\0\0\x02\x05\0\0\0\0\0\0\0\x01\x02kv\x01n\x02\0\x01\x05\0\x05\0", 31));
  Once second;
  second.fingerprint = 1;
  second.used.push_back({"kv", "s", {{"dc1", 1}, Seq(9)}, Way::kTake, 3, ""});
  EXPECT_EQ(encode_once(second), Bytes("\x02\x01\0\0\0\0\0\0\0\0\0\0\x01\x02kv\x01s\x03"
                                       "dc1\x01\x09\0\x03\0",
                                       27));
}

}  // namespace
}  // namespace pando::once_test
