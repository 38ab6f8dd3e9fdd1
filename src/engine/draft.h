// engine/draft.h — decide: mutations become the ops of one commit, each seeing those before it.
//
// Runs once, at the origin. The ops say what was seen (dots replaced, totals reached), so that evolving them
// anywhere, in any order with concurrent ones, gives the same state. Two mutations of one cell fold into one
// op, the later one winning. A key of table `kv` with an `lww:` or `counter:` prefix and a well-formed payload
// also feeds the namespace's part of its merge group (engine/typed_payload.h), in cells of table `.merge`.
//
// A draft is made, filled and taken within one step; on any failure it is dropped whole and nothing happened.
//
// How a type is decided: by an overload of decide() that reads through the draft (value_after(), has(), …) and
// writes through it (put(), remove(), count(), clear()). A draft keeps the two in step: what it wrote is what it
// reads. A key whose time had run out is cleared before the first mutation of it, and absent from then on.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/escrow_part.h"
#include "engine/transactions.h"
#include "engine/typed_payload.h"
#include "engine/view.h"
#include "model/once.h"
#include "model/op.h"
#include "model/reply.h"

namespace pando::engine {

class ListEdit;

class Draft {
 public:
  // `dot` is what the commit will be called; the view's cells are those before it.
  Draft(Dot dot, const View& view, TypedPayloadParser& parser)
      : dot_(std::move(dot)), observed_(view.cells().context()), view_(view), parser_(parser) {}

  // kInvalidArgument / kTooLarge (names the limit), kWrongType, kOutOfRange (overflow), or a store failure.
  Status add(const Mutation& mutation);

  // Puts whole chunks of `upload` into the draft and keeps the rest for later; with `last`, that too.
  Status stage(Upload& upload, ByteSpan data, bool last);
  // Makes a completely staged upload the object `upload.key`.
  Status publish(const Upload& upload);
  // Removes staged chunks that will never be published.
  Status discard_upload(ByteSpan upload);
  Status delete_lob(ByteSpan key);

  // Before an add(): also find out what DoneReply::results and ::returned tell.
  void keep_results(bool keep = true) { keeps_results_ = keep; }
  // Before the first add(): also find out what counted() tells.
  void keep_counted() { keeps_counted_ = true; }
  bool keeps_counted() const { return keeps_counted_; }
  std::vector<std::int64_t> take_results() { return std::move(results_); }
  // May be shorter: the last ones gave nothing back.
  std::vector<std::vector<Bytes>> take_returned() { return std::move(returned_); }

  // Several independent changes in one commit: what is added after settle() is about keys that nothing before it is
  // about, and drop() takes it back after a failure. Not with keep_counted().
  void settle();
  void drop();
  // So many small changes are expected.
  void expect(std::size_t ops) { ops_.reserve(ops); }

  bool empty() const { return ops_.empty(); }
  bool writes_kind(CellKind kind) const;
  const std::vector<Op>& ops() const { return ops_; }
  std::vector<Op> take_ops() { return std::move(ops_); }
  // The value here after the last kAdd or kReset, when there was one.
  std::optional<std::int64_t> counter_value() const { return counter_value_; }
  // Before an add(): presences that are there and that nobody else has seen are not put again.
  void leave_unshared(bool leave) { leaves_unshared_ = leave; }
  // The latest commit by which one was there. Whoever has seen that one sees what this draft was to do.
  const std::optional<Dot>& stands_on() const { return stands_on_; }
  // What the last mutation answers beside that it was done, when there is such.
  std::optional<ReplyBody> take_answer() { return std::exchange(answer_, std::nullopt); }
  // After a failure: what there is to say beside its sentence.
  Refusal take_refusal() { return std::exchange(refusal_, std::monostate()); }
  // Rights that were asked for and are not here, whether the draft is taken or not.
  std::vector<EscrowDemand> take_demands() { return std::move(demands_); }
  // With keep_counted(): what it adds to counters and nothing in it takes away again, by path.
  std::vector<Once::Counted> counted() const;
  // The same of what it chose by place, and of rights it used.
  std::vector<Once::Changed> changed() const;
  const std::vector<Once::Used>& used() const { return used_; }
  // Typed keys whose payload was not one: stored as plain bytes.
  std::uint64_t malformed_payloads() const { return malformed_payloads_; }

  // For decide(). --------------------------------------------------------------------------------------------

  const Dot& dot() const { return dot_; }
  View& view() { return view_; }
  const TableDeclaration& table(std::string_view name) const { return view_.table(name); }

