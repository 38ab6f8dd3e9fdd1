// node/explain_path.h — explanations of keys with counters: what the cells say, and what each origin did last.
//
// A slot of a counter knows its totals and not who raised them when (docs/design/015-slots-are-given-up.md). So the log
// is searched backwards for the last commit of each origin that counted in it, and for the one before, which tells by
// how much. Windows of kWindowRecords records, the newest first; a turn looks through kSliceBytes or so, and the whole
// search through kLogBytesMax. What is not found by then is said to be unknown, as is what the log has let go of.
//
// One search at a time, kWaitingMax wait, then kOverloaded. What is told is durable. One thread.
#pragma once

#include <deque>
#include <map>
#include <optional>

#include "node/disk_read.h"
#include "node/read_path.h"

namespace pando::node {

class ExplainPath {
 public:
  static constexpr std::size_t kWaitingMax = 64;
  static constexpr std::size_t kLogBytesMax = 64 * 1024 * 1024;

  ExplainPath(Replica& replica, ReadPath& reads) : replica_(replica), reads_(reads) {}

  void handle(RequestId id, const ExplainRequest& request, const Terms& terms, Time now, Outputs& out);

  // The segment that is being read from disk.
  std::optional<std::uint64_t> reading_segment() const { return read_.segment(); }
  bool reading(std::uint64_t read_id) const { return read_.is(read_id); }
  void on_log_read(std::uint64_t read_id, const Status& status, Bytes bytes, Outputs& out);
  // Searches on.
  void end_turn(Time now, std::uint64_t& next_read_id, Outputs& out);
  std::optional<Instant> next_deadline() const { return again_at_; }
  void end_all(const Status& reason, Outputs& out);

 private:
  // One increment or decrement: the totals of its slot after it.
  struct Counted {
    Dot dot;
    Hlc hlc;
    UInt128 added = 0;
    UInt128 removed = 0;
  };
  struct Found {
    std::optional<Counted> last;
    std::optional<Counted> before;
  };
  using SlotName = std::pair<CellPath, Dot>;  // of which counter, and what the slot was born by
  struct Search {
    RequestId id;
    Bytes key;
    Terms terms;
    ReadPath::Answer answer;
    std::map<SlotName, Found> found;   // every slot that was asked about
    std::map<SlotName, Found> window;  // in the window at hand alone
    LogPos from;                       // of the window
    LogPos next;                       // to be looked at in it
    LogPos behind;                     // the first record that is not in it
    std::uint64_t records = 0;
    std::size_t bytes = 0;
    bool reached_start = false;  // of the log that is here
  };

  static constexpr std::uint64_t kWindowRecords = 4'096;
  static constexpr std::size_t kSliceBytes = 1 << 20;

  void begin_window(Search& search);
  // True when there is nothing more to look for, or nowhere to.
  bool end_window(Search& search);
  Status look(Search& search, const log::Run& run);
  void take(const log::Run& run, Outputs& out);
  void finish(Outputs& out);
  void fail(const Status& status, Outputs& out);
  void again(Time now);

  Replica& replica_;
  ReadPath& reads_;
  std::deque<Search> searches_;  // the first is under way
  DiskRead read_;
  std::optional<Instant> again_at_;
};

}  // namespace pando::node
