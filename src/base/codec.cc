#include "base/codec.h"

#include <fmt/core.h>

#include <bit>
#include <cstring>

namespace pando {

static_assert(std::endian::native == std::endian::little, "fixed words are stored as they lie in memory");

void Writer::u32(std::uint32_t v) {
  char word[sizeof v];
  std::memcpy(word, &v, sizeof v);
  out_.append(word, sizeof v);
}

void Writer::u64(std::uint64_t v) {
  char word[sizeof v];
  std::memcpy(word, &v, sizeof v);
  out_.append(word, sizeof v);
}

void Writer::long_varint(std::uint64_t v) {
  constexpr std::size_t kBytesMax = 10;
  char bytes[kBytesMax];
  std::size_t size = 0;
  for (; v >= 0x80; v >>= 7) bytes[size++] = static_cast<char>(v | 0x80);
  bytes[size++] = static_cast<char>(v);
  out_.append(bytes, size);
}

void Writer::varint128(UInt128 v) {
  while (v >= 0x80) {
    u8(static_cast<std::uint8_t>(v) | 0x80);
    v >>= 7;
  }
  u8(static_cast<std::uint8_t>(v));
}

void Writer::bytes(ByteSpan v) {
  varint(v.size());
  raw(v);
}

void Reader::refuse(const char* field, std::string_view why) {
  if (error_.empty()) error_ = fmt::format("offset {}: {}: {}", offset_, field, why);
  offset_ = in_.size();
}

ByteSpan Reader::raw(const char* field, std::size_t size) {
  if (!ok()) return {};
  if (size > in_.size() - offset_) {
    refuse(field, fmt::format("needs {} bytes, {} left", size, in_.size() - offset_));
    return {};
  }
  const ByteSpan found = in_.substr(offset_, size);
  offset_ += size;
  return found;
}

std::uint8_t Reader::u8(const char* field) {
  const ByteSpan found = raw(field, 1);
  return found.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(found[0]);
}

std::uint32_t Reader::u32(const char* field) {
  std::uint32_t v = 0;
  const ByteSpan found = raw(field, sizeof v);
  if (!found.empty()) std::memcpy(&v, found.data(), sizeof v);
  return v;
}

std::uint64_t Reader::u64(const char* field) {
  std::uint64_t v = 0;
  const ByteSpan found = raw(field, sizeof v);
  if (!found.empty()) std::memcpy(&v, found.data(), sizeof v);
  return v;
}

std::uint64_t Reader::varint(const char* field) {
  std::uint64_t v = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (!ok()) return 0;
    if (offset_ == in_.size()) {
      refuse(field, "varint is cut short");
      return 0;
    }
    const auto byte = static_cast<std::uint8_t>(in_[offset_++]);
    const std::uint64_t part = byte & 0x7F;
    if (shift == 63 && part > 1) break;
    v |= part << shift;
    if ((byte & 0x80) == 0) {
      if (byte == 0 && shift > 0) {
        refuse(field, "varint is longer than needed");
        return 0;
      }
      return v;
    }
  }
  refuse(field, "varint is over 64 bits");
  return 0;
}

UInt128 Reader::varint128(const char* field) {
  UInt128 v = 0;
  for (unsigned shift = 0; shift < 128; shift += 7) {
    if (!ok()) return 0;
    if (offset_ == in_.size()) {
      refuse(field, "varint is cut short");
      return 0;
    }
    const auto byte = static_cast<std::uint8_t>(in_[offset_++]);
    const UInt128 part = byte & 0x7F;
    if (shift == 126 && part > 3) break;
    v |= part << shift;
    if ((byte & 0x80) == 0) {
      if (byte == 0 && shift > 0) {
        refuse(field, "varint is longer than needed");
        return 0;
      }
      return v;
    }
  }
  refuse(field, "varint is over 128 bits");
  return 0;
}

std::uint64_t Reader::varint_max(const char* field, std::uint64_t max) {
  const std::uint64_t v = varint(field);
  if (v <= max) return v;
  refuse(field, fmt::format("{} is over the limit of {}", v, max));
  return 0;
}

ByteSpan Reader::bytes(const char* field, std::uint64_t size_max) {
  const std::uint64_t size = varint_max(field, size_max);
  return raw(field, static_cast<std::size_t>(size));
}

ByteSpan Reader::rest() { return raw("rest", in_.size() - offset_); }

Status Reader::status() const {
  if (ok()) return {};
  return Status(StatusCode::kDataLoss, error_);
}

Status Reader::finish() {
  if (ok() && !at_end()) refuse("end", fmt::format("{} bytes left over", in_.size() - offset_));
  return status();
}

}  // namespace pando
