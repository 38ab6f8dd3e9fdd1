#include "engine/bounded.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"
#include "engine/escrow_policy.h"
#include "engine/limiter.h"
#include "store/cell_cursor.h"

namespace pando::engine {
namespace {

constexpr std::uint64_t kTotalMax = static_cast<std::uint64_t>(INT64_MAX);

Status invalid(std::string text) { return Status(StatusCode::kInvalidArgument, std::move(text)); }

Status check_amount(std::uint64_t amount) {
  if (amount >= 1 && amount <= kTotalMax) return {};
  return invalid(fmt::format("the amount is {}, it must be 1 to {}", amount, kTotalMax));
}

std::string text_of(const Bounds& bounds) {
  return fmt::format("lower {}, upper {}, initial {}", bounds.lower ? std::to_string(*bounds.lower) : "none",
                     bounds.upper ? std::to_string(*bounds.upper) : "none", bounds.initial);
}

Rights rights_of(const Escrow& escrow, const Origin& origin) {
  Rights rights;
  for (const Way way : {Way::kTake, Way::kGive}) {
    if (const auto free = escrow.rights(origin, way)) rights[index_of(way)] = clamp_u64(*free);
  }
  return rights;
}

// One counter as this draft changes it.
class Desk {
 public:
  // kNotFound when nothing is declared there.
  static Result<Desk> open(Draft& draft, const Mutation& mutation) {
    PANDO_RETURN_IF_ERROR(draft.check_type(mutation.table, mutation.key, ValueType::kBounded));
    const EscrowKey where{mutation.table, mutation.key};
    Result<std::optional<Escrow>> escrow = Escrow::load(draft, where);
    if (!escrow) return fail(escrow.error());
    if (!*escrow) {
      return fail(StatusCode::kNotFound,
                  fmt::format("no bounded counter \"{}\" is declared here; declare it first", mutation.key));
    }
    Desk desk(draft, where, **std::move(escrow));
    PANDO_RETURN_IF_ERROR(desk.return_expired());
    return desk;
  }
  Desk(Draft& draft, EscrowKey where, Escrow escrow)
      : draft_(&draft), where_(std::move(where)), escrow_(std::move(escrow)), before_(part()) {}

  const Origin& self() const { return draft_->dot().origin; }
  Escrow& escrow() { return escrow_; }
  EscrowPart& part() { return escrow_.part(self()); }
  const Dot& incarnation() const { return escrow_.incarnation().dot; }

  // Takes out this site's reservations whose time is up.
  Status return_expired() {
    const Bytes prefix = hold_prefix(incarnation(), self());
    const auto names =
        draft_->elements_after(where_.table, where_.key, CellKind::kBound, prefix, {}, limits::kReservationsReturned);
    if (!names) return names.error();
    for (const Bytes& element : *names) {
      const std::optional<HoldName> name = parse_hold(element);
      if (!name) continue;
      if (name->reservation.expires_at_ms > draft_->view().now_ms()) {
        next_expiry_ms_ = name->reservation.expires_at_ms;
        break;
      }
      PANDO_RETURN_IF_ERROR(let_go(name->reservation, false));
    }
    return {};
  }
  std::optional<std::int64_t> next_expiry_ms() const { return next_expiry_ms_; }

  // Ends a reservation that is there; with `commit`, uses what it holds.
  Status let_go(const ReservationName& name, bool commit) {
    const CellPath path = escrow_path(where_, hold_element(incarnation(), name));
    const Result<std::optional<Bytes>> bytes = draft_->value_after(path);
    if (!bytes) return bytes.error();
    const Result<EscrowHold> hold = decode_escrow_hold(bytes->value_or(Bytes()));
    if (!hold) return hold.error().with_context(fmt::format("reservation {}", to_string(name)));
    const std::size_t way = index_of(hold->way);
    part().held[way] -= std::min(part().held[way], hold->amount);
    if (commit) {
      PANDO_RETURN_IF_ERROR(use(hold->way, hold->amount));
    } else {
      came_free(hold->way, hold->amount);
    }
    return draft_->remove(path);
  }

