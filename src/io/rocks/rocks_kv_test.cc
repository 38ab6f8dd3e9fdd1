#include "io/rocks/rocks_kv.h"

#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/iostats_context.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <iterator>
#include <thread>

#include "store/kv_suite.h"

// RocksDB is not built with ThreadSanitizer, which therefore does not see the atomics of its skip list.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() { return "race:librocksdb\n"; }

namespace pando::io {
namespace {

namespace fs = std::filesystem;
using store::Batch;

class TempDir {
 public:
  TempDir() {
    std::string name = (fs::temp_directory_path() / "pando-rocks-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TempDir() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::unique_ptr<RocksKv> open_at(const fs::path& path, const RocksOptions& options = {}) {
  auto kv = RocksKv::open(path, options);
  EXPECT_TRUE(kv) << kv.error().to_string();
  return kv ? *std::move(kv) : nullptr;
}

// Closing does not flush (avoid_flush_during_shutdown), so what a reopen finds was durable before.
class RocksHarness final : public store::KvHarness {
 public:
  store::Kv& kv() override { return *kv_; }
  void reopen() override {
    kv_.reset();
    kv_ = open_at(dir_.path() / "store");
  }

 private:
  TempDir dir_;
  std::unique_ptr<RocksKv> kv_ = open_at(dir_.path() / "store");
};

std::unique_ptr<store::KvHarness> make_rocks_harness() { return std::make_unique<RocksHarness>(); }

using store::KvSuite;
INSTANTIATE_TEST_SUITE_P(Rocks, KvSuite, ::testing::Values(make_rocks_harness));

Bytes value_of(const store::Kv& kv, ByteSpan key) {
  const auto value = kv.get(key);
  return value ? value->value_or("-") : "failed: " + value.error().to_string();
}

std::vector<fs::path> files_ending(const fs::path& directory, std::string_view extension) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() == extension) found.push_back(entry.path());
  }
  return found;
}

void flip_byte(const fs::path& file, std::streamoff offset) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(offset);
  const int byte = stream.get();
  stream.seekp(offset);
  stream.put(static_cast<char>(byte ^ 0x10));
  ASSERT_TRUE(stream.good());
}

