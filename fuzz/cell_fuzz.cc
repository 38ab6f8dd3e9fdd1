// Whatever lies on disk or comes from a peer: decoding cells, their keys, the checkpoint record and manifests
// never crashes, and what is taken is canonical: encoding it again gives the same bytes.

#include <cstdint>

#include "base/crc32c.h"
#include "canonical.h"
#include "model/lob_manifest.h"
#include "store/cell.h"
#include "store/cell_key.h"
#include "store/checkpoint_meta.h"

namespace {

using pando::Bytes;
using pando::ByteSpan;
using pando::Writer;

// A stored form whose checksum fits, so that the fields behind it are reached too.
Bytes with_checksum(ByteSpan key, ByteSpan fields) {
  Bytes stored;
  Writer out(stored);
  out.u8(1);
  out.u32(pando::crc32c(fields, pando::crc32c(key)));
  out.raw(fields);
  return stored;
}

void check_meta(ByteSpan stored) {
  const auto meta = pando::store::decode_checkpoint_meta(stored);
  if (meta) CHECK(pando::store::encode_checkpoint_meta(*meta) == stored);
}

void check_cell(ByteSpan value) {
  for (const auto kind :
       {pando::CellKind::kRegister, pando::CellKind::kCounter, pando::CellKind::kDecimal, pando::CellKind::kFlag}) {
    const Bytes key = pando::store::cell_key({"kv", "k", kind, ""});
    for (const Bytes& stored : {Bytes(value), with_checksum(key, value)}) {
      const auto cell = pando::store::decode_cell(key, stored);
      if (cell) CHECK(pando::store::encode_cell(key, *cell) == stored);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteSpan bytes(reinterpret_cast<const char*>(data), size);
  pando::fuzz::check_part(bytes, pando::crdt::decode_register);
  pando::fuzz::check_part(bytes, pando::crdt::decode_counter);
  check_cell(bytes);
  if (const auto path = pando::store::decode_cell_key(bytes)) CHECK(pando::store::cell_key(*path) == bytes);
  pando::store::key_prefix_size(bytes);
  check_meta(bytes);
  check_meta(with_checksum({}, bytes));
  if (const auto manifest = pando::decode_lob_manifest(bytes)) CHECK(pando::encode_lob_manifest(*manifest) == bytes);
  return 0;
}
