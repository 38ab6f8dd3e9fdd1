// sim/checkers/oracle.h — a second, naive implementation of what commits mean, to compare every read with.
//
// Plays one machine's log, front to back, on plain maps: values, members and flags with their dots, counters
// with their slots.
// It shares only the decoding of commits with the product. Keys of several kinds (type clashes) and the typed
// keys of merge groups are left out.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/checkers/checker.h"
#include "sim/checkers/history.h"

namespace pando::sim {

// What a namespace looks like after a sequence of commits, in the words of dump_state() (sim/ask.h).
class NaiveState {
 public:
  // What somebody writes who only reports its table, or was not known, takes nothing of others away. A key that had
  // ended may have been freed before it: `frees_first` begins it anew then (engine/late_report.h).
  explicit NaiveState(bool frees_first = false) : frees_first_(frees_first) {}
  void apply(const Commit& commit);
  // As of this instant: what has run out is left out.
  std::vector<std::string> describe(std::int64_t now_ms = 0, std::string_view another_table = {}) const;
  // Something that has not ended by the one instant has by the other, later one.
  bool ends_between(std::int64_t from_ms, std::int64_t to_ms) const;
  // "kv key =" of those whose time has run out by then.
  std::set<std::string> ended_keys(std::int64_t now_ms) const;
  // What the machine decides and shows by: its clock, but not before what it has promised to be past.
  std::int64_t now_ms(const Machine& machine) const;
  // What some origin vouches to be past: keys that ended before count as ended at one of which it had not heard, and
  // may be freed, whatever a machine's own clock says (docs/design/010-expiry.md).
  std::int64_t vouched_ms() const;

 private:
  struct Value {
    Hlc hlc;
    Bytes bytes;
  };
  struct Slot {
    UInt128 added = 0, removed = 0, added_base = 0, removed_base = 0;
  };
  using Values = std::map<Dot, Value>;
  using Slots = std::map<std::pair<Origin, Seq>, Slot>;
  void free_before(const Commit& report);
  // Those of table `.vouches`, one after the other.
  std::map<CellPath, Values>::const_iterator first_vouch() const;
  bool is_vouch(std::map<CellPath, Values>::const_iterator at) const;
  // The winner: highest stamp, then origin, then bytes.
  static Values::const_iterator winner(const Values& values);
  std::string describe_object(const Bytes& manifest_bytes) const;
  std::string describe_key(const std::string& table, const Bytes& key, std::int64_t now_ms) const;
  // The latest of the ends that were set concurrently has come.
  bool expired(const std::string& table, const Bytes& key, const Bytes& field, std::int64_t now_ms) const;

  bool frees_first_ = false;
  std::map<CellPath, Values> values_;
  std::map<CellPath, Slots> counters_;
  std::set<std::pair<CellPath, Dot>> given_up_;  // slots, by their birth
};

class Oracle final : public Checker {
 public:
  std::string_view name() const override { return "oracle"; }
  void at_end() override;
};

}  // namespace pando::sim
