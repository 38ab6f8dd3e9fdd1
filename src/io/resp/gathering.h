// io/resp/gathering.h — what several clients write in one turn of the loop, asked in one request.
//
// Fifty clients that each wait for their answer send one command a turn. Asked one by one these are fifty requests,
// commits and records of the log, whose way through the node costs more than they do. So the small writes that a client
// has sent are a batch here, and the batches of a turn are one PipelineRequest: its items stand for themselves, as if
// each had come alone. Reads are not among them: their answers would wait for the writes.
//
//   add() … take(), when the turn ends, when it is full, or before one of these clients asks anything else
//   finish()  by the serial of take(), when the reply comes: whose items those are, in order
//
// One command alone is asked under its client's own id. Others have the id of a slot where no client is. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/ids.h"
#include "io/loop/listener.h"
#include "model/request.h"

namespace pando::io::resp {

class Gathering {
 public:
  static constexpr std::uint32_t kSlot = loop::Listener::kSlotsMax - 1;
  static constexpr std::size_t kItemsMax = 64;

  // `count` commands of one client, whose serials follow each other.
  struct Batch {
    std::uint32_t slot = 0;
    std::uint32_t first_serial = 0;
    std::uint32_t count = 0;
  };
  // What is gathered now has this serial. Changes with take().
  std::uint32_t serial() const { return next_serial_; }
  bool empty() const { return items_.empty(); }
  // There is room for a batch of so many.
  bool takes(std::size_t count) const { return items_.size() + count <= kItemsMax; }
  // Of one client, and small. Leaves `items` empty.
  void add(const Batch& batch, std::vector<PipelineItem>& items);

  struct Asked {
    std::uint32_t slot = kSlot;
    std::uint32_t serial = 0;
    Request request;
    std::size_t clients = 0;
  };
  // Not empty.
  Asked take();
  // The memory of what was taken; has no items.
  void give_back(std::vector<PipelineItem>&& items);
  // Empty when nothing was asked under that serial, or it was answered.
  std::vector<Batch> finish(std::uint32_t serial);
  std::size_t clients_of(std::uint32_t serial) const;

 private:
  struct Round {
    std::uint32_t serial = 0;
    std::vector<Batch> batches;
  };

  std::uint32_t next_serial_ = 1;
  std::vector<PipelineItem> items_;
  std::vector<Batch> batches_;
  std::deque<Round> asked_;  // ascending by serial, but for its wrapping
};

}  // namespace pando::io::resp
