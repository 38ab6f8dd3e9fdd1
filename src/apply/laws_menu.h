// apply/laws_menu.h — for tests: what users do to one key, decided on what a replica sees. One list per type, so that
// worlds stay small; each mixes with what takes the whole key away.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "model/commit.h"
#include "store/cells.h"

namespace pando::apply::laws {

// What one replica sees of the key, and the commit it is making.
class Desk {
 public:
  Desk(store::Cells& cells, const Origin& origin, Bytes key) : cells_(cells), key_(std::move(key)) {
    commit_.dot = {origin, cells.context().get(origin).next()};
    commit_.hlc = Hlc{cells.meta().hlc_floor.bits + 1};
  }
  Commit take() { return std::move(commit_); }
  std::string name() const { return to_string(commit_.dot); }
  store::Cells& cells() { return cells_; }

  CellPath at(CellKind kind, Bytes element = {}, std::string table = "kv") const {
    return {std::move(table), key_, kind, std::move(element)};
  }
  void put(const CellPath& path, Bytes value);
  void remove(const CellPath& path);
  void count(const CellPath& path, int delta);
  void reset(const CellPath& path);
  void clear(std::uint32_t kinds = 0, Bytes prefix = {}, bool forget_counters = false, std::string table = "kv");
  // A field begins anew (model/field_end.h).
  void clear_field(Bytes field);
  // The key with all its counters, as a deletion.
  void clear_all();

 private:
  store::Cells& cells_;
  Bytes key_;
  Commit commit_;
};

struct Action {
  const char* name;
  std::function<void(Desk&)> decide;
};
struct Menu {
  const char* name;
  std::vector<Action> actions;
};

// Values and counters; sets and flags; rows and objects; sorted sets; documents; lists, leases and bounds; presences
// and limiters; expiry; columns and fields that end.
const std::vector<Menu>& menus();

}  // namespace pando::apply::laws
