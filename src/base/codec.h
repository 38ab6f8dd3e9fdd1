// base/codec.h — how every byte we own is written: little-endian fixed words and LEB128 varints.
//
// Writer appends and cannot fail. Reader never reads past its input and never throws: the first malformed
// field makes it fail for good, every later read returns zeros, and status() says what and at which offset.
// So a decoder reads straight through and checks once.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/int128.h"
#include "base/status.h"

namespace pando {

// The same into room that is there: nothing is checked, whoever makes the room knows what the most is.
class RawWriter {
 public:
  explicit RawWriter(char* at) : at_(at) {}

  void u8(std::uint8_t v) { *at_++ = static_cast<char>(v); }
  void varint(std::uint64_t v) {
    for (; v >= 0x80; v >>= 7) u8(static_cast<std::uint8_t>(v) | 0x80);
    u8(static_cast<std::uint8_t>(v));
  }
  void varint128(UInt128 v) {
    for (; v > UINT64_MAX; v >>= 7) u8(static_cast<std::uint8_t>(v) | 0x80);
    varint(static_cast<std::uint64_t>(v));
  }
  void bytes(ByteSpan v) {
    varint(v.size());
    at_ = copy_bytes(v, at_);
  }

  const char* at() const { return at_; }

 private:
  char* at_;
};

class Writer {
 public:
  // The most that a varint() and a varint128() take.
  static constexpr std::size_t kVarintBytesMax = 10;
  static constexpr std::size_t kVarint128BytesMax = 19;

  explicit Writer(Bytes& out) : out_(out) {}

  void u8(std::uint8_t v) { out_.push_back(static_cast<char>(v)); }
  void u32(std::uint32_t v);
  void u64(std::uint64_t v);
  // Unsigned LEB128, at most 10 bytes.
  void varint(std::uint64_t v) {
    if (v < 0x80) {
      u8(static_cast<std::uint8_t>(v));
    } else {
      long_varint(v);
    }
  }
  // The same for 128 bits, at most 19 bytes; a number of 64 bits has the same form either way.
  void varint128(UInt128 v);
  // varint(length) then the bytes.
  void bytes(ByteSpan v);
  // The bytes alone.
  void raw(ByteSpan v) { out_.append(v); }

  // What fill(RawWriter&) writes, at most so many bytes: room is made once for all of it.
  template <typename Fill>
  void small(std::size_t bytes_max, Fill fill) {
    const std::size_t from = out_.size();
    out_.resize(from + bytes_max);
    RawWriter raw(out_.data() + from);
    fill(raw);
    out_.resize(static_cast<std::size_t>(raw.at() - out_.data()));
  }

  std::size_t size() const { return out_.size(); }

 private:
  void long_varint(std::uint64_t v);

  Bytes& out_;
};

class Reader {
 public:
  explicit Reader(ByteSpan in) : in_(in) {}

  std::uint8_t u8(const char* field);
  std::uint32_t u32(const char* field);
  std::uint64_t u64(const char* field);
  // Refuses encodings that are longer than needed, so that each number has exactly one form.
  std::uint64_t varint(const char* field);
  UInt128 varint128(const char* field);
  // A varint that must not exceed `max` (a count or a length about to be allocated).
  std::uint64_t varint_max(const char* field, std::uint64_t max);
  // Borrowed from the input.
  ByteSpan bytes(const char* field, std::uint64_t size_max);
  ByteSpan raw(const char* field, std::size_t size);
  // Everything left.
  ByteSpan rest();

  bool ok() const { return error_.empty(); }
  bool at_end() const { return offset_ == in_.size(); }
  std::size_t offset() const { return offset_; }
  // Marks the input as malformed (a rule of the caller's was broken at `field`).
  void refuse(const char* field, std::string_view why);
  // kDataLoss "offset 17: commit.seq: …" when anything was malformed.
  Status status() const;
  // The same, and an error too when bytes are left over.
  Status finish();

 private:
  ByteSpan in_;
  std::size_t offset_ = 0;
  std::string error_;
};

}  // namespace pando
