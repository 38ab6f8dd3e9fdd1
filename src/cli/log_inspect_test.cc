#include "cli/log_inspect.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/check.h"
#include "io/disk/log_dir.h"
#include "log/appender.h"
#include "model/commit.h"

namespace pando::cli {
namespace {

Commit commit_of(std::uint64_t seq, Op op) {
  Commit commit;
  commit.dot = Dot{Origin{"dc1", 1}, Seq(seq)};
  commit.hlc = Hlc::from_wall_ms(1'700'000'000'000);
  commit.ops.push_back(std::move(op));
  return commit;
}

// A directory with a log of three commits and a close.
class LogInspect : public ::testing::Test {
 protected:
  LogInspect() {
    std::string name = (std::filesystem::temp_directory_path() / "pando-inspect-XXXXXX").string();
    CHECK(::mkdtemp(name.data()) != nullptr);
    base_ = name;
    auto dir = io::disk::LogDir::open(base_, "ns");
    CHECK(dir.has_value());
    path_ = dir->path();
    log::Index index;
    log::Tail tail;
    log::Appender appender({}, index, tail, [] {
      log::SegmentStart start;
      start.origin = Origin{"dc1", 1};
      return start;
    });
    const auto ask = appender.take_prepare({});
    CHECK(dir->prepare(1, 64 * 1024).ok());
    appender.prepared(ask->segment_id, {}, {});
    CellPath path;
    path.table = "kv";
    path.key = "user";
    CHECK(appender.append(log::RecordKind::kCommit, encode_commit(commit_of(1, PutOp{path, "alice", {}}))).has_value());
    path.key = "\xFF\x01";
    CHECK(appender.append(log::RecordKind::kCommit, encode_commit(commit_of(2, PutOp{path, "", {}}))).has_value());
    path.key = "hits";
    path.kind = CellKind::kCounter;
    CHECK(appender.append(log::RecordKind::kCommit, encode_commit(commit_of(3, CountOp{path, Seq(3), 7, 2})))
              .has_value());
    CHECK(appender.append(log::RecordKind::kClose, {}).has_value());
    const auto write = appender.take_write();
    CHECK(dir->write(write->segment_id, write->offset, write->bytes).ok());
  }
  ~LogInspect() override { std::filesystem::remove_all(base_); }

  // What log_inspect prints, and what it returns.
  std::pair<std::string, int> run(bool json, std::uint64_t first = 0) {
    testing::internal::CaptureStdout();
    const int code = log_inspect({base_ + "/ns", json, first});
    return {testing::internal::GetCapturedStdout(), code};
  }

  std::string base_;
  std::string path_;
};

TEST_F(LogInspect, PrintsEveryRecord) {
  const auto [text, code] = run(false);
  EXPECT_EQ(code, 0);
  EXPECT_EQ(text,
            "segment 1: from record 1, 65536 bytes, written by dc1, after {} and 0 changes\n"
            "       1       4096  commit  dc1:1  2023-11-14T22:13:20.000Z  put kv/user (5 bytes, replaces 0)\n"
            "       2       4168  commit  dc1:2  2023-11-14T22:13:20.000Z  put kv/\\xff\\x01 (0 bytes, replaces 0)\n"
            "       3       4232  commit  dc1:3  2023-11-14T22:13:20.000Z  count kv/hits (+7 -2)\n"
            "       4       4296  close\n"
            "end: last record 4, closed\n");
}

TEST_F(LogInspect, JsonIsOneObjectPerLine) {
  const auto [text, code] = run(true, 2);
  EXPECT_EQ(code, 0);
  std::istringstream lines(text);
  std::vector<nlohmann::json> objects;
  for (std::string line; std::getline(lines, line);) objects.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(objects.size(), 5u);
  EXPECT_EQ(objects[0]["type"], "segment");
  EXPECT_EQ(objects[1]["pos"], 2) << "from the record asked for";
  EXPECT_EQ(objects[1]["ops"][0]["key_b64"], "/wE=") << "keys need not be text";
  EXPECT_EQ(objects[2]["dot"], "dc1:3");
  EXPECT_EQ(objects[2]["ops"][0]["op"], "count");
  EXPECT_EQ(objects[3]["kind"], "close");
  EXPECT_EQ(objects[4]["state"], "closed");
}

TEST_F(LogInspect, DamageIsNamed) {
  {
    std::fstream file(path_ + "/00000000000000000001.log", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4168 + 30);
    file.put('!');
  }
  testing::internal::CaptureStderr();
  const auto [text, code] = run(false);
  const std::string complaint = testing::internal::GetCapturedStderr();
  EXPECT_EQ(code, 1);
  EXPECT_NE(text.find("end: last record 1, damaged"), std::string::npos) << text;
  EXPECT_NE(complaint.find("segment 1: record 2 at offset 4168: bad checksum"), std::string::npos) << complaint;
}

TEST_F(LogInspect, SomethingElseIsNoLog) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(log_inspect({base_ + "/nowhere", false, 0}), 2);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "pando log inspect: " + base_ + "/nowhere holds no segments\n");
}

TEST_F(LogInspect, ChangesNothing) {
  const auto before = std::filesystem::last_write_time(path_ + "/00000000000000000001.log");
  run(false);
  EXPECT_EQ(std::filesystem::last_write_time(path_ + "/00000000000000000001.log"), before);
}

// `pando log inspect DIR | head -0`
TEST_F(LogInspect, AReaderThatGoesAwayIsNoError) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ::close(ends[0]);
  std::fflush(stdout);
  const int saved = ::dup(STDOUT_FILENO);
  ASSERT_GE(::dup2(ends[1], STDOUT_FILENO), 0);
  testing::internal::CaptureStderr();
  const int code = log_inspect({base_ + "/ns", true, 0});
  std::clearerr(stdout);
  ::dup2(saved, STDOUT_FILENO);
  ::close(saved);
  ::close(ends[1]);
  EXPECT_EQ(code, 0);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace pando::cli
