#include "store/memory_kv.h"

#include "store/kv_suite.h"

namespace pando::store::memory_kv_test {
namespace {

class MemoryHarness final : public KvHarness {
 public:
  Kv& kv() override { return kv_; }
  void reopen() override {}  // what it holds is what a disk would

 private:
  MemoryKv kv_;
};

std::unique_ptr<KvHarness> make_memory_harness() { return std::make_unique<MemoryHarness>(); }

INSTANTIATE_TEST_SUITE_P(Memory, KvSuite, ::testing::Values(make_memory_harness));

TEST(MemoryKv, AFailedWriteChangesNothing) {
  MemoryKv kv;
  ASSERT_TRUE(kv.write({{"a", "1"}}).ok());
  kv.fail_writes(Status(StatusCode::kUnavailable, "disk full"));
  EXPECT_EQ(kv.write({{"a", "2"}}).code(), StatusCode::kUnavailable);
  EXPECT_EQ(kv.get("a").value(), "1");
  kv.fail_writes({});
  ASSERT_TRUE(kv.write({{"a", "2"}}).ok());
  EXPECT_EQ(kv.get("a").value(), "2");
}

TEST(MemoryKv, FailedReadsAreNotAbsence) {
  MemoryKv kv;
  ASSERT_TRUE(kv.write({{"a", "1"}}).ok());
  kv.fail_reads(Status(StatusCode::kIoError, "no"));
  EXPECT_EQ(kv.get("a").error().code(), StatusCode::kIoError);
  const auto at = kv.scan("", "");
  EXPECT_FALSE(at->valid());
  EXPECT_EQ(at->status().code(), StatusCode::kIoError);
}

TEST(MemoryKv, FlipBit) {
  MemoryKv kv;
  ASSERT_TRUE(kv.write({{"a", "10"}}).ok());
  EXPECT_TRUE(kv.flip_bit("a", 1));
  EXPECT_EQ(kv.get("a").value(), "11");
  EXPECT_FALSE(kv.flip_bit("a", 2)) << "past the end";
  EXPECT_FALSE(kv.flip_bit("b", 0)) << "absent";
}

}  // namespace
}  // namespace pando::store::memory_kv_test