  // What cells hold after this draft. A counter without slots is empty; find it by has() when absence matters.
  Result<std::optional<Bytes>> value_after(const CellPath& path);
  // All concurrent values; of one that this draft writes, its value alone.
  Result<crdt::Register> register_after(const CellPath& path);
  Result<crdt::Counter> counter_after(const CellPath& path);
  // Its number; nothing when it reads as absent.
  Result<std::optional<Int128>> number_after(const CellPath& path);
  // A register or presence that is there, a guard that is on, a counter that does not read as absent.
  Result<bool> has(const CellPath& path);
  Result<std::optional<ValueType>> type_of(std::string_view table, ByteSpan key);
  // kWrongType unless the key is absent or reads as `asked`.
  Status check_type(std::string_view table, ByteSpan key, ValueType asked);
  // The elements of one kind of a key that are there after this draft, in order, strictly after `after`.
  Result<std::vector<Bytes>> elements_after(std::string_view table, ByteSpan key, CellKind kind, ByteSpan prefix,
                                            ByteSpan after, std::size_t count_max);
  // When the key, or one field of a row, ends after this draft; nothing, or kNeverExpires, when it does not.
  Result<std::optional<std::int64_t>> ends_after(std::string_view table, ByteSpan key, ByteSpan field = {});
  // `at_ms` may be kNeverExpires: then that stands against concurrent ends.
  Status set_end(std::string_view table, ByteSpan key, ByteSpan field, std::int64_t at_ms);
  // Takes away an end, as a write does that says nothing of one. It is not removed but replaced by "never", which
  // outlasts an end that another site sets at once; where there never was one, nothing is written.
  Status take_end(std::string_view table, ByteSpan key, ByteSpan field = {});
  // Of a key that is going away: removes its end, and leaves those of its fields.
  Status drop_end(std::string_view table, ByteSpan key);
  // A key whose time had run out begins anew: what this site has seen of it is taken away, if add() has not done so.
  Status begin_anew(std::string_view table, ByteSpan key) { return revive(table, key); }
  // The same for one field of it (model/field_end.h). Not to be called for one that has not ended.
  void begin_field_anew(std::string_view table, ByteSpan key, ByteSpan field);
  // True when this draft took away what was there before it.
  bool cleared(const CellPath& path) const;
  // True when this draft writes or removes that very cell.
  bool wrote(const CellPath& path) const { return find_op(path) != nullptr; }
  // A list as this draft leaves it; valid until the draft clears something.
  Result<ListEdit*> list(std::string_view table, ByteSpan key);
  // What this draft does to cells of one kind of a key, by element: their new value, or nothing for those it
  // removes. For types that lay it over an index of what was there before.
  std::map<Bytes, std::optional<Bytes>> written(std::string_view table, ByteSpan key, CellKind kind) const;

  // The last element of one kind of a key that this draft puts.
  std::optional<Bytes> last_put(std::string_view table, ByteSpan key, CellKind kind) const;

  // What there is of a cell where that is nothing but what the cells hold, null for absent: this draft has not written
  // it and nothing in its table ends. Nothing elsewhere. Borrowed until the next look at a cell.
  Result<std::optional<const crdt::Register*>> find_plainly(const store::CellName& name);
  // In place of what has the dots `replaces`, of which it is known that this draft has not written it.
  void put_over(const store::CellName& name, ByteSpan value, std::vector<Dot> replaces) {
    PutOp& op = add_put(name);
    op.value = value;
    op.replaces = std::move(replaces);
  }
  // put() of an element of a key of that type, and whether it was there before. kWrongType where the key is of another;
  // with one element of its own there (`checked` from then on) there is nothing to look for. May leave a presence as it
  // is: leave_unshared().
  Result<bool> put_element(const store::CellName& name, ByteSpan value, ValueType type, bool& checked);
  // Registers and presences (then `value` is empty). Everything this site sees there is replaced.
  Status put(CellPath path, ByteSpan value);
  // The same for a cell that cannot be there yet: its element names this very commit.
  void put_new(const store::CellName& name, Bytes value) { add_put(name).value = std::move(value); }
  Status remove(const CellPath& path);
  // Of a register's entries only these. Nothing else in the draft writes it. `dots` is sorted, not empty.
  void remove_entries(const CellPath& path, std::vector<Dot> dots) { push(RemoveOp{path, std::move(dots)}); }
  Status count(CellPath path, Int128 delta);
  // Takes away what was counted as seen here.
  Status reset(const CellPath& path);
  // Gives up the slots of this origin in a counter that reads as absent: engine/retire.h. Before anything else is
  // written to the key.
  Status give_up(const CellPath& path);
  // Takes away the cells of a key, of the kinds in the mask (0: all) and below the element prefix, counters
  // included. One op, and one more per counter that is not zero.
  Status clear(std::string_view table, ByteSpan key, std::uint32_t kinds = 0, ByteSpan prefix = {});

