#include "model/list_position.h"

#include <fmt/core.h>

#include "base/check.h"
#include "base/limits.h"

namespace pando {
namespace {

constexpr std::uint8_t kLeft = 0x10;
constexpr std::uint8_t kRight = 0x30;
constexpr std::uint8_t kSameOrigin = 0x01;  // added to the side
constexpr char kHere = '\x20';

constexpr unsigned kOneByte = 240;  // numbers below are their own byte

void append_number(std::uint64_t n, Bytes& out) {
  if (n < kOneByte) {
    out.push_back(static_cast<char>(n));
    return;
  }
  unsigned bytes = 1;
  while (bytes < 8 && n >> (8 * bytes) != 0) ++bytes;
  out.push_back(static_cast<char>(kOneByte + bytes - 1));
  while (bytes > 0) out.push_back(static_cast<char>(n >> (8 * --bytes)));
}

void append_place(const ListPlace& place, bool left, Bytes& out) {
  const std::size_t from = out.size();
  append_number(place.seq.value, out);
  append_number(place.index, out);
  for (std::size_t i = from; left && i < out.size(); ++i) out[i] = static_cast<char>(~out[i]);
}

// Walks the steps of a position. Keeps where the last one began and whose run it is.
class Steps {
 public:
  explicit Steps(ByteSpan bytes) : bytes_(bytes) {
    do {
      valid_ = step();
    } while (valid_ && !done_);
  }

  // The whole was well formed and had a step.
  bool valid() const { return valid_; }
  // Of the last step: its side, whose it is, everything up to its place, and the place.
  bool left() const { return left_; }
  bool is_of(const Origin& origin) const { return origin.epoch == epoch_ && same_bytes(origin.node, node_); }
  ByteSpan run() const { return bytes_.substr(0, place_at_); }
  std::uint64_t seq() const { return seq_; }
  std::uint64_t index() const { return index_; }

 private:
  bool step() {
    if (at_ >= bytes_.size()) return false;
    const auto tag = static_cast<std::uint8_t>(bytes_[at_]);
    if (tag == kHere) {
      done_ = true;
      return count_ > 0 && at_ + 1 == bytes_.size();
    }
    const std::uint8_t side = tag & ~kSameOrigin;
    if (side != kLeft && side != kRight) return false;
    left_ = side == kLeft;
    ++at_;
    if ((tag & kSameOrigin) != 0 ? count_ == 0 : !read_origin()) return false;
    place_at_ = at_;
    ++count_;
    return number(left_, seq_) && number(left_, index_);
  }

  bool read_origin() {
    const std::size_t end = bytes_.find('\0', at_);
    if (end == ByteSpan::npos || end == at_ || end - at_ > limits::kNodeNameBytesMax) return false;
    const ByteSpan name = bytes_.substr(at_, end - at_);
    at_ = end + 1;
    std::uint64_t epoch = 0;
    if (!number(false, epoch)) return false;
    // The same one twice has a shorter form, and each position one form only.
    if (count_ > 0 && node_ == name && epoch_ == epoch) return false;
    node_ = name;
    epoch_ = epoch;
    return true;
  }

  bool number(bool inverted, std::uint64_t& n) {
    const auto byte = [&](std::size_t i) {
      const auto b = static_cast<std::uint8_t>(bytes_[i]);
      return inverted ? static_cast<std::uint8_t>(~b) : b;
    };
    if (at_ >= bytes_.size()) return false;
    const unsigned first = byte(at_++);
    if (first < kOneByte) {
      n = first;
      return true;
    }
    const unsigned size = first - kOneByte + 1;
    if (size > 8 || bytes_.size() - at_ < size) return false;
    n = 0;
    for (unsigned i = 0; i < size; ++i) n = n << 8 | byte(at_++);
    return n >= kOneByte && (size == 1 || n >> (8 * (size - 1)) != 0);  // the shortest form
  }

  ByteSpan bytes_;
  std::size_t at_ = 0;
  std::size_t count_ = 0;
  std::size_t place_at_ = 0;
  bool valid_ = false;
  bool done_ = false;
  bool left_ = false;
  ByteSpan node_;  // and epoch: the origin
  std::uint64_t epoch_ = 0;
  std::uint64_t seq_ = 0;
  std::uint64_t index_ = 0;
};

// `after` stands in the right part of the tree below `before`: there, or further on in the run that `before` is in.
bool is_right_of(ByteSpan before, const Steps& last, ByteSpan after) {
  const ByteSpan path = before.substr(0, before.size() - 1);
  if (after.starts_with(path)) return true;
  return !last.left() && after.starts_with(last.run());
}

// Next to `anchor`, whose steps are given: on in its run where that is one of this origin and side, else below it.
Bytes beside(ByteSpan anchor, const Steps* last, bool left, const ListPlace& place) {
  Bytes made;
  if (last == nullptr) {
    made.push_back(static_cast<char>(left ? kLeft : kRight));
  } else if (last->left() == left && last->is_of(place.origin) &&
             std::pair(place.seq.value, std::uint64_t{place.index}) > std::pair(last->seq(), last->index())) {
    made = last->run();
    append_place(place, left, made);
    made.push_back(kHere);
    return made;
  } else {
    made = anchor.substr(0, anchor.size() - 1);
    made.push_back(static_cast<char>((left ? kLeft : kRight) | (last->is_of(place.origin) ? kSameOrigin : 0)));
  }
  if (last == nullptr || !last->is_of(place.origin)) {
    made += place.origin.node;
    made.push_back('\0');
    append_number(place.origin.epoch, made);
  }
  append_place(place, left, made);
  made.push_back(kHere);
  return made;
}

}  // namespace

bool is_list_position(ByteSpan position) { return Steps(position).valid(); }

Result<Bytes> list_position_between(ByteSpan before, ByteSpan after, const ListPlace& place) {
  const auto fitting = [](Bytes made) -> Result<Bytes> {
    if (made.size() <= limits::kElementBytesMax) return made;
    return fail(StatusCode::kTooLarge,
                fmt::format("the position of the item has {} bytes, the limit is {}: too many insertions, each between "
                            "the two before it; delete the list and write it anew",
                            made.size(), limits::kElementBytesMax));
  };
  if (before.empty() && after.empty()) return fitting(beside({}, nullptr, false, place));
  if (before.empty()) {
    const Steps last(after);
    CHECK(last.valid());
    return fitting(beside(after, &last, true, place));
  }
  const Steps last(before);
  CHECK(last.valid());
  if (after.empty() || !is_right_of(before, last, after)) return fitting(beside(before, &last, false, place));
  const Steps next(after);
  CHECK(next.valid());
  return fitting(beside(after, &next, true, place));
}

}  // namespace pando
