#include "io/disk/log_dir.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "io/disk/directory_lock.h"
#include "log/test_disk.h"

namespace pando::io::disk {
namespace {

// A directory of its own, gone with the test.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "pando-disk-XXXXXX").string();
    CHECK(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Bytes contents(const std::string& path) {
  const Result<File> file = File::open(path, O_RDONLY);
  CHECK(file.has_value());
  return file->read_at(0, file->size().value()).value();
}

// One suite for the real disk and for the one in memory that the tests of log/ run on. ----------------------

class RealDisk {
 public:
  RealDisk() : dir_(LogDir::open(scratch_.path(), "ns").value()) {}
  LogDir& disk() { return dir_; }

 private:
  Scratch scratch_;
  LogDir dir_;
};

class MemoryDisk {
 public:
  log::TestDisk& disk() { return disk_; }

 private:
  log::TestDisk disk_;
};

template <typename Holder>
class EveryDisk : public ::testing::Test {
 protected:
  auto& disk() { return holder_.disk(); }

 private:
  Holder holder_;
};

using Disks = ::testing::Types<RealDisk, MemoryDisk>;
TYPED_TEST_SUITE(EveryDisk, Disks);

TYPED_TEST(EveryDisk, APreparedSegmentIsZeros) {
  auto& disk = this->disk();
  ASSERT_TRUE(disk.prepare(2, 1'000'000).ok());
  ASSERT_TRUE(disk.prepare(1, 4096).ok());
  const auto files = disk.list();
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 2u);
  EXPECT_EQ((*files)[0].id, 1u);
  EXPECT_EQ((*files)[0].bytes, 4096u);
  EXPECT_EQ((*files)[1].id, 2u);
  EXPECT_EQ(disk.read(2).value(), Bytes(1'000'000, '\0'));
}

TYPED_TEST(EveryDisk, WritesLandWhereTheyWereSent) {
  auto& disk = this->disk();
  ASSERT_TRUE(disk.prepare(1, 10'000).ok());
  ASSERT_TRUE(disk.write(1, 0, "head").ok());
  ASSERT_TRUE(disk.write(1, 5000, "middle").ok());
  ASSERT_TRUE(disk.write(1, 9996, "tail").ok());
  const Bytes all = disk.read(1).value();
  EXPECT_EQ(all.size(), 10'000u);
  EXPECT_EQ(all.substr(0, 6), Bytes("head\0\0", 6));
  EXPECT_EQ(disk.read_range(1, 5000, 6).value(), "middle");
  EXPECT_EQ(disk.read_range(1, 9996, 4).value(), "tail");
  EXPECT_EQ(disk.read_header(1).value(), all.substr(0, log::kSegmentHeaderBytes));
}

TYPED_TEST(EveryDisk, PreparingAgainStartsOver) {
  auto& disk = this->disk();
  ASSERT_TRUE(disk.prepare(1, 8192).ok());
  ASSERT_TRUE(disk.write(1, 0, "stale").ok());
  ASSERT_TRUE(disk.prepare(1, 12288).ok());
  EXPECT_EQ(disk.read(1).value(), Bytes(12288, '\0'));
}

TYPED_TEST(EveryDisk, CarriesALogThroughRestarts) {
  auto& disk = this->disk();
  log::AppenderOptions options;
  options.segment_bytes = 32 * 1024;
  std::vector<Bytes> all;
  for (int run = 0; run < 5; ++run) {
    log::DrivenLog log(disk, options);
    ASSERT_TRUE(log.found().damage.ok()) << log.found().damage.to_string();
    ASSERT_EQ(log.recovered(), all) << "run " << run;
    for (int i = 0; i < 100; ++i) {
      all.push_back(fmt::format("run {} record {} {}", run, i, Bytes(static_cast<std::size_t>(i) * 7, 'x')));
      ASSERT_TRUE(log.append(all.back()));
      if (i % 3 == 0) {
        ASSERT_TRUE(log.settle());
      }
    }
    ASSERT_TRUE(log.settle());
    ASSERT_EQ(log.read_from(LogPos(1), 10'000).value(), all);
    if (run % 2 == 0) {
      ASSERT_TRUE(log.close());
      all.emplace_back();
    }
  }
}

// The real one alone. -----------------------------------------------------------------------------------------

TEST(LogDir, RemovesWhatACrashDuringPrepareLeft) {
  const Scratch scratch;
  LogDir dir = LogDir::open(scratch.path(), "ns").value();
  ASSERT_TRUE(dir.prepare(1, 4096).ok());
  const std::string left = dir.path() + "/00000000000000000002.log.unfinished";
  ASSERT_TRUE(File::open(left, O_RDWR | O_CREAT));
  EXPECT_EQ(dir.list().value().size(), 1u) << "not a segment";
  ASSERT_TRUE(LogDir::open(scratch.path(), "ns"));
  EXPECT_FALSE(std::filesystem::exists(left));
}

TEST(LogDir, RefusesNamesThatAreNoDirectory) {
  const Scratch scratch;
  for (const std::string& name : {std::string(), std::string("."), std::string(".."), std::string("a/b"),
                                  std::string("a\0b", 3), std::string(200, 'n')}) {
    const Result<LogDir> dir = LogDir::open(scratch.path(), name);
    ASSERT_FALSE(dir) << name;
    EXPECT_EQ(dir.error().code(), StatusCode::kInvalidArgument);
  }
}

TEST(LogDir, FailuresNameTheCallAndThePath) {
  const Scratch scratch;
  LogDir dir = LogDir::open(scratch.path(), "ns").value();
  EXPECT_EQ(dir.write(7, 0, "x").code(), StatusCode::kNotFound);
  EXPECT_EQ(dir.read(7).error().message(), dir.path() + "/00000000000000000007.log does not exist");
  ASSERT_TRUE(dir.prepare(1, 100).ok());
  EXPECT_EQ(dir.read_range(1, 90, 20).error().code(), StatusCode::kDataLoss);
  // A file where the directory should be.
  ASSERT_TRUE(File::open(scratch.path() + "/file", O_RDWR | O_CREAT));
  EXPECT_EQ(LogDir::open(scratch.path(), "file").error().code(), StatusCode::kIoError);
}

TEST(Errno, AFullDiskIsUnavailableAllElseAnIoError) {
  struct Row {
    int error;
    StatusCode code;
    const char* message;
  };
  for (const Row& row : {Row{ENOSPC, StatusCode::kUnavailable, "disk full: write /x: No space left on device"},
                         Row{EDQUOT, StatusCode::kUnavailable, "disk full: write /x: Disk quota exceeded"},
                         Row{EIO, StatusCode::kIoError, "write /x: Input/output error"}}) {
    const Status status = errno_status(row.error, "write", "/x");
    EXPECT_EQ(status.code(), row.code);
    EXPECT_EQ(status.message(), row.message);
  }
}

// /dev/full answers every write with ENOSPC.
TEST(Errno, AFullDeviceIsReportedByTheCall) {
  const Result<File> full = File::open("/dev/full", O_WRONLY);
  ASSERT_TRUE(full.has_value()) << full.error().message();
  EXPECT_EQ(full->write_at(0, "x").message(), "disk full: write /dev/full: No space left on device");
}

// A size limit makes the kernel write short first and refuse then: nothing half made may stay.
TEST(LogDir, AFailedPrepareLeavesNothing) {
  const Scratch scratch;
  LogDir dir = LogDir::open(scratch.path(), "ns").value();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit limit = before;
  limit.rlim_cur = 500'000;
  const auto previous = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  const Status status = dir.prepare(1, 1'000'000);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, previous);
  EXPECT_EQ(status.code(), StatusCode::kIoError);
  EXPECT_NE(status.message().find("File too large"), std::string::npos) << status.message();
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
  EXPECT_TRUE(dir.prepare(1, 1'000'000).ok());
}

TEST(LogDir, CopiesDurableBytesAlsoOfTheActiveSegment) {
  const Scratch scratch;
  LogDir dir = LogDir::open(scratch.path(), "ns").value();
  log::AppenderOptions options;
  options.segment_bytes = 32 * 1024;
  std::vector<SegmentFile> durable;
  std::vector<Bytes> all;
  {
    log::DrivenLog log(dir, options);
    for (int i = 0; i < 100; ++i) all.push_back(fmt::format("{} {}", i, Bytes(1000, 'x')));
    log.append_all(all);
    for (const log::Index::Segment& segment : log.index().segments()) {
      durable.push_back({segment.header.segment_id, segment.bytes});
    }
    ASSERT_TRUE(log.append("after the backup was planned"));
    ASSERT_TRUE(log.settle());
  }
  ASSERT_GT(durable.size(), 2u);
  const std::string target = scratch.path() + "/backups/monday/ns/log";
  for (int round = 0; round < 2; ++round) {  // a second backup into the same directory replaces the first
    const Result<std::vector<LogDir::Copied>> copied = dir.copy_to(target, durable);
    ASSERT_TRUE(copied) << copied.error().to_string();
    ASSERT_EQ(copied->size(), durable.size());
    EXPECT_EQ(copied->back().path, log::segment_file_name(durable.back().id));
    EXPECT_EQ(copied->back().bytes, durable.back().bytes);
  }
  EXPECT_EQ(contents(target + "/" + log::segment_file_name(durable.back().id)).size(), durable.back().bytes);

  // The copy is a log: it starts, with just what was durable, and goes on.
  LogDir restored = LogDir::open(scratch.path() + "/backups/monday", "ns").value();
  log::DrivenLog log(restored, options);
  EXPECT_TRUE(log.found().damage.ok()) << log.found().damage.to_string();
  EXPECT_EQ(log.recovered(), all);
  log.append_all({"new"});
  EXPECT_EQ(log.read_from(LogPos(101), 1000).value(), std::vector<Bytes>{"new"});
}

TEST(LogDir, ReadsAHeaderThatSpills) {
  const Scratch scratch;
  LogDir dir = LogDir::open(scratch.path(), "ns").value();
  log::SegmentHeader header;
  header.segment_id = 1;
  header.first = LogPos(1);
  header.start.origin = Origin{"n1", 1};
  for (int i = 0; i < 1000; ++i) header.start.context.raise(Origin{fmt::format("n{}", i), 1}, Seq(1));
  const Bytes bytes = log::encode_segment_header(header);
  ASSERT_GT(bytes.size(), log::kSegmentHeaderBytes);
  ASSERT_TRUE(dir.prepare(1, 64 * 1024).ok());
  ASSERT_TRUE(dir.write(1, 0, bytes).ok());
  EXPECT_EQ(dir.read_header(1).value(), bytes);
}

TEST(DirectoryLock, OneOwnerAtATime) {
  const Scratch scratch;
  const std::string base = scratch.path() + "/made/when/missing";
  {
    const Result<DirectoryLock> first = DirectoryLock::acquire(base);
    ASSERT_TRUE(first) << first.error().to_string();
    const Result<DirectoryLock> second = DirectoryLock::acquire(base);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), StatusCode::kUnavailable);
    EXPECT_EQ(second.error().message(), fmt::format("data directory {} is in use by process {}", base, ::getpid()));
  }
  EXPECT_TRUE(DirectoryLock::acquire(base)) << "free again, although the file is still there";
}

}  // namespace
}  // namespace pando::io::disk
