// Whatever file is given as a backup: reading it never crashes, whether it comes at once or a byte at a time, and both
// come to the same. Bodies of blocks are also reached with checksums that fit.

#include <cstdint>

#include "base/crc32c.h"
#include "canonical.h"
#include "model/backup.h"

namespace {

using pando::BackupReader;
using pando::Bytes;
using pando::ByteSpan;
using pando::Writer;

struct Seen {
  std::size_t blocks = 0;
  bool whole = false;
  friend bool operator==(const Seen&, const Seen&) = default;
};

Seen read(ByteSpan file, std::size_t at_once) {
  BackupReader reader;
  Seen seen;
  for (std::size_t at = 0; at < file.size(); at += at_once) {
    reader.add(file.substr(at, at_once));
    for (;;) {
      const auto block = reader.next();
      if (!block) return seen;
      if (!*block) break;
      ++seen.blocks;
    }
  }
  seen.whole = reader.finish().ok();
  return seen;
}

// A head and a block of that kind and body behind it, with checksums that fit.
Bytes file_of(std::uint8_t kind, ByteSpan body) {
  pando::BackupWriter writer;
  pando::BackupHeader header;
  header.ns = "ns";
  header.node = {"dc1", 1};
  Bytes file = writer.begin(header);
  Bytes place;
  Writer words(place);
  words.u8(kind);
  words.u32(static_cast<std::uint32_t>(body.size()));
  Bytes head = place;
  words.u64(file.size());
  Writer out(head);
  out.u32(pando::crc32c(place));
  out.u32(pando::crc32c(body));
  return file + head + Bytes(body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteSpan bytes(reinterpret_cast<const char*>(data), size);
  CHECK(read(bytes, size + 1) == read(bytes, 1));
  for (const char kind : {'S', 'E', 'H', 'X'}) (void)read(file_of(static_cast<std::uint8_t>(kind), bytes), 1 << 20);
  return 0;
}
