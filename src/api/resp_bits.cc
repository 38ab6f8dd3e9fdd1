// The bits of plain values. Bit 0 is the highest of the first byte.
#include <algorithm>
#include <bit>

#include "api/resp_command.h"
#include "base/limits.h"

namespace pando::api {
namespace {

using C = RespCommand;

constexpr std::string_view kBadOffset = "ERR bit offset is not an integer or out of range";
constexpr std::string_view kBadBit = "ERR bit is not an integer or out of range";

GetRequest value_of(ByteSpan key) { return {std::string(kTableKv), Bytes(key), false}; }

bool bit_at(ByteSpan value, std::uint64_t offset) {
  if (offset / 8 >= value.size()) return false;
  return (static_cast<unsigned char>(value[offset / 8]) >> (7 - offset % 8) & 1U) != 0;
}

std::optional<std::int64_t> read_offset(RespCall& call) {
  const auto offset = call.integer(2, kBadOffset);
  if (!offset) return std::nullopt;
  if (*offset >= 0 && *offset / 8 < static_cast<std::int64_t>(limits::kValueBytesMax)) return offset;
  call.fail(kBadOffset);
  return std::nullopt;
}

void answer_bit(const RespReplies& got, RespWriter& to) {
  to.integer(bit_at(got.get<ValueReply>().value, static_cast<std::uint64_t>(got.number())) ? 1 : 0);
}
void get_bit(RespCall& call) {
  const auto offset = read_offset(call);
  if (offset) call.ask(value_of(call[1]), answer_bit).number = *offset;
}

void set_bit(RespCall& call) {
  const auto offset = read_offset(call);
  if (!offset) return;
  const auto on = call.integer(3, kBadBit);
  if (!on) return;
  if (*on != 0 && *on != 1) return call.fail(kBadBit);
  call.write(call.change(call[1], SetBit{static_cast<std::uint64_t>(*offset), *on == 1}), answer_integer);
}

// The bits [first, last] that a range of bytes or bits means; nothing when it is empty.
struct BitRange {
  std::int64_t first = 0;
  std::int64_t last = -1;
  bool bits = false;