  // Rights in hand. kOutOfRange with all there is to know when they do not suffice.
  Status check_rights(Way way, std::uint64_t amount) {
    const std::optional<Int128> free = escrow_.rights(self(), way);
    if (!free || *free >= Int128{amount}) return {};
    BoundRefusal refusal;
    refusal.way = way;
    refusal.asked = amount;
    refusal.here = clamp_u64(*free);
    refusal.held = part().held[index_of(way)];
    refusal.value = escrow_.value();
    Int128 elsewhere = 0;
    for (const Origin& origin : escrow_.origins()) {
      const Int128 there = origin == self() || escrow_.locked(origin) ? 0 : *escrow_.rights(origin, way);
      if (there <= 0) continue;
      elsewhere += there;
      refusal.elsewhere.emplace_back(origin, clamp_u64(there));
    }
    Status status(StatusCode::kOutOfRange,
                  fmt::format("cannot {} {} of \"{}\": {} free here, {} at other sites{}", name_of(way), amount,
                              where_.key, refusal.here, clamp_u64(elsewhere),
                              *free + elsewhere >= Int128{amount} ? ", asked for; try again shortly" : ""));
    draft_->explain(std::move(refusal));
    draft_->demand({where_, way, amount});
    return status;
  }

  // Rights are there. kOutOfRange when a total would leave 63 bits.
  Status use(Way way, std::uint64_t amount) {
    const Int128 value = escrow_.value() + (way == Way::kTake ? -Int128{amount} : Int128{amount});
    if (part().used[index_of(way)] > kTotalMax - amount || value < INT64_MIN || value > INT64_MAX) {
      return Status(StatusCode::kOutOfRange, fmt::format("cannot {} {} of \"{}\": its numbers would leave 64 bits",
                                                         name_of(way), amount, where_.key));
    }
    part().used[index_of(way)] += amount;
    came_free(opposite(way), amount);
    return {};
  }

  // Rights that came free here answer this site's own question first: what was asked for is asked no longer.
  void came_free(Way way, std::uint64_t amount) {
    const std::uint64_t received = clamp_u64(escrow_.received(self(), way));
    for (std::uint64_t* asked : {&part().wanted[index_of(way)], &part().urgent[index_of(way)]}) {
      if (*asked > received) *asked -= std::min(*asked - received, amount);
    }
  }

  // Asks for more of what there is too little of. True when it asked for what was asked before.
  bool ask(Way way, std::uint64_t need) {
    const std::vector<Stake> stakes = stakes_of(escrow_, self(), way);
    const std::optional<Question> asked = question(stakes, self(), need);
    if (asked) {
      const Int128 received = escrow_.received(self(), way);
      part().wanted[index_of(way)] = clamp_u64(received + asked->wants);
      part().urgent[index_of(way)] = clamp_u64(received + asked->urgent);
      return false;
    }
    const auto mine = std::find_if(stakes.begin(), stakes.end(), [&](const Stake& s) { return s.origin == self(); });
    return mine->wants > 0;
  }

  bool waiting(Way way) const {
    return Int128{escrow_.part(self()).urgent[index_of(way)]} > escrow_.received(self(), way);
  }

  // Gives what others lack.
  void give() {
    for (const Way way : {Way::kTake, Way::kGive}) {
      if (!escrow_.incarnation().declaration.rights(way)) continue;
      for (const auto& [to, amount] : answers(stakes_of(escrow_, self(), way), self())) {
        const std::uint64_t given = std::min(amount, clamp_u64(*escrow_.rights(self(), way)));
        if (given > 0) (void)part().grant(to, way, given);  // past 64 bits of grants to one site: no more of them
      }
    }
  }

  // Writes this site's part if it changed.
  Status finish() {
    if (part() == before_) return {};
    const Status status =
        draft_->put(escrow_path(where_, part_element(where_.subject, incarnation(), self())), encode(part()));
    before_ = part();
    return status;
  }

  void answer(BoundedDoneReply reply = {}) {
    reply.value = escrow_.value();
    reply.here = rights_of(escrow_, self());
    draft_->set_result(reply.value);
    draft_->answer(std::move(reply));
  }

