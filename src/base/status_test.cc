#include "base/status.h"

#include <gtest/gtest.h>

#include <set>

#include "base/check.h"

namespace pando {
namespace {

TEST(Status, ContextComesInFront) {
  const Status inner(StatusCode::kDataLoss, "bad checksum");
  const Status outer = inner.with_context("record 7").with_context("segment 3");
  EXPECT_EQ(outer.code(), StatusCode::kDataLoss);
  EXPECT_EQ(outer.message(), "segment 3: record 7: bad checksum");
  EXPECT_EQ(outer.to_string(), "data_loss: segment 3: record 7: bad checksum");
  EXPECT_TRUE(Status().with_context("anything").ok());
  EXPECT_EQ(Status().to_string(), "ok");
}

TEST(Status, IsAValue) {
  Status first(StatusCode::kDataLoss, "bad checksum");
  const Status copy = first;
  EXPECT_EQ(copy, first);
  EXPECT_NE(copy, Status(StatusCode::kDataLoss, "another"));
  EXPECT_NE(copy, Status(StatusCode::kIoError, "bad checksum"));
  EXPECT_NE(copy, Status());

  first = Status(StatusCode::kGone, "left");
  EXPECT_EQ(copy.message(), "bad checksum") << "copies are apart";
  const Status taken = std::move(first);
  EXPECT_EQ(taken.code(), StatusCode::kGone);
  first = copy;
  EXPECT_EQ(first.message(), "bad checksum");
  first = Status();
  EXPECT_TRUE(first.ok());
  EXPECT_EQ(first.message(), "");
  EXPECT_EQ(Status(StatusCode::kOk, "says nothing"), Status());
}

TEST(Status, EveryCodeHasAWordOfItsOwn) {
  std::set<std::string_view> words;
  for (int code = 0; code <= static_cast<int>(StatusCode::kInternal); ++code) {
    words.insert(code_name(static_cast<StatusCode>(code)));
  }
  EXPECT_EQ(words.size(), static_cast<std::size_t>(StatusCode::kInternal) + 1);
  EXPECT_EQ(words.count("unknown"), 0u);
}

Status status_of(Status inner) {
  PANDO_RETURN_IF_ERROR(inner);
  return Status(StatusCode::kInternal, "went on");
}
Result<int> result_of(Result<std::string> inner) {
  PANDO_RETURN_IF_ERROR(inner);
  return 7;
}

TEST(Status, ReturnIfErrorPassesFailuresOn) {
  EXPECT_EQ(status_of({}).message(), "went on");
  EXPECT_EQ(status_of(Status(StatusCode::kGone, "left")).message(), "left");
  EXPECT_EQ(result_of("fine").value(), 7);
  EXPECT_EQ(result_of(fail(StatusCode::kGone, "left")).error(), Status(StatusCode::kGone, "left"));
}

TEST(CheckDeathTest, StopsInReleaseBuildsToo) {
  EXPECT_DEATH(CHECK(1 + 1 == 3), "CHECK failed: 1 \\+ 1 == 3 at .*status_test.cc");
}

}  // namespace
}  // namespace pando
