// model/backup.h — a backup of a namespace as one file: the cells that one context covers, and that context.
//
//   file   = "PANDOBAK" head block, cell blocks, end block
//   block  = u8(kind) u32(size of body) u32(crc32c of kind, size and offset) u32(crc32c of body) body
//
// The offset that goes into a block's checksum is that of the block in the file, so blocks that are swapped, repeated
// or taken from elsewhere do not fit. Cells stand in the order of their keys, each once. Without its end block a file
// is no backup: nothing of it may count before that was read. Bytes with golden files: docs/formats/backup.md; why:
// docs/design/019-backup-and-restore.md.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "model/cut.h"
#include "model/table_scope.h"

namespace pando {

inline constexpr std::uint64_t kBackupFormat = 1;
// Of cells in a block, about; a block holds one cell at least, however large.
inline constexpr std::size_t kBackupBlockBytes = 64 * 1024;
inline constexpr std::size_t kBackupBlockBytesMax = std::size_t{1} << 30;

// What is backed up.
struct BackupHeader {
  std::string ns;
  std::string cluster;      // empty: of the one that was never cloned (docs/design/019-backup-and-restore.md)
  Origin node;              // that made it
  LogPos pos;               // of its log: every record up to here is in the cells
  std::int64_t at_ms = 0;   // wall clock of the node, for people
  TableScope tables = {};   // which the node held
  TableFilter shared = {};  // of these, what others may hold too
  Cut cut;                  // what the cells have seen
  friend bool operator==(const BackupHeader&, const BackupHeader&) = default;
};
// What was said, so that nothing can be missing.
struct BackupEnd {
  std::uint64_t cells = 0;
  friend bool operator==(const BackupEnd&, const BackupEnd&) = default;
};

// Makes the bytes of a file, in order.
class BackupWriter {
 public:
  // The first bytes of the file.
  Bytes begin(const BackupHeader& header);
  // A cell with a key above those before; its bytes become a block with others.
  void add(ByteSpan cell_key, ByteSpan state);
  // So many bytes of cells wait for a block.
  std::size_t waiting() const { return packed_.size(); }
  Bytes take_block();
  // The last bytes.
  Bytes end();

 private:
  Bytes block(std::uint8_t kind, ByteSpan body);

  std::uint64_t offset_ = 0;
  std::uint64_t cells_ = 0;
  std::uint64_t count_ = 0;
  Bytes packed_;
};

// Reads them back, from bytes as they come.
class BackupReader {
 public:
  using Block = std::variant<BackupHeader, std::vector<CutCell>, BackupEnd>;

  void add(ByteSpan bytes) { bytes_.append(bytes); }
  // The next block, once all of it was added. The first one is the head, the last one the end.
  //   kDataLoss         what stands there is no backup, or damaged: the text names the offset
  //   kUnimplemented    a format that is newer than this program
  Result<std::optional<Block>> next();
  bool ended() const { return ended_; }
  // Nothing follows what was added. kDataLoss when the backup does not end there.
  Status finish() const;

 private:
  Result<std::optional<Block>> read_block();
  Result<Block> decode(std::uint8_t kind, ByteSpan body);
  Status damaged(std::string_view why) const;

  Bytes bytes_;
  std::uint64_t offset_ = 0;  // of bytes_[0] in the file
  bool begun_ = false;        // behind the magic
  bool headed_ = false;
  bool ended_ = false;
  std::uint64_t cells_ = 0;
  Bytes last_key_;
};

}  // namespace pando
