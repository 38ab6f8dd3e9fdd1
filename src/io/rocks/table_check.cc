#include "io/rocks/table_check.h"

#include <fmt/core.h>

#include <fstream>
#include <optional>
#include <system_error>

#include "base/codec.h"

namespace pando::io {
namespace {

constexpr std::uint64_t kFooterBytes = 53;
constexpr std::uint64_t kMagic = 0x88e241b785f4cff7;
constexpr std::uint64_t kBlockBytesMax = 1 << 20;  // metaindex and properties have a few hundred
constexpr std::uint32_t kOtherKindOfBlock = std::uint32_t{1} << 31;

struct Handle {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

class Table {
 public:
  explicit Table(const std::filesystem::path& path) : file_(path, std::ios::binary | std::ios::ate) {
    if (file_) bytes_ = static_cast<std::uint64_t>(file_.tellg());
  }

  std::optional<Bytes> read(Handle at) {
    if (at.bytes > kBlockBytesMax || at.bytes > bytes_ || at.offset > bytes_ - at.bytes) return std::nullopt;
    Bytes found(at.bytes, '\0');
    file_.seekg(static_cast<std::streamoff>(at.offset));
    if (!file_.read(found.data(), static_cast<std::streamsize>(at.bytes))) return std::nullopt;
    return found;
  }
  std::optional<Bytes> footer() {
    return bytes_ < kFooterBytes ? std::nullopt : read({bytes_ - kFooterBytes, kFooterBytes});
  }

 private:
  std::ifstream file_;
  std::uint64_t bytes_ = 0;
};

std::optional<Handle> read_handle(Reader& in) {
  Handle handle;
  handle.offset = in.varint("handle.offset");
  handle.bytes = in.varint("handle.bytes");
  return in.ok() ? std::optional(handle) : std::nullopt;
}

std::optional<Handle> metaindex_of(ByteSpan footer) {
  Reader magic(footer.substr(kFooterBytes - sizeof(std::uint64_t)));
  if (magic.u64("magic") != kMagic) return std::nullopt;
  Reader in(footer.substr(1));  // behind the kind of checksum
  return read_handle(in);
}

// Entries of a block: varint(shared) varint(rest) varint(value) rest value; `shared` bytes are those of the key before.
std::optional<Handle> properties_of(ByteSpan metaindex) {
  Reader in(metaindex);
  std::string key;
  while (in.ok() && !in.at_end()) {
    const std::uint64_t shared = in.varint("shared");
    const std::uint64_t rest = in.varint("rest");
    const std::uint64_t value = in.varint("value");
    if (!in.ok() || shared > key.size() || rest > metaindex.size() || value > metaindex.size()) return std::nullopt;
    key = key.substr(0, shared).append(in.raw("key", rest));
    Reader handle(in.raw("value", value));
    if (in.ok() && key == "rocksdb.properties") return read_handle(handle);
  }
  return std::nullopt;
}

bool is_mistaken(Table table) {
  const std::optional<Bytes> footer = table.footer();
  const std::optional<Handle> at = footer ? metaindex_of(*footer) : std::nullopt;
  const std::optional<Bytes> metaindex = at ? table.read(*at) : std::nullopt;
  const std::optional<Handle> properties_at = metaindex ? properties_of(*metaindex) : std::nullopt;
  const std::optional<Bytes> properties = properties_at ? table.read(*properties_at) : std::nullopt;
  if (!properties || properties->size() < sizeof(std::uint32_t)) return false;
  Reader last(ByteSpan(*properties).substr(properties->size() - sizeof(std::uint32_t)));
  return (last.u32("restarts") & kOtherKindOfBlock) != 0;
}

}  // namespace

Status check_tables(const std::filesystem::path& directory) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().extension() != ".sst" || !is_mistaken(Table(entry.path()))) continue;
    return Status(StatusCode::kDataLoss,
                  fmt::format("store: {}: the properties of the table are damaged", entry.path().string()));
  }
  return {};
}

}  // namespace pando::io
