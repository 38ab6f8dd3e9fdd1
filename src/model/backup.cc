#include "model/backup.h"

#include <fmt/core.h>

#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/limits.h"

namespace pando {
namespace {

constexpr ByteSpan kMagic{"PANDOBAK", 8};
constexpr std::size_t kBlockHeadBytes = 13;
constexpr std::uint8_t kHeadKind = 'H';
constexpr std::uint8_t kCellsKind = 'S';
constexpr std::uint8_t kEndKind = 'E';

std::uint32_t head_sum(std::uint8_t kind, std::uint32_t size, std::uint64_t offset) {
  Bytes words;
  Writer out(words);
  out.u8(kind);
  out.u32(size);
  out.u64(offset);
  return crc32c(words);
}

void encode(const BackupHeader& header, Writer& out) {
  out.varint(kBackupFormat);
  out.bytes(header.ns);
  out.bytes(header.cluster);
  encode(header.node, out);
  out.varint(header.pos.value);
  out.u64(static_cast<std::uint64_t>(header.at_ms));
  encode(header.tables, out);
  encode(header.shared, out);
  encode(header.cut, out);
}

BackupHeader decode_header(Reader& in) {
  BackupHeader header;
  header.ns = Bytes(in.bytes("backup.namespace", limits::kNamespaceBytesMax));
  header.cluster = Bytes(in.bytes("backup.cluster", limits::kClusterBytesMax));
  header.node = decode_origin(in);
  header.pos = LogPos(in.varint("backup.position"));
  header.at_ms = static_cast<std::int64_t>(in.u64("backup.at_ms"));
  header.tables = decode_table_scope(in);
  header.shared = decode_table_filter(in);
  header.cut = decode_cut(in);
  return header;
}

}  // namespace

// Writing. ------------------------------------------------------------------------------------------------

Bytes BackupWriter::block(std::uint8_t kind, ByteSpan body) {
  CHECK(body.size() <= kBackupBlockBytesMax);
  const auto size = static_cast<std::uint32_t>(body.size());
  Bytes bytes;
  Writer out(bytes);
  out.u8(kind);
  out.u32(size);
  out.u32(head_sum(kind, size, offset_));
  out.u32(crc32c(body));
  out.raw(body);
  offset_ += bytes.size();
  return bytes;
}

Bytes BackupWriter::begin(const BackupHeader& header) {
  CHECK(offset_ == 0);
  Bytes body;
  Writer out(body);
  encode(header, out);
  offset_ = kMagic.size();
  Bytes bytes(kMagic);
  bytes += block(kHeadKind, body);
  return bytes;
}

void BackupWriter::add(ByteSpan cell_key, ByteSpan state) {
  Writer out(packed_);
  encode(CutCell{Bytes(cell_key), Bytes(state)}, out);
  ++count_;
}

Bytes BackupWriter::take_block() {
  if (count_ == 0) return {};
  Bytes bytes = block(kCellsKind, encode_cut_cells(count_, packed_));
  cells_ += std::exchange(count_, 0);
  packed_.clear();
  return bytes;
}

Bytes BackupWriter::end() {
  Bytes bytes = take_block();
  Bytes body;
  Writer(body).varint(cells_);
  bytes += block(kEndKind, body);
  return bytes;
}

// Reading. ------------------------------------------------------------------------------------------------

Status BackupReader::damaged(std::string_view why) const {
  return Status(StatusCode::kDataLoss, fmt::format("offset {}: {}", offset_, why));
}

Result<std::optional<BackupReader::Block>> BackupReader::next() {
  if (!begun_) {
    if (bytes_.size() < kMagic.size()) return std::optional<Block>();
    if (ByteSpan(bytes_).substr(0, kMagic.size()) != kMagic) return fail(damaged("this is no backup of Pando"));
    bytes_.erase(0, kMagic.size());
    offset_ = kMagic.size();
    begun_ = true;
  }
  return read_block();
}

Result<std::optional<BackupReader::Block>> BackupReader::read_block() {
  if (ended_ && !bytes_.empty()) return fail(damaged("there is more behind the end of the backup"));
  if (bytes_.size() < kBlockHeadBytes) return std::optional<Block>();
  Reader in(bytes_);
  const std::uint8_t kind = in.u8("block.kind");
  const std::uint32_t size = in.u32("block.size");
  if (in.u32("block.head") != head_sum(kind, size, offset_) || size > kBackupBlockBytesMax) {
    return fail(damaged("the head of a block does not fit its checksum"));
  }
  const std::uint32_t sum = in.u32("block.sum");
  if (bytes_.size() - kBlockHeadBytes < size) return std::optional<Block>();
  const ByteSpan body = in.raw("block.body", size);
  if (crc32c(body) != sum) return fail(damaged("a block does not fit its checksum"));
  Result<Block> block = decode(kind, body);
  if (!block) return fail(block.error());
  bytes_.erase(0, kBlockHeadBytes + size);
  offset_ += kBlockHeadBytes + size;
  return std::optional<Block>(std::move(*block));
}

Result<BackupReader::Block> BackupReader::decode(std::uint8_t kind, ByteSpan body) {
  if ((kind == kHeadKind) == headed_) return fail(damaged("a block that does not belong here"));
  Reader in(body);
  if (kind == kHeadKind) {
    const std::uint64_t format = in.varint("backup.format");
    if (in.ok() && format > kBackupFormat) {
      return fail(StatusCode::kUnimplemented,
                  fmt::format("the backup has format {}, this program reads up to {}", format, kBackupFormat));
    }
    BackupHeader header = decode_header(in);
    if (const Status status = in.finish(); !status.ok()) return fail(damaged(status.message()));
    headed_ = true;
    return Block(std::move(header));
  }
  if (kind == kCellsKind) {
    std::vector<CutCell> cells;
    if (const Status status = decode_cut_cells(body, cells); !status.ok()) return fail(damaged(status.message()));
    for (const CutCell& cell : cells) {
      if (!cell.state || cell.key <= last_key_) return fail(damaged("cells are not in their order"));
      last_key_ = cell.key;
    }
    cells_ += cells.size();
    return Block(std::move(cells));
  }
  if (kind != kEndKind) return fail(damaged(fmt::format("a block of kind {} is not known", kind)));
  const BackupEnd end{in.varint("backup.cells")};
  if (const Status status = in.finish(); !status.ok()) return fail(damaged(status.message()));
  if (end.cells != cells_) return fail(damaged(fmt::format("{} cells came, but there were {}", cells_, end.cells)));
  ended_ = true;
  return Block(end);
}

Status BackupReader::finish() const {
  if (ended_ && bytes_.empty()) return {};
  if (ended_) return damaged("there is more behind the end of the backup");
  return Status(StatusCode::kDataLoss, fmt::format("ends at offset {}, in the middle: it was cut off, or not finished",
                                                   offset_ + bytes_.size()));
}

}  // namespace pando
