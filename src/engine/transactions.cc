#include "engine/transactions.h"

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>

#include "base/check.h"
#include "base/limits.h"

namespace pando::engine {
namespace {

std::string_view operation_name(TxOperation operation) { return operation == TxOperation::kPut ? "put" : "delete"; }

std::string_view entry_type_name(TxEntryType type) {
  switch (type) {
    case TxEntryType::kKv: return "kv";
    case TxEntryType::kRow: return "row";
    case TxEntryType::kLob: return "lob";
  }
  return "unknown";
}

// Whether the detail takes something away, for a transaction that was begun for one or the other.
struct DetailDeletes {
  bool operator()(const DeleteTyped&) const { return true; }
  bool operator()(const RemoveScores&) const { return true; }
  bool operator()(const RemoveScoreRange&) const { return true; }
  bool operator()(const ListPop&) const { return true; }
  bool operator()(const ListCut&) const { return true; }
  bool operator()(const ListRemove&) const { return true; }
  bool operator()(const EndLeases&) const { return true; }
  bool operator()(const PopMembers&) const { return true; }
  bool operator()(const RemoveEntries&) const { return true; }
  bool operator()(const TrimStream&) const { return true; }
  template <typename Other>
  bool operator()(const Other&) const {
    return false;
  }
};

TxOperation operation_of(const Mutation& mutation) {
  switch (mutation.kind) {
    case Mutation::Kind::kPut:
    case Mutation::Kind::kPutColumns:
    case Mutation::Kind::kAdd:
    case Mutation::Kind::kAddDecimal:
    case Mutation::Kind::kAddMembers:
    case Mutation::Kind::kEnable: return TxOperation::kPut;
    case Mutation::Kind::kDelete:
    case Mutation::Kind::kDeleteColumns:
    case Mutation::Kind::kDeleteRow:
    case Mutation::Kind::kReset:
    case Mutation::Kind::kRemoveMembers:
    case Mutation::Kind::kDeleteSet:
    case Mutation::Kind::kDisable: return TxOperation::kDelete;
    case Mutation::Kind::kDetail:
      return std::visit(DetailDeletes{}, mutation.detail) ? TxOperation::kDelete : TxOperation::kPut;
  }
  return TxOperation::kPut;
}

// 32 hex digits. One number after the other: compilers differ in which argument of a call they work out first.
Bytes fresh_id(Prng& random) {
  const std::uint64_t high = random.next();
  return fmt::format("{:016x}{:016x}", high, random.next());
}

// CRC-32 (IEEE 802.3) of what came before followed by `data`.
std::uint32_t crc32_after(std::uint32_t crc, ByteSpan data) {
  return static_cast<std::uint32_t>(::crc32_z(crc, reinterpret_cast<const Bytef*>(data.data()), data.size()));
}

struct DetailSize {
  std::size_t operator()(const RestoreValue& m) const { return m.element.size() + (m.value ? m.value->size() : 0); }
  std::size_t operator()(const SetScores& m) const {
    std::size_t bytes = 0;
    for (const SetScores::Entry& entry : m.entries) bytes += entry.member.size() + 40;
    return bytes;
  }
  std::size_t operator()(const AddToScore& m) const { return m.member.size(); }
  std::size_t operator()(const RemoveScores& m) const { return of(m.members); }
  std::size_t operator()(const RemoveScoreRange& m) const {
    return m.range.from.value_or("").size() + m.range.to.value_or("").size();
  }
  std::size_t operator()(const ListPush& m) const { return of(m.values); }
  std::size_t operator()(const ListInsert& m) const { return of(m.values) + m.pivot.value_or("").size(); }
  std::size_t operator()(const ListSet& m) const { return m.value.size(); }
  std::size_t operator()(const ListRemove& m) const { return m.value.size(); }
  std::size_t operator()(const TakeLimited& m) const { return m.subject.size(); }
  std::size_t operator()(const RenewLeases& m) const {
    std::size_t bytes = 0;
    for (const RenewLeases::Entry& entry : m.entries)
      bytes += entry.member.size() + entry.about.value_or("").size() + 64;
    return bytes;
  }
  std::size_t operator()(const EndLeases& m) const { return of(m.members); }
  std::size_t operator()(const AppendText& m) const { return m.text.size(); }
  std::size_t operator()(const OverwriteText& m) const { return m.text.size(); }
  std::size_t operator()(const PutAllAbsent& m) const {
    std::size_t bytes = 0;
    for (const auto& [key, value] : m.values) bytes += key.size() + value.size() + 64;
    return bytes;
  }
  std::size_t operator()(const PutFieldAbsent& m) const { return m.field.size() + m.value.size(); }
  std::size_t operator()(const AddToField& m) const { return m.field.size(); }
  std::size_t operator()(const AddDecimalToField& m) const { return m.field.size(); }
  std::size_t operator()(const MoveMember& m) const { return m.to.size() + m.member.size(); }
  std::size_t operator()(const CombineSets& m) const { return of(m.keys); }
  std::size_t operator()(const JoinScores& m) const {
    return of(m.keys) + m.how.weights.size() * sizeof(m.how.weights.front());
  }
  std::size_t operator()(const StoreScoreRange& m) const { return m.from.size(); }
  std::size_t operator()(const ListTransfer& m) const { return m.to.size(); }
  std::size_t operator()(const DeleteKeys& m) const { return m.prefix.size(); }
  std::size_t operator()(const CopyKey& m) const { return m.to.size(); }
  std::size_t operator()(const CombineBits& m) const { return of(m.keys); }
  std::size_t operator()(const EditBits& m) const { return m.steps.size() * sizeof(EditBits::Step); }
  std::size_t operator()(const AddToSketch& m) const { return of(m.things); }
  std::size_t operator()(const MergeSketches& m) const { return of(m.keys); }
  std::size_t operator()(const AddEntry& m) const {
    std::size_t bytes = 0;
    for (const auto& [name, value] : m.fields) bytes += name.size() + value.size() + 64;
    return bytes;
  }
  std::size_t operator()(const PutObject& m) const { return m.bytes.size() + m.upload.size(); }
  std::size_t operator()(const RemoveEntries& m) const { return m.ids.size() * sizeof(StreamId); }
  std::size_t operator()(const PutDocument& m) const { return bytes_of(m); }
  std::size_t operator()(const PatchDocument& m) const { return bytes_of(m); }
  std::size_t operator()(const DeclareTable& m) const {
    std::size_t bytes = 0;
    for (const auto& [name, text] : m.properties) bytes += name.size() + text.value_or("").size() + 64;
    return bytes;
  }
  template <typename Other>
  std::size_t operator()(const Other&) const {
    return 0;
  }