  // Clears a key whose time has run out, also one that others may hold still and this site has freed: what is written
  // to it after that does not end with it. Done for the key of every mutation, and for no other.
  Status revive(std::string_view table, ByteSpan key);

  // One more mutation as a part of the one being decided: the rules of its own key and type hold. What it tells.
  struct Told {
    std::int64_t result = 0;
    std::vector<Bytes> returned = {};
  };
  Result<Told> also(const Mutation& mutation);

  // With keep_counted(): `path` is about to be changed because of where it stands or what was there, see Once::Changed.
  // Of several calls for a cell the first counts.
  void note_changed(const CellPath& path, ByteSpan item, std::optional<Bytes> before) {
    if (keeps_counted_) changed_.try_emplace(path, Once::Changed{path, Bytes(item), std::move(before), false});
  }
  void note_used(Once::Used used) {
    if (keeps_counted_) used_.push_back(std::move(used));
  }

  // What this mutation tells its client: see DoneReply.
  void set_result(std::int64_t number) {
    if (keeps_results_) results_.back() = number;
  }
  // For one that is not part of a list.
  void answer(ReplyBody body) { answer_ = std::move(body); }
  void explain(Refusal refusal) { refusal_ = std::move(refusal); }
  void demand(EscrowDemand demand) { demands_.push_back(std::move(demand)); }
  void give_back(Bytes text) {
    if (!keeps_results_) return;
    returned_.resize(results_.size());
    returned_.back().push_back(std::move(text));
  }
  bool gives_back() const { return keeps_results_; }
  // After an add() that keeps results: whether it gave something back.
  bool gave_back() const {
    return !results_.empty() && returned_.size() == results_.size() && !returned_.back().empty();
  }

 private:
  struct Part {
    std::uint32_t kinds = 0;
    Bytes prefix = {};
    bool forgets = false;  // ClearOp::forget_counters
    bool exact = false;
  };

  Status change(const Mutation& mutation);
  Status decide_kind(const Mutation& mutation);
  // What a write makes of the end of its key.
  Status follow_end(const Mutation& mutation);
  // Before a cell is written that was not there: a field it lies in that has ended begins anew, and so does the
  // outermost of those of which nothing is here, where this site has freed fields and others may hold it still.
  Status revive_field(const CellPath& path);
  // True when nothing may be left of what the key was before.
  Result<bool> is_over(std::string_view table, ByteSpan key);
  // Takes revive() back when nothing came after it.
  void forgo_revival(std::string_view table, ByteSpan key, std::size_t ops_before);
  Status put_value(const Mutation& mutation);
  // What else the key holds goes, before a value takes its place.
  Status give_way(const Mutation& mutation);
  Status put_columns(const Mutation& mutation);
  // Rows stand in their table alone, and beside other types in all others.
  Status check_row(std::string_view table, ByteSpan key);
  Status delete_columns(const Mutation& mutation);
  Status delete_key(std::string_view table, ByteSpan key);
  Status add_to_counter(const Mutation& mutation);
  // Sets counter_value() to what was counted.
  Status tell(const Result<const crdt::Counter*>& counted);
  Status add_decimal(const Mutation& mutation);
  // A decimal that is a whole number, to a counter of those.
  Status add_units_to_counter(const Mutation& mutation);
  // With `convert`: what the key held becomes a decimal counter.
  Status decimal_from(const Mutation& mutation);
  // With `convert`: a decimal counter that is a whole number becomes a counter of those.
  Status count_from_decimal(const Mutation& mutation);
  Status change_members(const Mutation& mutation);
  Status change_flag(const Mutation& mutation);
  // The key becomes a counter, or the register "0" (a counter that never counted would not exist).
  Status count_from(const Mutation& mutation, ByteSpan value);
  Status reset_counter(std::string_view table, ByteSpan key);
  Status put_typed(ByteSpan key, ByteSpan value);
  Status delete_typed(ByteSpan key);

  // counter_after() without a copy: borrowed until the next change, null where nothing was ever counted.
  Result<const crdt::Counter*> find_counter_after(const CellPath& path);
  // count(), and the counter as it is then, borrowed until the next change.
  Result<const crdt::Counter*> count_to(CellPath path, Int128 delta);
  // The same after find_counter_after(path), which found `before`.
  Result<const crdt::Counter*> count_on(CellPath path, const crdt::Counter* before, Int128 delta);
  Result<const crdt::Counter*> add_to(const CellPath& path, crdt::Counter& counter, Int128 delta);
  // The same for the first op of its key, with counter_value(): the counter itself is made when somebody asks for it.
  Status count_first(const store::CellName& name, const crdt::Counter& before, Int128 delta);
  Status fold_first_count();