TEST(RocksKv, SurvivesKillRightAfterAWrite) {
  const TempDir dir;
  const pid_t child = fork();
  if (child == 0) {
    auto kv = RocksKv::open(dir.path() / "store");
    if (!kv) _exit(1);
    if (!(*kv)->write({{"a", "1"}, {"b", Bytes(100'000, 'x')}}).ok()) _exit(2);
    if (!(*kv)->write({{"a", "2"}, {"c", "3"}}).ok()) _exit(3);
    std::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status)) << "exit " << WEXITSTATUS(status);
  const auto kv = open_at(dir.path() / "store");
  EXPECT_EQ(value_of(*kv, "a"), "2");
  EXPECT_EQ(value_of(*kv, "b"), Bytes(100'000, 'x'));
  EXPECT_EQ(value_of(*kv, "c"), "3");
}

TEST(RocksKv, ASecondOpenIsRefused) {
  const TempDir dir;
  const auto first = open_at(dir.path() / "store");
  const auto second = RocksKv::open(dir.path() / "store");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), StatusCode::kUnavailable) << second.error().to_string();
  EXPECT_NE(second.error().message().find("another process"), std::string::npos);
}

TEST(RocksKv, AnUnusableDirectoryIsAnError) {
  const auto kv = RocksKv::open("/proc/no/such/place");
  ASSERT_FALSE(kv);
  EXPECT_EQ(kv.error().code(), StatusCode::kIoError);
}

// A flipped bit in a table file or a blob file: reads of what lay there fail by name, the rest is served.
TEST(RocksKv, DamageIsNeverAbsence) {
  for (const std::string_view extension : {".sst", ".blob"}) {
    const TempDir dir;
    const fs::path path = dir.path() / "store";
    const std::size_t value_bytes = extension == ".sst" ? 100 : 40'000;
    const int count = extension == ".sst" ? 1000 : 20;
    Batch batch;
    for (int i = 0; i < count; ++i) {
      Bytes value = std::to_string(i);
      while (value.size() < value_bytes) value += std::to_string(value.size() * 7919);
      batch.put(std::to_string(i), value);
    }
    ASSERT_TRUE(open_at(path)->write(batch).ok());
    const auto files = files_ending(path, extension);
    ASSERT_EQ(files.size(), 1u) << extension;
    flip_byte(files[0], 500);

    const auto kv = open_at(path);
    ASSERT_NE(kv, nullptr);
    int damaged = 0;
    for (const auto& [key, value] : batch) {
      const auto read = kv->get(key);
      if (read) {
        ASSERT_EQ(*read, value) << extension << " key " << key;
      } else {
        ASSERT_EQ(read.error().code(), StatusCode::kDataLoss) << read.error().to_string();
        ++damaged;
      }
    }
    EXPECT_GT(damaged, 0) << extension;
    EXPECT_LT(damaged, count) << extension;
    const auto at = kv->scan("", "");
    while (at->valid()) at->next();
    EXPECT_EQ(at->status().code(), StatusCode::kDataLoss) << extension;
  }
}

// A file system that says "no space" on demand.
class FullDisk final : public rocksdb::FileSystemWrapper {
 public:
  explicit FullDisk(std::atomic<bool>& full) : FileSystemWrapper(rocksdb::FileSystem::Default()), full_(full) {}
  const char* Name() const override { return "FullDisk"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override {
    std::unique_ptr<rocksdb::FSWritableFile> file;
    const rocksdb::IOStatus made = target()->NewWritableFile(name, options, &file, debug);
    if (made.ok()) *result = std::make_unique<File>(std::move(file), full_);
    return made;
  }

 private:
  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(std::unique_ptr<rocksdb::FSWritableFile> file, std::atomic<bool>& full)
        : FSWritableFileOwnerWrapper(std::move(file)), full_(full) {}
    using FSWritableFileOwnerWrapper::Append;
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
      if (full_) return rocksdb::IOStatus::NoSpace("disk full");
      return FSWritableFileOwnerWrapper::Append(data, options, debug);
    }

   private:
    std::atomic<bool>& full_;
  };
  std::atomic<bool>& full_;
};

TEST(RocksKv, AFullDiskRefusesAndRecovers) {
  const TempDir dir;
  std::atomic<bool> full = false;
  const auto env = rocksdb::NewCompositeEnv(std::make_shared<FullDisk>(full));
  const fs::path path = dir.path() / "store";
  auto kv = open_at(path, {.env = env.get()});
  ASSERT_TRUE(kv->write({{"a", "1"}, {"b", "1"}}).ok());

  full = true;
  for (int attempt = 0; attempt < 3; ++attempt) {
    const Status refused = kv->write({{"a", "2"}, {"b", "2"}, {"c", Bytes(100'000, 'x')}});
    EXPECT_EQ(refused.code(), StatusCode::kUnavailable) << refused.to_string();
  }
  full = false;
  const Status again = kv->write({{"a", "3"}, {"b", "3"}, {"d", "3"}});
  EXPECT_TRUE(again.ok()) << again.to_string();
  kv = nullptr;
  kv = open_at(path);
  EXPECT_EQ(value_of(*kv, "a"), "3");
  EXPECT_EQ(value_of(*kv, "d"), "3");
}

// Killed while the disk is full: what was durable before is whole.
TEST(RocksKv, AFailedBatchLeavesNoHalves) {
  const TempDir dir;
  std::atomic<bool> full = false;
  const auto env = rocksdb::NewCompositeEnv(std::make_shared<FullDisk>(full));
  const fs::path path = dir.path() / "store";
  auto kv = open_at(path, {.env = env.get()});
  ASSERT_TRUE(kv->write({{"a", "1"}, {"b", "1"}}).ok());
  full = true;
  EXPECT_FALSE(kv->write({{"a", "2"}, {"b", "2"}}).ok());
  kv = nullptr;
  kv = open_at(path);
  EXPECT_EQ(value_of(*kv, "a"), "1");
  EXPECT_EQ(value_of(*kv, "b"), "1");
}

TEST(RocksKv, ReadsGoOnBesideAWrite) {
  const TempDir dir;
  const auto kv = open_at(dir.path() / "store");
  const auto batch_of = [](const Bytes& value) {
    Batch batch;
    for (int i = 0; i < 500; ++i) batch.put("key" + std::to_string(i), value);
    return batch;
  };
  ASSERT_TRUE(kv->write(batch_of("0")).ok());
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int i = 1; i <= 20; ++i) EXPECT_TRUE(kv->write(batch_of(std::to_string(i))).ok());
    done = true;
  });
  int scans = 0;
  while (!done || scans == 0) {
    const auto at = kv->scan("", "");
    ASSERT_TRUE(at->valid());
    const Bytes first(at->value());
    int count = 0;
    for (; at->valid(); at->next(), ++count) ASSERT_EQ(at->value(), first) << "half of a batch in one view";
    ASSERT_EQ(count, 500);
    ASSERT_NE(value_of(*kv, "key7"), "-");
    ++scans;
  }
  writer.join();
  EXPECT_EQ(value_of(*kv, "key499"), "20");
}

TEST(RocksKv, ABackupIsAStoreOfItsOwn) {
  const TempDir dir;
  const auto kv = open_at(dir.path() / "store");
  ASSERT_TRUE(kv->write({{"a", "1"}, {"large", Bytes(100'000, 'x')}}).ok());
  const auto files = kv->backup(dir.path() / "copy");
  ASSERT_TRUE(files) << files.error().to_string();
  ASSERT_TRUE(kv->write({{"a", "2"}}).ok());

  bool has_table = false;
  for (std::size_t i = 0; i < files->size(); ++i) {
    const BackupFile& file = (*files)[i];
    EXPECT_EQ(fs::file_size(dir.path() / "copy" / file.name), file.bytes) << file.name;
    has_table = has_table || file.name.ends_with(".sst");
    if (i > 0) {
      EXPECT_LT((*files)[i - 1].name, file.name);
    }
  }
  EXPECT_TRUE(has_table);
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path() / "copy"), fs::directory_iterator()),
            static_cast<std::ptrdiff_t>(files->size()));

  const auto copy = open_at(dir.path() / "copy");
  EXPECT_EQ(value_of(*copy, "a"), "1");
  EXPECT_EQ(value_of(*copy, "large"), Bytes(100'000, 'x'));
  EXPECT_EQ(value_of(*kv, "a"), "2");

  const auto again = kv->backup(dir.path() / "copy");
  ASSERT_FALSE(again) << "an existing directory is not written into";
  EXPECT_EQ(again.error().code(), StatusCode::kInvalidArgument) << again.error().to_string();
}

// Every bit of the properties block and of what follows it: refused as damage or harmless, and the process lives.
TEST(RocksKv, NoFlippedBitAtTheEndOfATableEndsTheProcess) {
  const TempDir dir;
  const fs::path path = dir.path() / "store";
  ASSERT_TRUE(open_at(path)->write({{"k", "v"}}).ok());
  const fs::path table = files_ending(path, ".sst").at(0);
  std::ifstream file(table, std::ios::binary);
  const Bytes right{std::istreambuf_iterator<char>(file), {}};
  int refused = 0;
  // One bit of each byte suffices here: the top one, which is the one that was believed.
  for (std::size_t at = right.size() - 200; at < right.size(); ++at) {
    Bytes wrong = right;
    wrong[at] = static_cast<char>(wrong[at] ^ 0x80);
    std::ofstream(table, std::ios::binary) << wrong;
    const auto kv = RocksKv::open(path);
    if (kv) continue;
    ++refused;
    EXPECT_EQ(kv.error().code(), StatusCode::kDataLoss) << at << ": " << kv.error().to_string();
  }
  EXPECT_GT(refused, 100);
  std::ofstream(table, std::ios::binary) << right;
  EXPECT_EQ(value_of(*open_at(path), "k"), "v");
}

// A filter is megabytes for a large table. Asking for one key reads a few blocks, not all of it, whether the key is
// there or not, and however small the cache is beside the data.
TEST(RocksKv, AKeyOfALargeStoreCostsAFewBlocks) {
  constexpr std::size_t kKeys = 500'000;
  constexpr std::size_t kAsked = 200;
  const TempDir dir;
  const auto kv = open_at(dir.path() / "store");
  const auto key_of = [](std::size_t i) {
    std::string digits = std::to_string(i);
    return "key:" + std::string(9 - digits.size(), '0') + digits;
  };
  // Spread over so many tables that RocksDB makes one of them; those it has just been given it keeps an eye on.
  constexpr std::size_t kTables = 4;
  for (std::size_t table = 0; table < kTables; ++table) {
    Batch batch;
    for (std::size_t i = table; i < kKeys; i += kTables) batch.put(key_of(2 * i), "a value");
    ASSERT_TRUE(kv->write(batch).ok());
  }
  for (int i = 0; i < 3000 && files_ending(dir.path() / "store", ".sst").size() > 1; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ASSERT_EQ(files_ending(dir.path() / "store", ".sst").size(), 1U);
  (void)kv->get(key_of(1));
  const auto bytes_per_key = [&](std::size_t odd) {
    rocksdb::get_iostats_context()->Reset();
    for (std::size_t i = 0; i < kAsked; ++i) {
      const auto value = kv->get(key_of(2 * (i * 7919 % kKeys) + odd));
      EXPECT_TRUE(value && value->has_value() == (odd == 0));
    }
    return rocksdb::get_iostats_context()->bytes_read / kAsked;
  };
  EXPECT_LT(bytes_per_key(1), 16U << 10) << "of keys that are not there";
  EXPECT_LT(bytes_per_key(0), 32U << 10) << "of keys that are";
}

TEST(RocksKv, KeepsNoLogFileBesideTheData) {
  const TempDir dir;
  for (int start = 0; start < 2; ++start) {
    const auto kv = open_at(dir.path() / "store");
    ASSERT_TRUE(kv->write({{"k", "v"}}).ok());
  }
  for (const auto& entry : fs::directory_iterator(dir.path() / "store")) {
    EXPECT_NE(entry.path().filename().string().substr(0, 4), "LOG.") << entry.path();
    EXPECT_NE(entry.path().filename().string(), "LOG") << entry.path();
  }
}

}  // namespace
}  // namespace pando::io
