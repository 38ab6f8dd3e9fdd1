#include "store/cells.h"

#include <fmt/core.h>
#include <xxhash.h>

#include <algorithm>

#include "base/check.h"
#include "model/expiry.h"
#include "store/cell_cursor.h"
#include "store/ended_fields.h"

namespace pando::store {
namespace {

// Its slots in the table, at most half full, and in the ordered index, beside what the cell itself says.
constexpr std::size_t kCellOverheadBytes = sizeof(Cell) + 128;

std::size_t cost_of(ByteSpan key, const Cell& cell) { return kCellOverheadBytes + key.size() + cell.heap_bytes(); }

}  // namespace

Result<std::unique_ptr<Cells>> Cells::open(const Kv& kv, const CellsOptions& options) {
  std::unique_ptr<Cells> cells(new Cells(kv, options));
  const auto stored = kv.get(kCheckpointKey);
  if (!stored) return fail(stored.error());
  PANDO_RETURN_IF_ERROR(cells->expiry_.load());
  PANDO_RETURN_IF_ERROR(cells->ledger_.load());
  if (!*stored) {
    const auto any = kv.scan(ByteSpan(&kCellPrefix, 1), {});
    if (any->valid()) return fail(StatusCode::kDataLoss, "store: holds cells but no checkpoint record");
    if (!any->status().ok()) return fail(any->status());
    return cells;
  }
  auto meta = decode_checkpoint_meta(**stored);
  if (!meta) return fail(meta.error().with_context("store"));
  cells->meta_ = *meta;
  cells->saved_meta_ = *std::move(meta);
  cells->checkpointed_ = cells->meta_.covered;
  auto memo = kv.get(kMemoKey);
  if (!memo) return fail(memo.error());
  cells->memo_ = cells->stored_memo_ = std::move(*memo).value_or(Bytes());
  if (!options.filters_keys) return cells;
  auto filter = KeyFilter::load(kv, cells->checkpointed_);
  if (!filter) return fail(filter.error());
  if (*filter) {
    cells->filter_ = **std::move(filter);
  } else {
    PANDO_RETURN_IF_ERROR(cells->make_filter());
  }
  return cells;
}

Status Cells::make_filter() {
  const Bytes from(1, kCellPrefix);
  const auto at = kv_.scan(from, prefix_end(from));
  for (; at->valid(); at->next()) {
    const std::size_t prefix = key_prefix_size(at->key());
    // One that is no cell key is refused by whoever reads it.
    if (prefix == 0 || prefix >= at->key().size()) continue;
    filter_.insert(at->key(), prefix);
  }
  return at->status();
}

bool Cells::may_have(std::string_view table, ByteSpan key) const {
  return may_hold(write_key_prefix(table, key, scratch_));
}

bool Cells::may_have(std::string_view table, ByteSpan key, CellKind kind) const {
  return may_hold(write_key_prefix(table, key, scratch_), kind);
}

bool Cells::may_have_kind(ByteSpan cell_key, std::size_t prefix_size) const {
  return may_hold(cell_key.substr(0, prefix_size), static_cast<CellKind>(cell_key[prefix_size]));
}

bool Cells::may_exist(ByteSpan cell_key, std::size_t prefix_size) const {
  if (!may_have_kind(cell_key, prefix_size)) return false;
  return cell_key.size() == prefix_size + 1 || !options_.filters_keys || filter_.may_hold_cell(cell_key);
}

// Reading. --------------------------------------------------------------------------------------------------

ByteSpan Cells::key_of(const CellName& name) const {
  return write_cell_key(name.table, name.key, name.kind, name.element, scratch_);
}

Cell* Cells::use_hot(ByteSpan key) {
  if (holds_ == 0) evict();
  Cell* cell = cells_.find(key);
  if (cell != nullptr) keep_longer(*cell);
  return cell;
}

Cell* Cells::use_recent(const CellName& name) {
  if (holds_ == 0) evict();
  Cell* cell = recent_.find(name, [](const Cell& one) { return one.key_; });
  if (cell != nullptr) keep_longer(*cell);
  return cell;
}

void Cells::keep_longer(Cell& cell) {
  // What was used last matters only once something will have to go.
  if (!cell.listed_ || 2 * cached_bytes_ <= options_.cache_bytes_max) return;
  unlist(cell);
  list_newest(cell);
}

Result<Cell*> Cells::read_stored(ByteSpan key, CellKind kind) {
  auto stored = kv_.get(key);
  if (!stored) return fail(stored.error().with_context("cell " + describe_cell(key)));
  if (!*stored) return &insert(key, Cell(kind));
  auto cell = decode_cell(key, **stored);
  if (!cell) return fail(cell.error());
  Cell& placed = insert(key, *std::move(cell));
  placed.filtered_ = true;
  return &placed;
}

Result<Cell*> Cells::find(const CellName& name, LogPos& touched) {
  Cell* cell = use_recent(name);
  if (cell == nullptr) {
    const ByteSpan key = key_of(name);
    cell = use_hot(key);
    if (cell == nullptr) {
      if (!may_exist(key, prefix_size_of(key, name))) return nullptr;
      const Result<Cell*> stored = read_stored(key, name.kind);
      if (!stored) return stored;
      cell = *stored;
    }
    recent_.note(name, *cell);
  }
  touched = std::max(touched, cell->touched_);
  return cell->empty() ? nullptr : cell;
}

Cell& Cells::insert(ByteSpan key, Cell cell) {
  Cell& placed = cells_.insert(key, std::move(cell));
  placed.bytes_ = cost_of(key, placed);
  placed.was_shown_ = placed.shown();
  if (placed.kind() == CellKind::kExpiry && !placed.empty()) placed.hinted_ms_ = *store::ends_at(placed.reg());
  list_newest(placed);
  return placed;
}

Result<const crdt::Register*> Cells::find_register(const CellName& name, LogPos& touched) {
  CHECK(!is_counter(name.kind));
  const auto cell = find(name, touched);
  if (!cell) return fail(cell.error());
  return *cell == nullptr ? nullptr : &(*cell)->reg();
}

Result<const crdt::Counter*> Cells::find_counter(const CellName& name, LogPos& touched) {
  CHECK(is_counter(name.kind));
  const auto cell = find(name, touched);
  if (!cell) return fail(cell.error());
  return *cell == nullptr ? nullptr : &(*cell)->counter();
}

Result<const crdt::Register*> Cells::find_register(const CellName& name) {
  LogPos nobody_asks;
  return find_register(name, nobody_asks);
}

Result<const crdt::Counter*> Cells::find_counter(const CellName& name) {
  LogPos nobody_asks;
  return find_counter(name, nobody_asks);
}

Result<const crdt::Register*> Cells::find_lone_value(std::string_view table, ByteSpan key, LogPos& touched) {
  LogPos seen = touched;
  const Result<Cell*> cell = find({table, key, CellKind::kRegister, {}}, seen);
  if (!cell) return fail(cell.error());
  if (*cell == nullptr) return nullptr;
  if (!(*cell)->lone_) {
    const ByteSpan prefix = (*cell)->key_.substr(0, (*cell)->key_.size() - 1);  // without the kind
    if (may_hold(prefix, CellKind::kCounter) || may_hold(prefix, CellKind::kDecimal)) return nullptr;
    (*cell)->lone_ = true;
  }
  touched = seen;
  return &(*cell)->reg();
}

void Cells::Foresight::add(const CellName& name) {
  if (count_ == kAtOnce) bring();
  const ByteSpan key = write_cell_key(name.table, name.key, name.kind, name.element, cells_.scratch_);
  const std::uint64_t hash = CellTable::hash_of(key);
  wanted_[count_++].emplace(Wanted{hash, name});
  cells_.cells_.bring_slot(hash);
}

void Cells::Foresight::bring() {
  std::array<Cell*, kAtOnce> found;
  for (std::size_t i = 0; i < count_; ++i) {
    found[i] = cells_.cells_.bring_cell(wanted_[i]->hash);
    if (found[i] == nullptr) cells_.filter_.bring_cell(wanted_[i]->hash);
  }
  for (std::size_t i = 0; i < count_; ++i) {
    if (found[i] == nullptr) continue;
    found[i]->bring_entries();
    cells_.recent_.note(wanted_[i]->name, *found[i]);
  }
  for (std::size_t i = 0; i < count_; ++i) {
    if (found[i] != nullptr) found[i]->bring_value();
  }
  count_ = 0;
}

Result<std::optional<crdt::Register>> Cells::fetch_register(const CellPath& path) {
  CHECK(!is_counter(path.kind));
  const ByteSpan key = key_of(path);
  if (const Cell* cell = cells_.find(key); cell != nullptr) {
    return cell->empty() ? std::nullopt : std::optional(cell->reg());
  }
  const auto stored = kv_.get(key);
  if (!stored) return fail(stored.error().with_context("cell " + describe_cell(key)));
  if (!*stored) return std::nullopt;
  auto cell = decode_cell(key, **stored);
  if (!cell) return fail(cell.error());
  return std::move(cell->reg());
}

LogPos Cells::touched(const CellPath& path) const {
  const Cell* cell = cells_.find(key_of(path));
  return cell == nullptr ? LogPos(0) : cell->touched_;
}

Result<Cells::Digest> Cells::digest(std::int64_t as_of_ms) const {
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> hash(XXH3_createState(), XXH3_freeState);
  XXH3_128bits_reset(hash.get());
  Digest digest;
  Bytes entry;
  Bytes state;
  Bytes looked_at;
  std::optional<EndedFields> fields;  // of the key at hand, where any has an end
  CellCursor at = scan_all();
  while (at.valid()) {
    const ByteSpan prefix = at.cell_key().substr(0, key_prefix_size(at.cell_key()));
    if (prefix != ByteSpan(looked_at)) fields.reset();
    if (prefix != ByteSpan(looked_at) && may_expire(at.path().table)) {
      looked_at = Bytes(prefix);
      const auto end = ends_at(at.path().table, at.key());
      if (!end) return fail(end.error());
      if (*end && **end <= as_of_ms) {
        at.skip_key();
        continue;
      }
      if (may_have(at.path().table, at.key(), CellKind::kExpiry)) {
        fields.emplace(*this, at.path().table, at.key(), as_of_ms);
      }
    }
    if (fields) {
      const Result<bool> ended = fields->has(at.path());
      if (!ended) return fail(ended.error());
      if (*ended) {
        at.next();
        continue;
      }
    }
    state.clear();
    encode_cell_state(at.cell(), state);
    entry.clear();
    Writer out(entry);
    out.bytes(at.cell_key());
    out.bytes(state);
    XXH3_128bits_update(hash.get(), entry.data(), entry.size());
    ++digest.cells;
    at.next();
  }
  if (!at.status().ok()) return fail(at.status());
  const XXH128_hash_t sum = XXH3_128bits_digest(hash.get());
  digest.fingerprint = fmt::format("{:016x}{:016x}", sum.high64, sum.low64);
  digest.touched = at.touched();
  return digest;
}

Result<std::optional<Bytes>> Cells::stored_form(ByteSpan cell_key) const {
  const Cell* cell = cells_.find(cell_key);
  if (cell == nullptr && may_exist(cell_key)) return kv_.get(cell_key);
  if (cell == nullptr || cell->empty()) return std::nullopt;
  return encode_cell(cell_key, *cell);
}

// Expiry. ---------------------------------------------------------------------------------------------------

Result<std::optional<std::int64_t>> Cells::ends_at(std::string_view table, ByteSpan key, ByteSpan field) const {
  Bytes cell_key;
  append_cell_key(table, key, CellKind::kExpiry, field, cell_key);
  if (const Cell* hot = cells_.find(cell_key); hot != nullptr) return store::ends_at(hot->reg());
  if (!may_exist(cell_key)) return std::nullopt;
  const auto stored = kv_.get(cell_key);
  if (!stored) return fail(stored.error().with_context("cell " + describe_cell(cell_key)));
  if (!*stored) return std::nullopt;
  const auto cell = decode_cell(cell_key, **stored);
  if (!cell) return fail(cell.error());
  return store::ends_at(cell->reg());
}

void Cells::keep_hint(Cell& cell) {
  const std::optional<std::int64_t> end = store::ends_at(cell.reg());
  if (!end) cell.hinted_ms_ = 0;
  if (!end) return;
  const ByteSpan table = cell.key_.substr(1, cell.key_.find('\x00') - 1);
  expiry_.mark(table, Freed::kNothing);
  if (*end == kNeverExpires || (cell.hinted_ms_ != 0 && cell.hinted_ms_ <= *end)) return;
  cell.hinted_ms_ = std::max<std::int64_t>(*end, 1);
  expiry_.add({cell.hinted_ms_, Bytes(cell.key_)});
}

void Cells::move_hint(const ExpiryIndex::Hint& hint, std::optional<std::int64_t> to_ms) {
  expiry_.drop(hint);
  if (to_ms) expiry_.add({*to_ms, hint.cell_key});
  if (Cell* cell = cells_.find(hint.cell_key); cell != nullptr) cell->hinted_ms_ = to_ms.value_or(0);
}

Status Cells::free_key(std::string_view table, ByteSpan key) {
  std::vector<Bytes> keys;
  {
    CellCursor at = scan_key(table, key);
    for (; at.valid(); at.next()) {
      preserve(at.cell_key(), at.cell());
      keys.emplace_back(at.cell_key());
    }
    PANDO_RETURN_IF_ERROR(at.status());
  }
  forget_cells(keys);
  expiry_.mark(table, Freed::kKeys);
  return {};
}

Status Cells::free_field(std::string_view table, ByteSpan key, ByteSpan field) {
  std::vector<Bytes> keys;
  const Result<LogPos> visited = visit_field(*this, table, key, field, [&](const CellCursor& at) -> Status {
    preserve(at.cell_key(), at.cell());
    keys.emplace_back(at.cell_key());
    return {};
  });
  if (!visited) return visited.error();
  forget_cells(keys);
  expiry_.mark(table, Freed::kFields);
  return {};
}

void Cells::forget_cells(const std::vector<Bytes>& cell_keys) {
  for (const Bytes& cell_key : cell_keys) {
    Cell* cell = hot(cell_key);
    if (cell == nullptr) cell = &insert(cell_key, Cell(static_cast<CellKind>(cell_key[key_prefix_size(cell_key)])));
    cell->make_empty();
    cell->was_shown_ = false;
    // No record made it so, and nobody waits for one.
    mark_changed(*cell, LogPos(0));
    if (observer_ != nullptr) observer_->on_erased(cell_key, meta_.covered);
  }
}

std::uint64_t Cells::watch_key(std::string_view table, ByteSpan key) {
  Bytes prefix;
  append_key_prefix(table, key, prefix);
  Watch& watch = watched_[std::move(prefix)];
  if (watch.count++ == 0) watch.number = next_watch_++;
  return watch.number;
}

void Cells::unwatch_key(std::string_view table, ByteSpan key, std::uint64_t number) {
  Bytes prefix;
  append_key_prefix(table, key, prefix);
  const auto at = watched_.find(prefix);
  if (at != watched_.end() && at->second.number == number && --at->second.count == 0) watched_.erase(at);
}

bool Cells::watched(std::string_view table, ByteSpan key, std::uint64_t number) const {
  Bytes prefix;
  append_key_prefix(table, key, prefix);
  const auto at = watched_.find(prefix);
  return at != watched_.end() && at->second.number == number;
}

// The list of clean cells. ----------------------------------------------------------------------------------

void Cells::list_newest(Cell& cell) {
  CHECK(!cell.listed_ && !cell.dirty_ && !cell.flushing_);
  cell.listed_ = true;
  cached_bytes_ += cell.bytes_;
  // A large one goes to the other end, where evict() takes it first whatever the cache holds.
  const bool first_to_go = cell.bytes_ > limits::kCellCachedBytesMax;
  Cell*& end = first_to_go ? oldest_ : newest_;
  Cell*& other_end = first_to_go ? newest_ : oldest_;
  (first_to_go ? cell.newer_ : cell.older_) = end;
  if (end != nullptr) (first_to_go ? end->older_ : end->newer_) = &cell;
  end = &cell;
  if (other_end == nullptr) other_end = &cell;
}

void Cells::unlist(Cell& cell) {
  CHECK(cell.listed_);
  cell.listed_ = false;
  cached_bytes_ -= cell.bytes_;
  (cell.newer_ != nullptr ? cell.newer_->older_ : newest_) = cell.older_;
  (cell.older_ != nullptr ? cell.older_->newer_ : oldest_) = cell.newer_;
  cell.newer_ = cell.older_ = nullptr;
}

void Cells::evict() {
  while (oldest_ != nullptr &&
         (cached_bytes_ > options_.cache_bytes_max || oldest_->bytes_ > limits::kCellCachedBytesMax)) {
    Cell& cell = *oldest_;
    unlist(cell);
    erase_cell(cell);
    if (oldest_ != nullptr) __builtin_prefetch(oldest_);  // often the next to go
  }
}

void Cells::erase_cell(Cell& cell) {
  recent_.forget();
  cells_.erase(cell);
}

// Changing. -------------------------------------------------------------------------------------------------

Result<Cell*> Cells::load(const CellPath& path) {
  Cell* cell = use_recent(path);
  if (cell == nullptr) {
    const ByteSpan key = key_of(path);
    cell = use_hot(key);
    if (cell == nullptr && !may_exist(key, prefix_size_of(key, path))) cell = &insert(key, Cell(path.kind));
    if (cell == nullptr) {
      const Result<Cell*> stored = read_stored(key, path.kind);
      if (!stored) return stored;
      cell = *stored;
    }
  }
  preserve(cell->key_, *cell);
  if (awaited(*cell)) gather_cell(*cell);
  return cell;
}

void Cells::preserve_erased(const CellPath& path) {
  const Bytes key(key_of(path));
  if (!snapshots_.any() || !snapshots_.wants(key) || !snapshots_.has_room(limits::kLobChunkBytes)) return;
  Result<std::optional<crdt::Register>> reg = fetch_register(path);
  if (!reg || !*reg) return;
  Cell before(path.kind);
  before.reg() = *std::move(*reg);
  snapshots_.keep(key, before);
}

Cell* Cells::hot(ByteSpan cell_key) {
  Cell* const cell = cells_.find(cell_key);
  if (cell != nullptr && awaited(*cell)) gather_cell(*cell);
  return cell;
}

void Cells::changed(Cell& cell, LogPos pos) {
  book(cell, pos);
  const bool was_shown = cell.was_shown_;
  cell.was_shown_ = cell.shown();
  if (observer_ != nullptr) observer_->on_changed(cell.key_, cell, was_shown, pos);
}

void Cells::book(Cell& cell, LogPos pos) {
  CHECK(pos > meta_.covered);
  if (cell.kind() == CellKind::kExpiry) keep_hint(cell);
  if (!watched_.empty()) {
    if (const auto at = watched_.find(cell.key_.substr(0, key_prefix_size(cell.key_))); at != watched_.end()) {
      watched_.erase(at);
    }
  }
  mark_changed(cell, pos);
}

void Cells::mark_changed(Cell& cell, LogPos pos) {
  CHECK(!awaited(cell));
  ++version_;
  if (cell.listed_) {
    unlist(cell);
    cell.round_ = round_;
    new_unsaved_.push_back(&cell);
    if (!cell.filtered_) put_in_filter(cell);
  } else {
    unsaved_bytes_ -= cell.bytes_;
  }
  cell.dirty_ = true;
  cell.touched_ = pos;
  cell.bytes_ = cost_of(cell.key_, cell);
  unsaved_bytes_ += cell.bytes_;
}

void Cells::put_in_filter(Cell& cell) {
  const std::size_t prefix = key_prefix_size(cell.key_);
  const bool first = filter_.insert(cell.key_, prefix);
  cell.filtered_ = true;
  // A value that is the first cell of its key has no counter beside it.
  if (cell.kind() == CellKind::kRegister && first && options_.filters_keys) cell.lone_ = true;
  if (cell.kind() != CellKind::kCounter && cell.kind() != CellKind::kDecimal) return;
  Bytes beside(cell.key_);
  beside[prefix] = static_cast<char>(CellKind::kRegister);
  if (Cell* value = cells_.find(beside); value != nullptr) value->lone_ = false;
}

void Cells::erase(ByteSpan cell_key, LogPos pos) {
  if (Cell* cell = hot(cell_key); cell != nullptr) {
    cell->make_empty();
    changed(*cell, pos);
    return;
  }
  const std::size_t prefix = key_prefix_size(cell_key);
  CHECK(prefix > 0 && prefix < cell_key.size());
  book(insert(cell_key, Cell(static_cast<CellKind>(cell_key[prefix]))), pos);
  if (observer_ != nullptr) observer_->on_erased(cell_key, pos);
}

void Cells::applied_commit(const Commit& commit, LogPos pos, std::uint64_t changes) {
  CHECK(!meta_.context.covers(commit.dot));
  meta_.context.raise(commit.dot.origin, commit.dot.seq);
  meta_.set_chain(commit.dot.origin, commit.chain);
  raise_hlc_floor(commit.hlc);
  applied_record(pos, changes);
}

void Cells::applied_join(const CheckpointMeta& theirs, LogPos pos) {
  for (const auto& [origin, seq] : theirs.context.entries()) {
    if (seq > meta_.context.get(origin)) meta_.set_chain(origin, theirs.chain(origin));
  }
  meta_.context.merge(theirs.context);
  raise_hlc_floor(theirs.hlc_floor);
  applied_record(pos, 0);
}

void Cells::applied_record(LogPos pos, std::uint64_t changes) {
  CHECK(pos > meta_.covered);
  meta_.covered = pos;
  meta_.changes += changes;
}

void Cells::raise_hlc_floor(Hlc floor) { meta_.hlc_floor = std::max(meta_.hlc_floor, floor); }

}  // namespace pando::store