  std::optional<std::pair<std::uint64_t, std::uint64_t>> within(ByteSpan value) const {
    const auto size = static_cast<std::int64_t>(value.size()) * (bits ? 8 : 1);
    if (first < 0 && last < 0 && first > last) return std::nullopt;
    const std::int64_t from = std::max<std::int64_t>(0, first < 0 ? first + size : first);
    const std::int64_t to = std::min(size - 1, std::max<std::int64_t>(0, last < 0 ? last + size : last));
    if (size == 0 || from > to) return std::nullopt;
    const std::int64_t unit = bits ? 1 : 8;
    return std::pair(static_cast<std::uint64_t>(from * unit), static_cast<std::uint64_t>(to * unit + unit - 1));
  }
  // As an answer keeps it.
  static BitRange of(const std::vector<Bytes>& names) {
    return {*resp_integer(names[0]), *resp_integer(names[1]), names[2] == "bit"};
  }
};

// Words `first`, `first` + 1 and BYTE or BIT behind them, into the names that an answer keeps. False: failed.
bool keep_range(RespCall& call, std::size_t first, std::vector<Bytes>& names) {
  names = {"0", "-1", "byte"};
  for (std::size_t i = 0; i < 2 && first + i < call.size(); ++i) {
    if (!call.integer(first + i)) return false;
    names[i] = call[first + i];
  }
  if (first + 2 >= call.size()) return true;
  if (first + 3 != call.size() || (!call.is(first + 2, "bit") && !call.is(first + 2, "byte"))) {
    call.fail_syntax();
    return false;
  }
  if (call.is(first + 2, "bit")) names[2] = "bit";
  return true;
}

void answer_bit_count(const RespReplies& got, RespWriter& to) {
  const Bytes& value = got.get<ValueReply>().value;
  const auto range = BitRange::of(got.names()).within(value);
  std::int64_t count = 0;
  for (std::uint64_t i = range ? range->first : 1; range && i <= range->second;) {
    if (i % 8 == 0 && i + 7 <= range->second) {
      count += std::popcount(static_cast<unsigned char>(value[i / 8]));
      i += 8;
    } else {
      count += bit_at(value, i++) ? 1 : 0;
    }
  }
  to.integer(count);
}
void count_bits(RespCall& call) {
  if (call.size() == 3) return call.fail_syntax();
  std::vector<Bytes> names;
  if (keep_range(call, 2, names)) call.ask(value_of(call[1]), answer_bit_count).names = std::move(names);
}

// `number`: 2 when the range has an end of its own, plus the bit that is looked for.
void answer_bit_position(const RespReplies& got, RespWriter& to) {
  const Bytes& value = got.get<ValueReply>().value;
  const bool wanted = (got.number() & 1) != 0;
  if (!got.get<ValueReply>().found) return to.integer(wanted ? -1 : 0);
  const auto range = BitRange::of(got.names()).within(value);
  if (!range) return to.integer(-1);
  const auto skipped = static_cast<char>(wanted ? 0x00 : 0xFF);
  for (std::uint64_t i = range->first; i <= range->second;) {
    if (i % 8 == 0 && i + 7 <= range->second && value[i / 8] == skipped) {
      i += 8;
    } else if (bit_at(value, i) == wanted) {
      return to.integer(static_cast<std::int64_t>(i));
    } else {
      ++i;
    }
  }
  // Behind the value all bits are 0.
  const bool open = (got.number() & 2) == 0;
  to.integer(!wanted && open ? static_cast<std::int64_t>(value.size() * 8) : -1);
}
void find_bit(RespCall& call) {
  const auto bit = call.integer(2);
  if (!bit) return;
  if (*bit != 0 && *bit != 1) return call.fail("ERR The bit argument must be 1 or 0.");
  std::vector<Bytes> names;
  if (!keep_range(call, 3, names)) return;
  RespPending& asked = call.ask(value_of(call[1]), answer_bit_position);
  asked.number = *bit | (call.size() > 4 ? 2 : 0);
  asked.names = std::move(names);
}

// BITOP. ---------------------------------------------------------------------------------------------------

void combine(RespCall& call) {
  CombineBits made;
  static constexpr std::pair<std::string_view, BitJoin> kJoins[] = {
      {"and", BitJoin::kAnd}, {"or", BitJoin::kOr}, {"xor", BitJoin::kXor}, {"not", BitJoin::kNot}};
  const auto* join =
      std::find_if(std::begin(kJoins), std::end(kJoins), [&](auto& one) { return call.is(1, one.first); });
  if (join == std::end(kJoins)) return call.fail_syntax();
  if (join->second == BitJoin::kNot && call.size() != 4) {
    return call.fail("ERR BITOP NOT must be called with a single source key.");
  }
  if (!call.may_read(call.size() - 3)) return;
  made.join = join->second;
  made.keys = call.rest(3);
  call.write(call.change(call[2], std::move(made)), answer_integer);
}

// BITFIELD. ------------------------------------------------------------------------------------------------

constexpr std::string_view kBadType =
    "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.";

// Words `i` and `i` + 1: "u8" and "16" or "#2", the third one.
std::optional<BitField> read_field(RespCall& call, std::size_t i) {
  BitField field;
  const ByteSpan type = call[i];
  const bool named = type.size() > 1 && (type.front() == 'i' || type.front() == 'u');
  const auto bits = named ? resp_integer(type.substr(1)) : std::nullopt;
  if (!bits || *bits < 1 || *bits > (type.front() == 'i' ? 64 : 63)) {
    call.fail(kBadType);
    return std::nullopt;
  }
  field.is_signed = type.front() == 'i';
  field.bits = static_cast<std::uint8_t>(*bits);
  const bool counted = !call[i + 1].empty() && call[i + 1].front() == '#';
  const ByteSpan text = counted ? call[i + 1].substr(1) : call[i + 1];
  const auto offset = text.empty() ? std::nullopt : resp_integer(text);
  constexpr auto kBits = static_cast<std::int64_t>(limits::kValueBytesMax) * 8;
  if (!offset || *offset < 0 || *offset > kBits || *offset * (counted ? *bits : 1) + *bits > kBits) {
    call.fail(kBadOffset);
    return std::nullopt;
  }
  field.offset = static_cast<std::uint64_t>(*offset * (counted ? *bits : 1));
  return field;
}

// False: failed.
bool read_overflow(RespCall& call, std::size_t i, EditBits::Overflow& overflow) {
  if (call.is(i, "wrap")) {
    overflow = EditBits::Overflow::kWrap;
  } else if (call.is(i, "sat")) {
    overflow = EditBits::Overflow::kSaturate;
  } else if (call.is(i, "fail")) {
    overflow = EditBits::Overflow::kRefuse;
  } else {
    call.fail("ERR Invalid OVERFLOW type specified");
    return false;
  }
  return true;
}

// Of nothing but GETs, which need no write. The names: type and place of each.
void answer_fields(const RespReplies& got, RespWriter& to) {
  const auto& names = got.names();
  to.array(names.size() / 3);
  for (std::size_t i = 0; i < names.size(); i += 3) {
    const BitField field{names[i] == "i", static_cast<std::uint8_t>(*resp_integer(names[i + 1])),
                         static_cast<std::uint64_t>(*resp_integer(names[i + 2]))};
    to.integer(read_bits(got.get<ValueReply>().value, field));
  }
}
void answer_edited(const RespReplies& got, RespWriter& to) {
  to.array(got.returned().size());
  for (const Bytes& one : got.returned()) {
    if (one.empty()) {
      to.null();
    } else {
      to.integer(*resp_integer(one));
    }
  }
}
void edit_fields(RespCall& call) {
  const bool reads = call.command.name == "bitfield_ro";
  EditBits edit;
  EditBits::Overflow overflow = EditBits::Overflow::kWrap;
  for (std::size_t i = 2; i < call.size();) {
    const std::size_t left = call.size() - i - 1;
    if (call.is(i, "overflow") && left >= 1) {
      if (!read_overflow(call, i + 1, overflow)) return;
      i += 2;
      continue;
    }
    EditBits::Step step;
    step.overflow = overflow;
    const bool get = call.is(i, "get") && left >= 2;
    if (!get) {
      if ((!call.is(i, "set") && !call.is(i, "incrby")) || left < 3) return call.fail_syntax();
      step.what = call.is(i, "set") ? EditBits::Do::kSet : EditBits::Do::kAdd;
    }
    const auto field = read_field(call, i + 1);
    if (!field) return;
    step.field = *field;
    if (!get) {
      const auto number = call.integer(i + 3);
      if (!number) return;
      step.number = *number;
    }
    edit.steps.push_back(step);
    i += get ? 3 : 4;
  }
  const bool writes = std::any_of(edit.steps.begin(), edit.steps.end(),
                                  [](const EditBits::Step& step) { return step.what != EditBits::Do::kGet; });
  if (reads && writes) return call.fail("ERR BITFIELD_RO only supports the GET subcommand");
  if (writes) {
    call.write(call.change(call[1], std::move(edit)), answer_edited);
    return;
  }
  RespPending& asked = call.ask(value_of(call[1]), answer_fields);
  for (const EditBits::Step& step : edit.steps) {
    asked.names.emplace_back(step.field.is_signed ? "i" : "u");
    asked.names.push_back(std::to_string(step.field.bits));
    asked.names.push_back(std::to_string(step.field.offset));
  }
}

}  // namespace

RespFamily resp_bit_commands() {
  return {
      {"bitcount", -2, C::kRead, 1, 1, 1, "bitmap", "Counts the bits that are set.", count_bits},
      {"bitfield", -2, C::kWrite, 1, 1, 1, "bitmap", "Reads and changes numbers of some bits.", edit_fields},
      {"bitfield_ro", -2, C::kRead | C::kFast, 1, 1, 1, "bitmap", "Reads numbers of some bits.", edit_fields},
      {"bitop", -4, C::kWrite, 2, -1, 1, "bitmap", "Combines values bit by bit.", combine},
      {"bitpos", -3, C::kRead, 1, 1, 1, "bitmap", "Finds the first bit that is set, or is not.", find_bit},
      {"getbit", 3, C::kRead | C::kFast, 1, 1, 1, "bitmap", "Answers one bit.", get_bit},
      {"setbit", 4, C::kWrite, 1, 1, 1, "bitmap", "Sets one bit and answers what it was.", set_bit},
  };
}

}  // namespace pando::api
