// engine/draft.h — decide: mutations become the ops of one commit, each seeing those before it.
//
// Runs once, at the origin. The ops say what was seen (dots replaced, totals reached), so that evolving them
// anywhere, in any order with concurrent ones, gives the same state. Two mutations of one cell fold into one
// op, the later one winning. A key of table `kv` with an `lww:` or `counter:` prefix and a well-formed payload
// also feeds the namespace's part of its merge group (engine/typed_payload.h), in cells of table `.merge`.
//
// A draft is made, filled and taken within one step; on any failure it is dropped whole and nothing happened.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/status.h"
#include "crdt/counter.h"
#include "engine/transactions.h"
#include "engine/typed_payload.h"
#include "model/op.h"
#include "model/request.h"
#include "store/cells.h"

namespace pando::engine {

// kWrongType: key "k" holds a set, not a counter; delete it first.
Status wrong_type(ByteSpan key, CellKind holds, CellKind asked);

class Draft {
 public:
  // `dot` is what the commit will be called; `observed` the context of the namespace before it.
  Draft(Dot dot, const VersionVector& observed, store::Cells& cells, TypedPayloadParser& parser)
      : dot_(std::move(dot)), observed_(observed), cells_(cells), parser_(parser) {}

  // kInvalidArgument / kTooLarge (names the limit), kWrongType, kOutOfRange (overflow), or a store failure.
  Status add(const Mutation& mutation);

  // Puts whole chunks of `upload` into the draft and keeps the rest for later; with `last`, that too.
  Status stage(Upload& upload, ByteSpan data, bool last);
  // Makes a completely staged upload the object `upload.key`.
  Status publish(const Upload& upload);
  // Removes staged chunks that will never be published.
  Status discard_upload(ByteSpan upload);
  Status delete_lob(ByteSpan key);

  // Before the first add(): also find out what DoneReply::results tells.
  void keep_results() { keeps_results_ = true; }
  std::vector<std::int64_t> take_results() { return std::move(results_); }

  bool empty() const { return ops_.empty(); }
  std::vector<Op> take_ops() { return std::move(ops_); }
  // The value here after the last kAdd or kReset, when there was one.
  std::optional<std::int64_t> counter_value() const { return counter_value_; }
  // Typed keys whose payload was not one: stored as plain bytes.
  std::uint64_t malformed_payloads() const { return malformed_payloads_; }

 private:
  Status change(const Mutation& mutation);
  Status put(const Mutation& mutation);
  Status put_columns(const Mutation& mutation);
  Status delete_columns(const Mutation& mutation);
  Status delete_key(std::string_view table, ByteSpan key);
  Status add_to_counter(const Mutation& mutation);
  Status change_members(const Mutation& mutation);
  Status delete_set(std::string_view table, ByteSpan key);
  Status change_flag(const Mutation& mutation);
  Status count(CellPath path, crdt::Counter counter, std::int64_t delta);
  // The key becomes a counter, or the register "0" (a counter that never counted would not exist).
  Status count_from(const Mutation& mutation, ByteSpan value);
  Status reset_counter(const CellPath& path);
  Status put_typed(ByteSpan key, ByteSpan value);
  Status delete_typed(ByteSpan key);

  Status put_register(CellPath path, ByteSpan value);
  Status remove_register(const CellPath& path);
  Status clear_key(std::string_view table, ByteSpan key);

  // kWrongType when the key reads as something else than a presence of kind `asked`, after this draft.
  Status check_presence(std::string_view table, ByteSpan key, CellKind asked);
  // The same for a key that has no cell of kind `asked`, which stands above sets and flags.
  Status check_no_presence(std::string_view table, ByteSpan key, CellKind asked);
  // Whether a register cell is there, and which presence a key has, after this draft.
  Result<bool> present(const CellPath& path);
  Result<std::optional<CellKind>> any_presence(std::string_view table, ByteSpan key);

  // The op of this draft that writes `path`; valid until the next op is added.
  Op* find_op(const CellPath& path);
  void push(const CellPath& path, Op op);
  // What a register holds after this draft: nothing when absent.
  Result<std::optional<Bytes>> resolved(const CellPath& path, bool payload_order);
  // Whether the key, or the row, exists after this draft.
  Result<bool> key_present(std::string_view table, ByteSpan key);
  Result<bool> row_present(std::string_view table, ByteSpan key);
  Result<std::int64_t> present_columns(const Mutation& mutation);
  // A counter as this draft leaves it.
  Result<crdt::Counter> counter_after(const CellPath& path);

  Dot dot_;
  const VersionVector& observed_;
  store::Cells& cells_;
  TypedPayloadParser& parser_;
  std::vector<Op> ops_;
  std::map<CellPath, std::size_t> index_;            // path → its op in ops_
  std::map<CellPath, crdt::Counter> counters_;       // as this draft leaves them
  std::set<std::pair<std::string, Bytes>> cleared_;  // (table, key) without what was there before this draft
  std::optional<std::int64_t> counter_value_;
  std::uint64_t malformed_payloads_ = 0;
  bool keeps_results_ = false;
  std::vector<std::int64_t> results_;
};

}  // namespace pando::engine