  // After a use: what is low is asked for within the same commit.
  Status finish_use(Way way, BoundedDoneReply reply = {}) {
    if (escrow_.incarnation().declaration.rights(way)) (void)ask(way, 0);
    PANDO_RETURN_IF_ERROR(finish());
    answer(std::move(reply));
    return {};
  }

  Draft& draft() { return *draft_; }
  const EscrowKey& where() const { return where_; }

 private:
  Draft* draft_;
  EscrowKey where_;
  Escrow escrow_;
  EscrowPart before_;
  std::optional<std::int64_t> next_expiry_ms_;
};

}  // namespace

std::vector<Stake> stakes_of(const Escrow& escrow, const Origin& self, Way way) {
  std::vector<Origin> origins = escrow.origins();
  if (!std::binary_search(origins.begin(), origins.end(), self)) {
    origins.insert(std::lower_bound(origins.begin(), origins.end(), self), self);
  }
  std::vector<Stake> stakes;
  for (const Origin& origin : origins) {
    const EscrowPart& part = escrow.part(origin);
    const Int128 received = escrow.received(origin, way);
    Stake stake;
    stake.origin = origin;
    stake.free = escrow.rights(origin, way).value_or(0);
    stake.held = part.held[index_of(way)];
    stake.wants = clamp_u64(part.wanted[index_of(way)] - received);
    stake.urgent = clamp_u64(part.urgent[index_of(way)] - received);
    stake.reminds = part.reminders > 0;
    stake.locked = escrow.locked(origin);
    stakes.push_back(std::move(stake));
  }
  return stakes;
}

Status decide(Draft& draft, const Mutation& mutation, const DeclareBounded& declare) {
  const Bounds& bounds = declare.bounds;
  PANDO_RETURN_IF_ERROR(draft.check_type(mutation.table, mutation.key, ValueType::kBounded));
  if (!bounds.lower && !bounds.upper) return invalid("a bounded counter needs a lower or an upper bound");
  if (bounds.initial < bounds.lower.value_or(INT64_MIN) || bounds.initial > bounds.upper.value_or(INT64_MAX)) {
    return invalid(fmt::format("the initial value lies outside of the bounds ({})", text_of(bounds)));
  }
  Result<std::vector<Origin>> sites = origins_of(draft, declare.sites);
  if (!sites) return sites.error();

  const EscrowKey where{mutation.table, mutation.key};
  Result<std::optional<Escrow>> there = Escrow::load(draft, where);
  if (!there) return there.error();
  if (*there) {
    const auto* known = std::get_if<Bounds>(&(*there)->incarnation().declaration.terms);
    if (known == nullptr || *known != bounds) {
      return Status(StatusCode::kConflict,
                    fmt::format("\"{}\" is declared already with {}; delete it first", mutation.key,
                                known == nullptr ? "other terms" : text_of(*known)));
    }
    Desk(draft, where, **std::move(there)).answer();
    return {};
  }
  // Parts that a deletion did not see.
  PANDO_RETURN_IF_ERROR(draft.clear(where.table, where.key, 1U << static_cast<unsigned>(CellKind::kBound)));
  PANDO_RETURN_IF_ERROR(draft.put(escrow_path(where, {}), encode(EscrowDeclaration{bounds, *std::move(sites)})));
  Result<Desk> desk = Desk::open(draft, mutation);
  if (!desk) return desk.error();
  desk->answer();
  return {};
}

Status decide(Draft& draft, const Mutation& mutation, const TryBounded& attempt) {
  PANDO_RETURN_IF_ERROR(check_amount(attempt.amount));
  Result<Desk> desk = Desk::open(draft, mutation);
  if (!desk) return desk.error();
  PANDO_RETURN_IF_ERROR(desk->check_rights(attempt.way, attempt.amount));
  PANDO_RETURN_IF_ERROR(desk->use(attempt.way, attempt.amount));
  draft.note_used({mutation.table, mutation.key, desk->incarnation(), attempt.way, attempt.amount});
  return desk->finish_use(attempt.way);
}

Status decide(Draft& draft, const Mutation& mutation, const ReserveBounded& reserve) {
  PANDO_RETURN_IF_ERROR(check_amount(reserve.amount));
  const std::int64_t ttl_ms = reserve.ttl.millis();
  if (ttl_ms < 1 || ttl_ms > limits::kReservationMsMax) {
    return invalid(fmt::format("a reservation of {} ms; it must be 1 to {}", ttl_ms, limits::kReservationMsMax));
  }
  Result<Desk> desk = Desk::open(draft, mutation);
  if (!desk) return desk.error();
  PANDO_RETURN_IF_ERROR(desk->check_rights(reserve.way, reserve.amount));
  std::uint64_t& held = desk->part().held[index_of(reserve.way)];
  if (held > kTotalMax - reserve.amount) {
    return Status(StatusCode::kOutOfRange, fmt::format("reservations of \"{}\" would leave 64 bits", mutation.key));
  }
  held += reserve.amount;

  ReservationName name{desk->self(), draft.view().now_ms() + ttl_ms, draft.dot().seq, 0};
  for (;; ++name.index) {  // several in one commit
    const Result<bool> taken = draft.has(escrow_path(desk->where(), hold_element(desk->incarnation(), name)));
    if (!taken) return taken.error();
    if (!*taken) break;
  }
  PANDO_RETURN_IF_ERROR(draft.put(escrow_path(desk->where(), hold_element(desk->incarnation(), name)),
                                  encode(EscrowHold{reserve.way, reserve.amount})));
  BoundedDoneReply reply;
  reply.reservation = to_string(name);
  reply.expires_at_ms = name.expires_at_ms;
  draft.give_back(reply.reservation);
  draft.note_used({mutation.table, mutation.key, desk->incarnation(), reserve.way, reserve.amount, reply.reservation});
  return desk->finish_use(reserve.way, std::move(reply));
}

Status decide(Draft& draft, const Mutation& mutation, const SettleBounded& settle) {
  const std::optional<ReservationName> name = parse_reservation(settle.reservation);
  if (!name) return invalid("the reservation is not one that was answered to a reserve");
  const Origin& self = draft.dot().origin;
  if (name->origin != self) {
    return Status(
        StatusCode::kConflict,
        name->origin.node == self.node
            ? fmt::format("reservation {} was made before this site began anew as {}; what it holds stays locked",
                          settle.reservation, to_string(self))
            : fmt::format("reservation {} belongs to site {}; settle it there", settle.reservation,
                          to_string(name->origin)));
  }
  Result<Desk> desk = Desk::open(draft, mutation);
  if (!desk) return desk.error();
  const Result<bool> there = draft.has(escrow_path(desk->where(), hold_element(desk->incarnation(), *name)));
  if (!there) return there.error();
  if (!*there) {
    const bool expired = name->expires_at_ms <= draft.view().now_ms();
    return Status(expired ? StatusCode::kGone : StatusCode::kNotFound,
                  fmt::format("reservation {} {}", settle.reservation,
                              expired ? "has expired, or was settled before" : "is not there: it was settled before"));
  }
  PANDO_RETURN_IF_ERROR(desk->let_go(*name, settle.commit));
  PANDO_RETURN_IF_ERROR(desk->finish());
  desk->answer();
  return {};
}

Status decide(Draft& draft, const Mutation& mutation, const ReclaimBounded& reclaim) {
  Result<Desk> desk = Desk::open(draft, mutation);
  if (!desk) return desk.error();
  const Origin& self = desk->self();
  if (reclaim.from.node != self.node || reclaim.from.epoch >= self.epoch) {
    return invalid(
        fmt::format("{} is no earlier epoch of this site, which is {}", to_string(reclaim.from), to_string(self)));
  }
  EscrowPart::Transfer found{reclaim.from, {}};
  for (const Way way : {Way::kTake, Way::kGive}) {
    // Its reservations with it: whoever made them was told to settle them there, and there is no "there" any more.
    const auto free = desk->escrow().rights(reclaim.from, way);
    if (free) found.amount[index_of(way)] = clamp_u64(*free + desk->escrow().part(reclaim.from).held[index_of(way)]);
  }
  std::vector<EscrowPart::Transfer>& all = desk->part().reclaimed;
  const auto at = std::lower_bound(all.begin(), all.end(), found.origin,
                                   [](const auto& transfer, const Origin& origin) { return transfer.origin < origin; });
  if (at != all.end() && at->origin == found.origin) {
    for (std::size_t way = 0; way < kWays; ++way) {
      at->amount[way] = clamp_u64(Int128{at->amount[way]} + found.amount[way]);
    }
  } else if (found.amount != decltype(found.amount){}) {
    all.insert(at, std::move(found));
  }
  PANDO_RETURN_IF_ERROR(desk->finish());
  desk->answer();
  return {};
}

Status take_back(Draft& draft, const Once::Used& used) {
  Mutation about;
  about.table = used.table;
  about.key = used.key;
  Result<Desk> desk = Desk::open(draft, about);
  // Deleted meanwhile, or begun anew: what it used is no part of what is there.
  if (!desk && (desk.error().code() == StatusCode::kNotFound || desk.error().code() == StatusCode::kWrongType))
    return {};
  if (!desk) return desk.error();
  if (desk->incarnation() != used.incarnation) return {};
  if (used.reservation.empty()) {
    const Way back = opposite(used.way);
    PANDO_RETURN_IF_ERROR(desk->check_rights(back, used.amount));
    PANDO_RETURN_IF_ERROR(desk->use(back, used.amount));
    return desk->finish_use(back);
  }
  const std::optional<ReservationName> name = parse_reservation(used.reservation);
  if (!name || name->origin != desk->self()) return {};
  const Result<bool> there = draft.has(escrow_path(desk->where(), hold_element(desk->incarnation(), *name)));
  if (!there) return there.error();
  if (!*there) return {};
  PANDO_RETURN_IF_ERROR(desk->let_go(*name, false));
  return desk->finish();
}

Result<EscrowUpkeep> keep_up(Draft& draft, const EscrowKey& where, const EscrowDemand* demand) {
  EscrowUpkeep upkeep;
  Result<std::optional<Escrow>> escrow = Escrow::load(draft, where);
  if (!escrow) return fail(escrow.error());
  if (!*escrow) {
    // Of an incarnation that was deleted while this site still counted in it.
    const auto left =
        draft.elements_after(where.table, where.key, CellKind::kBound, {}, {}, limits::kReservationsReturned);
    if (!left) return fail(left.error());
    for (const Bytes& element : *left) {
      const auto part = parse_part(element);
      const auto hold = parse_hold(element);
      const bool own =
          (part && part->origin == draft.dot().origin) || (hold && hold->reservation.origin == draft.dot().origin);
      if (own) PANDO_RETURN_IF_ERROR(draft.remove(escrow_path(where, element)));
    }
    return upkeep;
  }
  if (std::holds_alternative<LimiterTerms>((*escrow)->incarnation().declaration.terms)) {
    return keep_up_limiter(draft, where, **escrow);
  }
  Desk desk(draft, where, **std::move(escrow));
  PANDO_RETURN_IF_ERROR(desk.return_expired());
  if (demand != nullptr && desk.ask(demand->way, demand->amount)) ++desk.part().reminders;
  desk.give();
  // What expires then is free for all to see, and to ask for.
  upkeep.look_again_at_ms = desk.next_expiry_ms();
  for (const Way way : {Way::kTake, Way::kGive}) upkeep.waiting[index_of(way)] = desk.waiting(way);
  PANDO_RETURN_IF_ERROR(desk.finish());
  return upkeep;
}

Result<std::uint64_t> hand_over(Draft& draft, const EscrowKey& where, const std::vector<Origin>& to) {
  Result<std::optional<Escrow>> escrow = Escrow::load(draft, where);
  if (!escrow) return fail(escrow.error());
  if (!*escrow || !std::holds_alternative<Bounds>((*escrow)->incarnation().declaration.terms)) {
    PANDO_RETURN_IF_ERROR(keep_up(draft, where, nullptr));
    return 0;
  }
  Desk desk(draft, where, **std::move(escrow));
  PANDO_RETURN_IF_ERROR(desk.return_expired());
  Int128 left = 0;
  for (const Way way : {Way::kTake, Way::kGive}) {
    EscrowPart& part = desk.part();
    if (!desk.escrow().incarnation().declaration.rights(way)) continue;
    const std::uint64_t received = clamp_u64(desk.escrow().received(desk.self(), way));
    part.wanted[index_of(way)] = std::min(part.wanted[index_of(way)], received);
    part.urgent[index_of(way)] = std::min(part.urgent[index_of(way)], received);
    std::uint64_t free = clamp_u64(*desk.escrow().rights(desk.self(), way));
    for (std::size_t i = 0; i < to.size() && free > 0; ++i) {
      const std::size_t those_left = to.size() - i;
      const std::uint64_t share = free / those_left + (free % those_left > 0 ? 1 : 0);
      if (part.grant(to[i], way, share)) free -= share;
    }
    left += Int128{free} + part.held[index_of(way)];
  }
  PANDO_RETURN_IF_ERROR(desk.finish());
  return clamp_u64(left);
}

Result<std::uint64_t> rights_held(View& view, const Origin& self, const EscrowKey& where, std::string_view node) {
  const Result<std::optional<Escrow>> escrow = Escrow::load(view, self, where);
  if (!escrow) return fail(escrow.error());
  if (!*escrow || !std::holds_alternative<Bounds>((*escrow)->incarnation().declaration.terms)) return 0;
  Int128 held = 0;
  for (const Origin& origin : (*escrow)->origins()) {
    if (origin.node != node || (*escrow)->locked(origin)) continue;
    for (const Way way : {Way::kTake, Way::kGive}) {
      const std::optional<Int128> free = (*escrow)->rights(origin, way);
      if (free) held += std::max(*free, Int128{0}) + (*escrow)->part(origin).held[index_of(way)];
    }
  }
  return clamp_u64(held);
}

namespace {

// Rights of reservations whose time is up: the next write here takes them out.
Status add_expired(View& view, const Escrow& escrow, const Origin& self, const EscrowKey& where, Rights& rights) {
  const Bytes prefix = hold_prefix(escrow.incarnation().dot, self);
  store::CellCursor at = view.cells().scan_elements(where.table, where.key, CellKind::kBound, prefix, {});
  for (std::size_t i = 0; at.valid() && i < limits::kReservationsReturned; at.next(), ++i) {
    const std::optional<HoldName> name = parse_hold(at.path().element);
    if (!name || name->reservation.expires_at_ms > view.now_ms()) break;
    const auto* entry = at.cell().reg().resolve();
    const auto hold = decode_escrow_hold(entry == nullptr ? ByteSpan() : ByteSpan(entry->value));
    if (!hold) continue;
    std::optional<std::uint64_t>& free = rights[index_of(hold->way)];
    if (free) free = clamp_u64(Int128{*free} + hold->amount);
  }
  return view.note(at);
}

}  // namespace

Result<ReplyBody> read(View& view, const GetBoundedRequest& request) {
  PANDO_RETURN_IF_ERROR(check_name(request.table, request.key));
  PANDO_RETURN_IF_ERROR(view.check_type(request.table, request.key, ValueType::kBounded));
  const Origin self = view.cells().meta().self;
  const Result<std::optional<Escrow>> escrow = Escrow::load(view, self, {request.table, request.key});
  if (!escrow) return fail(escrow.error());
  BoundedReply reply;
  if (!*escrow) return reply;
  const Escrow& found = **escrow;
  const auto* bounds = std::get_if<Bounds>(&found.incarnation().declaration.terms);
  if (bounds == nullptr) return reply;
  reply.found = true;
  reply.incarnation = found.incarnation().dot;
  reply.bounds = *bounds;
  reply.value = found.value();
  reply.here = rights_of(found, self);
  PANDO_RETURN_IF_ERROR(add_expired(view, found, self, {request.table, request.key}, reply.here));
  for (const Origin& origin : found.origins()) {
    const EscrowPart& part = found.part(origin);
    reply.sites.push_back({origin, rights_of(found, origin), part.held, part.used, found.locked(origin)});
  }
  for (const Escrow& lost : found.lost()) {
    const auto* terms = std::get_if<Bounds>(&lost.incarnation().declaration.terms);
    if (terms != nullptr) reply.lost.push_back({lost.incarnation().dot, *terms, lost.value()});
  }
  return reply;
}

}  // namespace pando::engine
