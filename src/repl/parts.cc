#include "repl/parts.h"

#include <fmt/core.h>

#include <utility>

#include "base/check.h"

namespace pando::repl {

void BodyCutter::add(Bytes content) {
  CHECK(!content.empty());
  bytes_ += content.size();
  contents_.push_back(std::move(content));
}

void BodyCutter::clear() {
  contents_.clear();
  cut_ = 0;
  bytes_ = 0;
}

Bytes BodyCutter::next(std::size_t part_bytes) {
  CHECK(!contents_.empty());
  CHECK(part_bytes > 0);
  const ByteSpan content = contents_.front();
  const bool whole = cut_ == 0 && content.size() <= 2 * part_bytes;
  const ByteSpan bytes = whole ? content : content.substr(cut_, part_bytes);
  const std::uint64_t number = ++sent_;
  Bytes frame = whole ? encode_body(number, content) : encode_frame(BodyPart{number, content.size(), cut_, bytes});
  cut_ += bytes.size();
  bytes_ -= bytes.size();
  if (cut_ == content.size()) {
    contents_.pop_front();
    cut_ = 0;
  }
  return frame;
}

Status BodyJoiner::expect(std::uint64_t number) {
  if (number != received_ + 1) {
    return Status(StatusCode::kDataLoss,
                  fmt::format("frame {} of commits came where {} is next: the carrier lost, repeated or swapped some",
                              number, received_ + 1));
  }
  received_ = number;
  return {};
}

Status BodyJoiner::add(const Body& body) {
  release();
  if (Status status = expect(body.number); !status.ok()) return status;
  if (gathered_.empty()) return {};
  return Status(StatusCode::kInvalidArgument,
                fmt::format("a body came after {} of {} bytes of another", gathered_.size(), size_));
}

Result<std::optional<Body>> BodyJoiner::add(const BodyPart& part) {
  release();
  if (Status status = expect(part.number); !status.ok()) return fail(std::move(status));
  if (gathered_.empty()) size_ = part.size;
  if (part.offset != gathered_.size() || part.size != size_) {
    return fail(StatusCode::kInvalidArgument, fmt::format("body part {} of {} came where {} of {} is next", part.offset,
                                                          part.size, gathered_.size(), size_));
  }
  gathered_.append(part.bytes);
  if (gathered_.size() < size_) return std::optional<Body>();
  whole_ = std::exchange(gathered_, {});
  Result<Body> body = decode_body_content(whole_);
  if (!body) return fail(body.error());
  body->number = part.number;
  return std::optional<Body>(std::move(*body));
}

}  // namespace pando::repl