  bool stays_by_itself(const crdt::Register& presence);

  // Looking at each op is faster than the index.
  bool is_small() const { return ops_.size() - settled_ <= 16; }
  // Nothing of this draft is about the key at hand.
  bool fresh() const { return ops_.size() == settled_; }
  // All ops by path. Small drafts do without it.
  const std::map<CellPath, std::size_t>& index() const;
  // After ops were taken out.
  void forget_index();
  // The op of this draft that writes `path`; valid until the next op is added.
  const Op* find_op(const CellPath& path) const;
  bool wrote_of(const store::CellName& name) const;
  // Whether the key held nothing but that type before this draft, as far as that is remembered.
  bool held_only(std::string_view table, ByteSpan key, ValueType type);
  Op* find_op(const CellPath& path) { return const_cast<Op*>(std::as_const(*this).find_op(path)); }
  // True when it is certain without a look that the key has nothing, before this draft and in it.
  bool is_new(std::string_view table, ByteSpan key) const { return fresh() && !view_.cells().may_have(table, key); }
  // Whether every op of this draft on a key is of that type's cells.
  bool writes_only(std::string_view table, ByteSpan key, ValueType type) const;
  void push(Op&& op);
  // In its place: a put is made for almost every write.
  PutOp& add_put(const store::CellName& name);
  void note_counted(const CellPath& path, const crdt::Counter& before, const CountOp& op);
  void drop_ops_of(std::string_view table, ByteSpan key, std::uint32_t kinds, ByteSpan prefix);
  // Whether this draft forgets what the counters of the key had counted.
  bool forgotten(const CellPath& path) const;
  // Whether the key, or the row, exists after this draft.
  Result<bool> key_present(std::string_view table, ByteSpan key);
  Result<bool> row_present(std::string_view table, ByteSpan key);
  Result<std::int64_t> present_columns(const Mutation& mutation);
  // value_after() of a cell of table `.merge`: the payload that counts.
  Result<std::optional<Bytes>> payload_after(const CellPath& path);

  Dot dot_;
  const VersionVector& observed_;
  View view_;
  TypedPayloadParser& parser_;
  std::vector<Op> ops_;
  std::size_t settled_ = 0;  // so many of ops_ are about other keys than those behind them, and than all below
  mutable std::map<CellPath, std::size_t> index_;  // path → its op in ops_, of the first indexed_ ops
  mutable std::size_t indexed_ = 0;
  // What writes_only() last found to be so, of the ops up to there. They only change in place, or forget_index().
  struct OnlyType {
    std::string table;
    Bytes key;
    ValueType type = ValueType::kValue;
    std::size_t ops = 0;
  };
  mutable OnlyType only_;
  OnlyType held_;  // the same of what there was before this draft; ops: 1 when it says something
  std::map<CellPath, crdt::Counter> counters_;  // as this draft leaves them
  std::optional<std::size_t> first_count_;      // the op of count_first(), while counters_ does not have it
  std::map<CellPath, Once::Counted> counted_;
  std::map<CellPath, Once::Changed> changed_;
  std::vector<Once::Used> used_;
  // Of (table, key): parts without what was there before this draft. One with no kinds and no prefix is all of it.
  std::map<std::pair<std::string, Bytes>, std::vector<Part>> cleared_;
  std::set<std::pair<std::string, Bytes>> looked_at_;  // keys known to be within their time, or cleared for it
  std::map<std::pair<std::string, Bytes>, std::shared_ptr<ListEdit>> lists_;
  std::uint32_t list_places_ = 0;  // positions made in lists
  bool writes_ends_ = false;       // some op puts an end
  std::optional<std::int64_t> counter_value_;
  std::uint64_t malformed_payloads_ = 0;
  bool declined_ = false;  // the mutation at hand changes nothing: its condition is not met
  bool keeps_results_ = false;
  bool keeps_counted_ = false;
  bool leaves_unshared_ = false;
  std::optional<Dot> stands_on_;
  std::vector<std::int64_t> results_;
  std::vector<std::vector<Bytes>> returned_;  // not longer than results_: behind it nobody gave anything back
  std::optional<ReplyBody> answer_;
  Refusal refusal_;
  std::vector<EscrowDemand> demands_;
};

// A mutation without a detail.
Status decide(Draft& draft, const Mutation& mutation, std::monostate);
Status decide(Draft& draft, const Mutation& mutation, const DeleteTyped& typed);
Status decide(Draft& draft, const Mutation& mutation, const PutObject& object);

}  // namespace pando::engine