 private:
  static std::size_t of(const std::vector<Bytes>& many) {
    std::size_t bytes = 0;
    for (const Bytes& one : many) bytes += one.size() + 32;
    return bytes;
  }
};

std::size_t size_of(const Mutation& mutation) {
  std::size_t bytes = mutation.key.size() + mutation.value.size() + 64;
  for (const auto& [name, value] : mutation.columns) bytes += name.size() + value.size() + 32;
  for (const Bytes& member : mutation.members) bytes += member.size() + 32;
  return bytes + std::visit(DetailSize{}, mutation.detail);
}

Status check_kind(const Transaction& tx, TxOperation operation, TxEntryType type) {
  if (tx.entry_type && *tx.entry_type != type) {
    return Status(StatusCode::kInvalidArgument, fmt::format("transaction was begun for {}, not {}",
                                                            entry_type_name(*tx.entry_type), entry_type_name(type)));
  }
  if (tx.operation && *tx.operation != operation) {
    return Status(StatusCode::kInvalidArgument, fmt::format("transaction was begun for {}, not {}",
                                                            operation_name(*tx.operation), operation_name(operation)));
  }
  return {};
}

Status check_room(const Transaction& tx, std::size_t more) {
  if (tx.bytes + more <= limits::kTransactionBytesMax && tx.mutations.size() < limits::kBatchItemsMax) return {};
  return Status(StatusCode::kTooLarge, fmt::format("transaction is over the limit of {} bytes or {} items",
                                                   limits::kTransactionBytesMax, limits::kBatchItemsMax));
}

}  // namespace

Transactions::Transactions(const Options& options) : options_(options), random_(options.seed) {}

Result<Bytes> Transactions::begin(const TxBeginRequest& request, Instant now) {
  if (open_.size() >= limits::kOpenTransactionsMax) {
    return fail(StatusCode::kOverloaded,
                fmt::format("{} transactions are open, the limit", limits::kOpenTransactionsMax));
  }
  Bytes id = fresh_id(random_);
  Transaction tx;
  tx.operation = request.operation;
  tx.entry_type = request.entry_type;
  tx.began_at = now;
  tx.used_at = now;
  look_at_ = std::min(look_at_, deadline(tx));
  open_.emplace(id, std::move(tx));
  return id;
}

Result<Transaction*> Transactions::find(ByteSpan id, Instant now) {
  if (const auto at = open_.find(id); at != open_.end()) {
    if (deadline(at->second) > now) {
      at->second.used_at = now;
      return &at->second;
    }
    return fail(outcome_status(id, Outcome::kTimedOut));
  }
  if (const auto at = ended_.find(id); at != ended_.end()) return fail(outcome_status(id, at->second));
  return fail(StatusCode::kNotFound, fmt::format("transaction not found: {}", id));
}

void Transactions::adapt(const Transaction& tx, Mutation& mutation) {
  if (tx.operation != TxOperation::kDelete) return;
  if (mutation.kind == Mutation::Kind::kPut) mutation.kind = Mutation::Kind::kDelete;
  if (mutation.kind == Mutation::Kind::kPutColumns) mutation.kind = Mutation::Kind::kDeleteColumns;
}

Status Transactions::append(Transaction& tx, Mutation mutation) {
  const TxEntryType type = mutation.table == kTableRow ? TxEntryType::kRow : TxEntryType::kKv;
  PANDO_RETURN_IF_ERROR(check_kind(tx, operation_of(mutation), type));
  const std::size_t bytes = size_of(mutation);
  PANDO_RETURN_IF_ERROR(check_room(tx, bytes));
  tx.bytes += bytes;
  tx.checksum = crc32_after(tx.checksum, mutation.value);
  for (const auto& column : mutation.columns) tx.checksum = crc32_after(tx.checksum, column.second);
  tx.mutations.push_back(std::move(mutation));
  return {};
}

Status Transactions::append_all(Transaction& tx, std::vector<Mutation> mutations) {
  const std::size_t count = tx.mutations.size();
  const std::size_t bytes = tx.bytes;
  const std::uint32_t checksum = tx.checksum;
  for (Mutation& mutation : mutations) {
    Status status = append(tx, std::move(mutation));
    if (status.ok()) continue;
    tx.mutations.erase(tx.mutations.begin() + static_cast<std::ptrdiff_t>(count), tx.mutations.end());
    tx.bytes = bytes;
    tx.checksum = checksum;
    return status;
  }
  return {};
}

Status Transactions::append_deleted_lob(Transaction& tx, Bytes key) {
  PANDO_RETURN_IF_ERROR(check_kind(tx, TxOperation::kDelete, TxEntryType::kLob));
  PANDO_RETURN_IF_ERROR(check_room(tx, key.size()));
  tx.bytes += key.size();
  tx.deleted_lobs.push_back(std::move(key));
  return {};
}

Bytes Transactions::new_upload() { return fresh_id(random_); }

Result<Upload*> Transactions::upload(Transaction& tx, ByteSpan key) {
  PANDO_RETURN_IF_ERROR(check_kind(tx, TxOperation::kPut, TxEntryType::kLob));
  const auto at = tx.uploads.find(Bytes(key));
  if (at != tx.uploads.end()) return &at->second;
  if (tx.entry_type && !tx.uploads.empty()) {
    return fail(StatusCode::kInvalidArgument,
                fmt::format("transaction holds the object \"{}\", not \"{}\"", tx.uploads.begin()->first, key));
  }
  Upload upload;
  upload.key = Bytes(key);
  upload.upload = new_upload();
  return &tx.uploads.emplace(Bytes(key), std::move(upload)).first->second;
}

void Transactions::extend(Transaction& tx, Upload& upload, Upload staged, ByteSpan chunk) {
  tx.checksum = crc32_after(tx.checksum, chunk);
  upload = std::move(staged);
}

Transaction Transactions::take_committed(ByteSpan id) { return take(id, Outcome::kCommitted); }

Transaction Transactions::take_aborted(ByteSpan id) { return take(id, Outcome::kAborted); }

std::vector<Transaction> Transactions::expire(Instant now) {
  if (now < look_at_) return {};
  look_at_ = Instant{INT64_MAX};
  std::vector<Bytes> over;
  for (const auto& [id, tx] : open_) {
    const Instant at = deadline(tx);
    if (at <= now) {
      over.push_back(id);
    } else {
      look_at_ = std::min(look_at_, at);
    }
  }
  std::vector<Transaction> expired;
  for (const Bytes& id : over) expired.push_back(take(id, Outcome::kTimedOut));
  return expired;
}

std::optional<Instant> Transactions::next_deadline() const {
  if (open_.empty()) return std::nullopt;
  return look_at_;
}

Instant Transactions::deadline(const Transaction& tx) const {
  return std::min(tx.used_at + options_.idle_max, tx.began_at + options_.age_max);
}

Transaction Transactions::take(ByteSpan id, Outcome outcome) {
  const auto at = open_.find(id);
  CHECK(at != open_.end());
  Transaction tx = std::move(at->second);
  ended_.emplace(at->first, outcome);
  ended_order_.push_back(at->first);
  open_.erase(at);
  if (ended_order_.size() > limits::kOpenTransactionsMax) {
    ended_.erase(ended_order_.front());
    ended_order_.pop_front();
  }
  return tx;
}

Status Transactions::outcome_status(ByteSpan id, Outcome outcome) const {
  switch (outcome) {
    case Outcome::kCommitted:
      return Status(StatusCode::kConflict, fmt::format("transaction already committed: {}", id));
    case Outcome::kAborted: return Status(StatusCode::kGone, fmt::format("transaction was aborted: {}", id));
    case Outcome::kTimedOut: break;
  }
  return Status(StatusCode::kGone, fmt::format("transaction timed out: {}", id));
}

}  // namespace pando::engine
