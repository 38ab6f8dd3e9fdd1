// base/in_buffer.h — bytes read from a socket and not yet parsed: one flat block, reused.
#pragma once

#include <cstring>
#include <memory>
#include <string_view>

#include "base/check.h"

namespace pando {

class InBuffer {
 public:
  std::string_view view() const { return {data_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  std::size_t size() const { return end_ - begin_; }

  void consume(std::size_t bytes) {
    CHECK(bytes <= size());
    begin_ += bytes;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  // Room for at least `bytes` more; write there, then commit(). Moves what is unparsed to the front if needed.
  struct Room {
    char* data;
    std::size_t size;
  };
  Room prepare(std::size_t bytes) {
    if (capacity_ - end_ < bytes) make_room(bytes);
    return {data_.get() + end_, capacity_ - end_};
  }
  void commit(std::size_t bytes) {
    CHECK(bytes <= capacity_ - end_);
    end_ += bytes;
  }
  // Gives back a block that one large request made large.
  void shrink(std::size_t keep_max) {
    if (!empty() || capacity_ <= keep_max) return;
    data_.reset();
    capacity_ = 0;
  }

 private:
  void make_room(std::size_t bytes) {
    const std::size_t have = size();
    if (capacity_ >= have + bytes) {
      std::memmove(data_.get(), data_.get() + begin_, have);
    } else {
      std::size_t capacity = capacity_ == 0 ? 4096 : capacity_;
      while (capacity < have + bytes) capacity *= 2;
      std::unique_ptr<char[]> grown(new char[capacity]);  // not zeroed: every byte is written before it is read
      if (have > 0) std::memcpy(grown.get(), data_.get() + begin_, have);
      data_ = std::move(grown);
      capacity_ = capacity;
    }
    begin_ = 0;
    end_ = have;
  }

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace pando
