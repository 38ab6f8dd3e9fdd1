// fuzz/log_recovery_fuzz.cc — recovery of segments that hold anything.
//
// Checksums would keep a fuzzer out, so the input is a script: it builds segments out of right headers and
// records, then overwrites, cuts and swaps bytes of them. Whatever comes of it: no crash, records dense and in
// order, and what is not named as damage can be appended to and recovered again.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "log/test_disk.h"

namespace {

using pando::Bytes;
using pando::ByteSpan;
using pando::LogPos;
using pando::Status;

constexpr std::uint64_t kSegmentBytes = 12 * 1024;

// Takes the input apart; zeros once it has ended.
class Script {
 public:
  Script(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  bool done() const { return at_ >= size_; }
  std::uint8_t byte() { return done() ? std::uint8_t{0} : data_[at_++]; }
  std::uint64_t number(std::uint64_t below) { return (byte() | byte() << 8) % below; }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t at_ = 0;
};

pando::log::AppenderOptions small() {
  pando::log::AppenderOptions options;
  options.segment_bytes = kSegmentBytes;
  return options;
}

void build(Script& script, pando::log::TestDisk& disk) {
  pando::log::DrivenLog log(disk, small());
  const int records = script.byte() % 24;
  for (int i = 0; i < records; ++i) {
    const std::uint8_t what = script.byte();
    CHECK(log.append(Bytes(static_cast<std::size_t>(what % 64) * 40, static_cast<char>(what))).has_value());
    if (what % 3 != 0) CHECK(log.settle());
  }
  if (script.byte() % 2 == 0) CHECK(log.close());
  CHECK(log.settle());
}

void damage(Script& script, pando::log::TestDisk& disk) {
  while (!script.done() && !disk.segments.empty()) {
    auto segment = std::next(disk.segments.begin(), static_cast<std::ptrdiff_t>(script.number(disk.segments.size())));
    Bytes& bytes = segment->second;
    switch (script.byte() % 6) {
      case 0: {  // some bytes of the fuzzer's choice
        std::size_t at = script.number(kSegmentBytes);
        for (int n = script.byte() % 32; n >= 0 && at < bytes.size(); --n)
          bytes[at++] = static_cast<char>(script.byte());
        break;
      }
      case 1: {  // a hole
        const std::size_t at = std::min<std::size_t>(bytes.size(), script.number(kSegmentBytes));
        const std::size_t count = std::min<std::size_t>(bytes.size() - at, script.number(4096));
        std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), count, '\0');
        break;
      }
      case 2: bytes.resize(std::min<std::size_t>(bytes.size(), script.number(kSegmentBytes))); break;
      case 3: disk.segments.erase(segment); break;
      case 4: std::swap(bytes, disk.segments.begin()->second); break;
      case 5: disk.segments[1 + script.number(8)] = Bytes(script.number(kSegmentBytes), '\0'); break;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script script(data, size);
  pando::log::TestDisk disk;
  build(script, disk);
  damage(script, disk);

  LogPos last;
  pando::log::Recovery recovery({}, [&](const pando::log::RecordView& record) {
    CHECK(record.pos == last.next());
    last = record.pos;
    return Status();
  });
  for (const auto& [id, bytes] : disk.segments) static_cast<void>(recovery.feed(id, bytes));
  const pando::log::Recovered found = recovery.finish();
  if (!found.damage.ok()) {
    CHECK(found.damage.code() == pando::StatusCode::kDataLoss && !found.damage.message().empty());
    return 0;
  }
  CHECK(found.last == last);
  {
    pando::log::DrivenLog log(disk, small());
    log.append_all({"goes on", "and on"});
  }
  pando::log::DrivenLog again(disk, small());
  CHECK(again.found().damage.ok());
  CHECK(again.recovered().size() == last.value + 2);
  CHECK(again.read_from(LogPos(1), 5000).value() == again.recovered());
  return 0;
}
