// ResyncPath: tables that this node has come to take are got from a peer that has all of them.

#include <fmt/format.h>

#include <algorithm>

#include "node/cut_cells.h"
#include "node/resync_path.h"
#include "store/cell_key.h"

namespace pando::node {
namespace {

// One cell for so many bytes of a part is next to nothing.
constexpr std::size_t kPartBytesPerCell = 64 * 1024;

}  // namespace

bool ResyncPath::gives_way_to_arrival(repl::Session& session, Instant now) {
  if (task_->kind != Task::Kind::kCatchUp || taker_.state() != ResyncTaker::State::kComparing) return false;
  const std::size_t part = replica_.config().arrival_part_bytes;
  if (taker_.got_bytes() < part || std::exchange(looked_whether_empty_, true)) return false;
  if (replica_.any_arrives() || !replica_.tables().subscribe.all || !session.speaks_growth()) return false;
  const Result<bool> empty = replica_.nearly_empty(part / kPartBytesPerCell);
  if (!empty || !*empty) return false;
  taker_.abandon(session);
  taker_.forget();
  getting_.reset();
  anew_for_ = task_->needs;
  end_task({});
  retry_at_ = now + kRetry;
  anew_ = true;
  return true;
}

void ResyncPath::fetch(LinkId id, repl::Session& session, Instant now) {
  const Replica& here = replica_;
  TableFilter filter{both(here.tables().subscribe, session.peer()->holds()), here.shared().but};
  // A set of names says by itself what is lacking; all tables are all but those that are here.
  const std::vector<std::string>& held = here.holds().names;
  if (filter.only.all) {
    filter.but.insert(filter.but.end(), held.begin(), held.end());
    std::sort(filter.but.begin(), filter.but.end());
    filter.but.erase(std::unique(filter.but.begin(), filter.but.end()), filter.but.end());
  } else {
    std::erase_if(filter.only.names, [&](const std::string& table) { return !here.arrives(table); });
  }
  if (got_for_ != here.scope_version()) taker_.forget();
  got_for_ = here.scope_version();
  getting_.reset();
  task_ = Task{Task::Kind::kArrival, id, {}, session.peer()->origin.node, {}, false};
  heard_at_ = now;
  not_at_rest_ = false;
  full_since_.reset();
  taker_.begin(session, std::move(filter));
}

std::string ResyncPath::fetching() const {
  if (fetched_) {
    return fmt::format("{} cells came from {}; they are shown once every commit that they know of is here",
                       fetched_->got.cells.size(), fetched_->peer);
  }
  if (!task_ || task_->kind != Task::Kind::kArrival) return {};
  return fmt::format("{} bytes came from {} so far", taker_.got_bytes(), task_->peer);
}

bool ResyncPath::arrival_is_full() const {
  return task_->kind == Task::Kind::kArrival && taker_.state() == ResyncTaker::State::kComparing &&
         taker_.got_bytes() >= replica_.config().arrival_part_bytes;
}

bool ResyncPath::waits_for_what_its_cut_has(repl::Session& session, Instant now) {
  if (!full_since_) full_since_ = now;
  if (now < *full_since_ + kFullMax) {
    heard_at_ = now;
    return true;
  }
  full_since_.reset();
  taker_.abandon(session);
  taker_.forget();
  gave_up_fetching(now);
  end_task({});
  return false;
}

bool ResyncPath::take_part(repl::Session& session, Instant now, Outputs& out) {
  if (!arrival_is_full()) {
    full_since_.reset();
    return false;
  }
  // Should the table be given up again before all of it is here, what is written to it may name what is there.
  if (!replica_.cells().context().covers(taker_.cut().context)) return false;
  // Internal tables that go everywhere are looked at too, and are none of these.
  full_since_.reset();
  const auto wanted = [this](ByteSpan key) { return replica_.arrives(store::table_of_cell_key(key)); };
  const std::optional<ResyncTaker::Got> part = taker_.take_part(wanted);
  if (!part) return false;
  if (Status status = replica_.arrive_part(part->cut, part->cells); !status.ok()) {
    out.notes.push_back(
        {Note::Level::kError, replica_.name(), fmt::format("a table cannot arrive yet: {}", status.message())});
    taker_.begin_again(session);
    taker_.abandon(session);
    taker_.stop();
    gave_up_fetching(now);
    end_task({});
    return true;
  }
  out.notes.push_back(
      {Note::Level::kInfo, replica_.name(),
       fmt::format("a part of tables that arrive came from {}: {} cells", task_->peer, part->cells.size())});
  heard_at_ = now;
  taker_.begin_again(session);
  return true;
}

void ResyncPath::finish_fetch(repl::Session& session, Outputs& out) {
  std::optional<ResyncTaker::Got> got = taker_.take_got(session);
  if (!got) return;  // goes on with another cut
  // Internal tables that go everywhere were looked at too, and are none of these.
  std::erase_if(got->cells,
                [this](const CutCell& cell) { return !replica_.arrives(store::table_of_cell_key(cell.key)); });
  out.notes.push_back({Note::Level::kInfo, replica_.name(),
                       fmt::format("{} cells of tables that arrive came from {}", got->cells.size(), task_->peer)});
  got_for_.reset();
  fetched_ = Fetched{task_->peer, std::move(*got), replica_.scope_version()};
  task_.reset();
}

void ResyncPath::let_arrive(Instant now, Outputs& out) {
  if (!fetched_) return;
  const Cut& cut = fetched_->got.cut;
  if (fetched_->scope_version != replica_.scope_version() || !cut.context.covers(replica_.tail_from())) {
    fetched_.reset();
    gave_up_fetching(now);
    return;
  }
  if (now < fetch_at_ || !replica_.serving().ok() || !replica_.cells().context().covers(cut.context)) return;
  const TableSet tables = both(replica_.tables().subscribe, fetched_->got.filter.only);
  if (Status status = replica_.arrive(tables, cut, fetched_->got.cells); !status.ok()) {
    gave_up_fetching(now);
    out.notes.push_back(
        {Note::Level::kError, replica_.name(), fmt::format("tables cannot arrive yet: {}", status.message())});
    return;
  }
  out.notes.push_back({Note::Level::kInfo, replica_.name(),
                       fmt::format("arrived from {}: {}; held is now {}", fetched_->peer, to_string(tables),
                                   to_string(replica_.holds()))});
  fetched_.reset();
  anew_for_ = {};
  joined_ = arrived_ = true;
}

}  // namespace pando::node
