#include "engine/indexes.h"

#include "store/cell_cursor.h"
#include "store/cell_key.h"

namespace pando::engine {
namespace {

constexpr std::size_t kKeptBytes = 512;

// Where only `type` was seen so far and a cell of `kind` comes to it.
std::optional<ValueType> only_with(std::optional<ValueType> only, CellKind kind) {
  const std::optional<ValueType> type = type_of(kind);
  return !type || only == type ? only : std::nullopt;
}

bool same_rules(const TableDeclaration& a, const TableDeclaration& b) {
  return a.resolver == b.resolver && a.origins == b.origins;
}

}  // namespace

Indexes::Kept* Indexes::find(std::string_view table, ByteSpan key) {
  if (kept_.empty()) return nullptr;
  scratch_.clear();
  store::append_key_prefix(table, key, scratch_);
  const auto at = kept_.find(scratch_);
  if (at == kept_.end()) return nullptr;
  used_.splice(used_.begin(), used_, at->second.used);
  return &at->second;
}

Indexes::Kept& Indexes::open(std::string_view table, ByteSpan key) {
  if (Kept* kept = find(table, key); kept != nullptr) return *kept;
  scratch_.clear();
  store::append_key_prefix(table, key, scratch_);
  Kept& kept = kept_.try_emplace(scratch_).first->second;
  used_.push_front(scratch_);
  kept.used = used_.begin();
  return kept;
}

bool Indexes::has(const Kept* kept, ValueType type, const TableDeclaration& rules) {
  if (kept == nullptr) return false;
  if (type == ValueType::kList) return kept->list != nullptr;
  return kept->scores != nullptr && same_rules(kept->rules, rules);
}

Result<bool> Indexes::prepare(const store::Cells& cells, std::string_view table, ByteSpan key, ValueType type,
                              const TableDeclaration& rules, std::size_t cells_max) {
  if (has(find(table, key), type, rules)) return true;
  Bytes prefix;
  store::append_key_prefix(table, key, prefix);
  const auto [at, fresh] = making_.try_emplace(prefix);
  Making& making = at->second;
  if (fresh || making.type != type || !same_rules(making.kept.rules, rules)) {
    making = Making{};
    making.type = type;
    making.kept.rules = rules;
    making.kept.only = type;
    if (type == ValueType::kScores) making.kept.scores = std::make_unique<ScoreIndex>();
    if (type == ValueType::kList) making.kept.list = std::make_unique<ListIndex>();
  }
  const Result<bool> whole = walk(cells, prefix, making, cells_max);
  if (whole && !*whole) return false;
  Kept made = std::move(making.kept);
  making_.erase(at);
  if (!whole) return whole;
  adopt(table, key, std::move(made));
  return true;
}

void Indexes::forget_prepared(std::string_view table, ByteSpan key) {
  scratch_.clear();
  store::append_key_prefix(table, key, scratch_);
  making_.erase(scratch_);
}

Result<bool> Indexes::walk(const store::Cells& cells, ByteSpan prefix, Making& making, std::size_t cells_max) {
  // The cell key that comes right after the last one.
  const Bytes from = making.reached.empty() ? Bytes(prefix) : making.reached + '\0';
  store::CellCursor at = cells.scan_between(from, store::prefix_end(prefix));
  for (std::size_t i = 0; i < cells_max && at.valid(); ++i, at.next()) {
    if (at.visible()) making.kept.only = only_with(making.kept.only, at.path().kind);
    follow(making.kept, at.path().element, at.cell(), false);
    making.reached = at.cell_key();
  }
  PANDO_RETURN_IF_ERROR(at.status());
  making.kept.touched = std::max(making.kept.touched, at.touched());
  return !at.valid();
}

void Indexes::adopt(std::string_view table, ByteSpan key, Kept made) {
  Kept& kept = open(table, key);
  kept.touched = std::max(kept.touched, made.touched);
  kept.only = made.only;
  if (made.scores) kept.scores = std::move(made.scores);
  if (made.list) kept.list = std::move(made.list);
  kept.rules = std::move(made.rules);
  account(kept);
  make_room();
}

Result<Indexes::Kept*> Indexes::build(const store::Cells& cells, std::string_view table, ByteSpan key, ValueType type,
                                      const TableDeclaration& rules) {
  const Result<bool> whole = prepare(cells, table, key, type, rules, SIZE_MAX);
  if (!whole) return fail(whole.error());
  return find(table, key);
}

const ScoreIndex* Indexes::kept_scores(std::string_view table, ByteSpan key, const TableDeclaration& rules,
                                       LogPos& touched) {
  Kept* kept = find(table, key);
  if (!has(kept, ValueType::kScores, rules)) return nullptr;
  touched = std::max(touched, kept->touched);
  return kept->scores.get();
}

Result<const ScoreIndex*> Indexes::scores(const store::Cells& cells, std::string_view table, ByteSpan key,
                                          const TableDeclaration& rules, LogPos& touched) {
  Kept* kept = find(table, key);
  if (!has(kept, ValueType::kScores, rules)) {
    const Result<Kept*> built = build(cells, table, key, ValueType::kScores, rules);
    if (!built) return fail(built.error());
    kept = *built;
  }
  touched = std::max(touched, kept->touched);
  return kept->scores.get();
}

Result<const ListIndex*> Indexes::list(const store::Cells& cells, std::string_view table, ByteSpan key,
                                       const TableDeclaration& rules, LogPos& touched) {
  Kept* kept = find(table, key);
  if (!has(kept, ValueType::kList, rules)) {
    const Result<Kept*> built = build(cells, table, key, ValueType::kList, rules);
    if (!built) return fail(built.error());
    kept = *built;
  }
  touched = std::max(touched, kept->touched);
  return kept->list.get();
}

std::optional<std::uint64_t> Indexes::set_size(std::string_view table, ByteSpan key, LogPos& touched) {
  const Kept* kept = find(table, key);
  if (kept == nullptr || !kept->set) return std::nullopt;
  touched = std::max(touched, kept->touched);
  return kept->set->size;
}

void Indexes::keep_set_size(std::string_view table, ByteSpan key, CellKind kind, std::uint64_t size, LogPos touched) {
  Kept& kept = open(table, key);
  kept.set = SetSize{kind, size};
  kept.touched = std::max(kept.touched, touched);
  account(kept);
  make_room();
}

bool Indexes::holds_only(std::string_view table, ByteSpan key, ValueType type) {
  if (!known_.empty()) {
    const ByteSpan prefix = store::write_key_prefix(table, key, scratch_);
    if (const Known& at = known(prefix); at.type == type && at.prefix == prefix) return true;
  }
  const Kept* kept = find(table, key);
  return kept != nullptr && kept->only == type;
}

void Indexes::learn_type(std::string_view table, ByteSpan key, ValueType type) {
  if (known_.empty()) known_.resize(kKnownFirst);
  if (displaced_ >= known_.size() && known_.size() < kKnownMax) grow_known();
  scratch_.clear();
  store::append_key_prefix(table, key, scratch_);
  Known& at = known(scratch_);
  if (!at.prefix.empty() && at.prefix != scratch_) ++displaced_;
  at = {scratch_, type};
}

void Indexes::grow_known() {
  std::vector<Known> before(known_.size() * 4);
  before.swap(known_);
  for (Known& one : before) {
    if (!one.prefix.empty()) known(one.prefix) = std::move(one);
  }
  displaced_ = 0;
}

void Indexes::follow(Kept& kept, ByteSpan element, const store::Cell& cell, bool was_shown) {
  switch (cell.kind()) {
    case CellKind::kScore:
      if (kept.scores) kept.scores->set_base(element, resolve_base(cell.reg(), kept.rules));
      break;
    case CellKind::kScoreDelta:
      if (kept.scores) {
        const bool there = !cell.counter().absent();
        kept.scores->set_added(element, there ? std::optional(cell.counter().exact()) : std::nullopt);
      }
      break;
    case CellKind::kItem:
      if (kept.list) kept.list->set(element, cell.reg());
      break;
    case CellKind::kMember:
    case CellKind::kGuardedMember:
      if (!kept.set) break;
      // A member in both forms would count twice: counted anew when somebody asks.
      if (kept.set->kind != cell.kind() && cell.shown()) {
        kept.set.reset();
      } else if (kept.set->kind == cell.kind() && cell.shown() != was_shown) {
        kept.set->size += cell.shown() ? 1 : -1;
      }
      break;
    default: break;
  }
}

void Indexes::on_changed(ByteSpan cell_key, const store::Cell& cell, bool was_shown, LogPos pos) {
  // What was there already has its kind among those that are known.
  const bool appears = !known_.empty() && cell.shown() && !was_shown;
  if (kept_.empty() && making_.empty() && !appears) return;
  const std::size_t prefix = store::key_prefix_size(cell_key);
  if (appears) {
    Known& at = known(cell_key.substr(0, prefix));
    if (!only_with(at.type, cell.kind()) && at.prefix == cell_key.substr(0, prefix)) at.prefix.clear();
  }
  if (kept_.empty() && making_.empty()) return;
  const auto change = [&](Kept& kept) {
    kept.touched = pos;
    if (cell.shown()) kept.only = only_with(kept.only, cell.kind());
    follow(kept, cell_key.substr(prefix + 1), cell, was_shown);
  };
  // Also what is ahead of the walk, which then finds the same once more.
  if (!making_.empty()) {
    if (const auto at = making_.find(cell_key.substr(0, prefix)); at != making_.end()) change(at->second.kept);
  }
  const auto at = kept_.find(cell_key.substr(0, prefix));
  if (at == kept_.end()) return;
  change(at->second);
  account(at->second);
  make_room();
}

void Indexes::on_erased(ByteSpan cell_key, LogPos) {
  // What it held is not known. Whoever asks next walks what is left. Of one type it stays.
  if (kept_.empty() && making_.empty()) return;
  if (const auto at = making_.find(cell_key.substr(0, store::key_prefix_size(cell_key))); at != making_.end()) {
    making_.erase(at);
  }
  if (const auto at = kept_.find(cell_key.substr(0, store::key_prefix_size(cell_key))); at != kept_.end()) drop(at);
}

void Indexes::account(Kept& kept) {
  std::size_t bytes = kKeptBytes;
  if (kept.scores) bytes += kept.scores->bytes();
  if (kept.list) bytes += kept.list->bytes();
  bytes_ += bytes - kept.bytes;
  kept.bytes = bytes;
}

void Indexes::drop(Map::iterator at) {
  bytes_ -= at->second.bytes;
  used_.erase(at->second.used);
  kept_.erase(at);
}

void Indexes::make_room() {
  // The one used last stays, however large: dropping it would only have it built again.
  while (bytes_ > bytes_max_ && used_.size() > 1) drop(kept_.find(used_.back()));
}

}  // namespace pando::engine
