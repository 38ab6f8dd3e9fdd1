#include "engine/limiter.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/limits.h"
#include "engine/limiter_meter.h"
#include "engine/read.h"
#include "model/expiry.h"

namespace pando::engine {
namespace {

Status invalid_limiter(std::string text) { return Status(StatusCode::kInvalidArgument, std::move(text)); }

Status check_subject(ByteSpan subject) {
  if (subject.size() <= limits::kSubjectBytesMax) return {};
  return invalid_limiter(
      fmt::format("the subject has {} bytes, the limit is {}", subject.size(), limits::kSubjectBytesMax));
}

Status check_range(std::string_view what, std::uint64_t n, std::uint64_t max) {
  if (n >= 1 && n <= max) return {};
  return invalid_limiter(fmt::format("the {} is {}, it must be 1 to {}", what, n, max));
}

Status check_terms(const LimiterTerms& terms) {
  PANDO_RETURN_IF_ERROR(check_range("limit", terms.limit, limits::kLimiterMax));
  if (terms.per_ms < 1 || terms.per_ms > limits::kLimiterPerMsMax) {
    return invalid_limiter(fmt::format("a span of {} ms; it must be 1 to {}", terms.per_ms, limits::kLimiterPerMsMax));
  }
  if (terms.kind == LimiterTerms::Kind::kBucket) return check_range("rate", terms.rate, limits::kLimiterMax);
  return terms.rate == 0 ? Status() : invalid_limiter("only a bucket has a rate");
}

// Null when what is declared there is no limiter (a peer may write anything).
const LimiterTerms* terms_of(const Escrow& escrow) {
  return std::get_if<LimiterTerms>(&escrow.incarnation().declaration.terms);
}

// What one origin may let through by itself, and whether it is of an epoch that the declaration knows.
struct Share {
  std::uint64_t amount = 0;
  bool known_epoch = true;
};
Share share_of(const Escrow& escrow, const LimiterTerms& terms, const Origin& origin) {
  if (!terms.strict) return {terms.limit, true};
  std::vector<Origin> sites = escrow.incarnation().declaration.sites;
  if (sites.empty()) sites.push_back(escrow.incarnation().dot.origin);
  for (std::size_t place = 0; place < sites.size(); ++place) {
    if (sites[place].node != origin.node) continue;
    // What does not divide goes to the first ones.
    const std::uint64_t more = place < terms.limit % sites.size() ? 1 : 0;
    return {terms.limit / sites.size() + more, sites[place].epoch == origin.epoch};
  }
  return {};
}

LimiterReply reply_of(const Escrow& escrow, const LimiterTerms& terms, const Share& share) {
  LimiterReply reply;
  reply.terms = terms;
  reply.share = share.amount;
  if (!terms.strict) return reply;
  for (const Origin& site : escrow.incarnation().declaration.sites) reply.sites.push_back(site.node);
  return reply;
}

// What a gauge says to `amount` more, when nothing passes before `admitted_at_ms`.
void fill_in(LimiterReply& reply, const LimiterGauge& gauge, std::uint64_t amount, std::int64_t admission_wait_ms) {
  const std::optional<std::int64_t> wait_ms = gauge.wait_ms(amount);
  reply.allowed = wait_ms == 0 && admission_wait_ms <= 0;
  reply.remaining = admission_wait_ms > 0 ? 0 : gauge.free();
  if (reply.allowed) return;
  reply.retry_after_ms = wait_ms ? std::max(*wait_ms, admission_wait_ms) : LimiterReply::kNever;
}

// When a site of an epoch that the declaration does not know may let something pass; nothing where that was not
// written down yet, or by a clock that was ahead.
std::optional<std::int64_t> admitted_at(const std::optional<Bytes>& written, std::int64_t latest_ms) {
  const std::optional<std::int64_t> at_ms = written ? decode_expiry(*written) : std::nullopt;
  return at_ms && *at_ms <= latest_ms ? at_ms : std::nullopt;
}

// How long this site still lets nothing pass.
Result<std::int64_t> admit(Draft& draft, const EscrowKey& where, const Escrow& escrow, const LimiterTerms& terms) {
  const std::int64_t now_ms = draft.view().now_ms();
  const std::int64_t latest_ms = now_ms + memory_ms(terms);
  const CellPath path = escrow_path(where, admission_element(escrow.incarnation().dot, draft.dot().origin));
  const Result<std::optional<Bytes>> written = draft.value_after(path);
  if (!written) return fail(written.error());
  const std::optional<std::int64_t> at_ms = admitted_at(*written, latest_ms);
  if (at_ms) return *at_ms - now_ms;
  PANDO_RETURN_IF_ERROR(draft.put(path, encode_expiry(latest_ms)));
  return latest_ms - now_ms;
}

Bytes subject_prefix(ByteSpan subject) {
  Bytes element(1, kPartElement);
  Writer(element).bytes(subject);
  return element;
}

// Whether a meter is of no use: of an incarnation that is gone, or with nothing in it that still counts. Those of other
// nodes only when that is so by far, as clocks differ.
bool is_spent(const Escrow& escrow, const LimiterTerms& terms, const PartName& name, const EscrowPart& part,
              const Origin& self, std::int64_t now_ms) {
  const bool own = name.origin.node == self.node;
  const bool declared = name.incarnation == escrow.incarnation().dot ||
                        std::any_of(escrow.lost().begin(), escrow.lost().end(),
                                    [&](const Escrow& lost) { return lost.incarnation().dot == name.incarnation; });
  if (!declared) return own;
  const std::int64_t by_ms = own ? now_ms : now_ms - kClockGraceMs;
  const LimiterGauge gauge(terms, share_of(escrow, terms, name.origin).amount, {{name.origin, part}}, name.origin,
                           by_ms);
  return gauge.idle_at_ms() <= by_ms;
}

Status remove_spent(Draft& draft, const EscrowKey& where, const Escrow& escrow, const LimiterTerms& terms,
                    const std::vector<Bytes>& elements) {
  for (const Bytes& element : elements) {
    const std::optional<PartName> name = parse_part(element);
    const Result<std::optional<Bytes>> bytes = draft.value_after(escrow_path(where, element));
    if (!bytes) return bytes.error();
    const Result<EscrowPart> part = decode_escrow_part(bytes->value_or(Bytes()));
    if (!name || !part || draft.wrote(escrow_path(where, element))) continue;
    if (is_spent(escrow, terms, *name, *part, draft.dot().origin, draft.view().now_ms())) {
      PANDO_RETURN_IF_ERROR(draft.remove(escrow_path(where, element)));
    }
  }
  return {};
}

// Looks at a few meters behind `after`, and goes on at the first when it comes to the last. Each new meter looks at
// some, so all the spent ones are found in the end, whatever became of those who would have removed them.
Status sweep(Draft& draft, const EscrowKey& where, const Escrow& escrow, const LimiterTerms& terms, ByteSpan after) {
  const Bytes prefix(1, kPartElement);
  auto elements =
      draft.elements_after(where.table, where.key, CellKind::kBound, prefix, after, limits::kLimiterSweepCells);
  if (!elements) return elements.error();
  PANDO_RETURN_IF_ERROR(remove_spent(draft, where, escrow, terms, *elements));
  if (elements->size() == limits::kLimiterSweepCells) return {};
  elements = draft.elements_after(where.table, where.key, CellKind::kBound, prefix, {},
                                  limits::kLimiterSweepCells - elements->size());
  if (!elements) return elements.error();
  return remove_spent(draft, where, escrow, terms, *elements);
}

// What this site wrote down on its return, under declarations that are gone.
Status remove_old_admissions(Draft& draft, const EscrowKey& where, const Escrow& escrow) {
  const Bytes prefix(1, kAdmissionElement);
  const auto elements = draft.elements_after(where.table, where.key, CellKind::kBound, prefix, {}, limits::kOriginsMax);
  if (!elements) return elements.error();
  for (const Bytes& element : *elements) {
    const auto name = parse_admission(element);
    if (!name || name->second.node != draft.dot().origin.node) continue;
    if (name->first == escrow.incarnation().dot && name->second == draft.dot().origin) continue;
    PANDO_RETURN_IF_ERROR(draft.remove(escrow_path(where, element)));
  }
  return {};
}

// All nodes that ever wrote here, and this one.
std::vector<std::string> known_nodes(Draft& draft) {
  std::set<std::string> nodes{draft.dot().origin.node};
  for (const auto& entry : draft.view().cells().context().entries()) nodes.insert(entry.first.node);
  return {nodes.begin(), nodes.end()};
}

}  // namespace

Status decide(Draft& draft, const Mutation& mutation, const DeclareLimiter& declare) {
  PANDO_RETURN_IF_ERROR(check_terms(declare.terms));
  EscrowDeclaration wanted{declare.terms, {}};
  if (declare.terms.strict) {
    Result<std::vector<Origin>> sites = origins_of(draft, declare.sites.empty() ? known_nodes(draft) : declare.sites);
    if (!sites) return sites.error();
    wanted.sites = *std::move(sites);
  }
  const EscrowKey where{mutation.table, mutation.key};
  const Result<std::optional<Escrow>> there = Escrow::load(draft, where);
  if (!there) return there.error();
  const bool same = *there && (*there)->incarnation().declaration == wanted && (*there)->lost().empty();
  if (!same) {
    PANDO_RETURN_IF_ERROR(draft.clear(where.table, where.key, 1U << static_cast<unsigned>(CellKind::kBound)));
    PANDO_RETURN_IF_ERROR(draft.put(escrow_path(where, {}), encode(wanted)));
  }
  draft.set_result(same ? 0 : 1);
  return {};
}

Status decide(Draft& draft, const Mutation& mutation, const TakeLimited& take) {
  PANDO_RETURN_IF_ERROR(check_subject(take.subject));
  const EscrowKey where{mutation.table, mutation.key, take.subject};
  Result<std::optional<Escrow>> loaded = Escrow::load(draft, where);
  if (!loaded) return loaded.error();
  const LimiterTerms* terms = *loaded ? terms_of(**loaded) : nullptr;
  if (terms == nullptr) {
    return Status(StatusCode::kNotFound,
                  fmt::format("no limiter \"{}\" is declared here; declare it first", mutation.key));
  }
  if (take.amount < 1 || take.amount > terms->limit) {
    return invalid_limiter(
        fmt::format("{} at once; it must be 1 to {}, the limit of \"{}\"", take.amount, terms->limit, mutation.key));
  }
  Escrow& escrow = **loaded;
  const Origin& self = draft.dot().origin;
  const Share share = share_of(escrow, *terms, self);
  Result<std::int64_t> admission_wait_ms = 0;
  if (!share.known_epoch) admission_wait_ms = admit(draft, where, escrow, *terms);
  if (!admission_wait_ms) return admission_wait_ms.error();

  const bool fresh = !escrow.parts().contains(self);
  const LimiterGauge gauge(*terms, share.amount, escrow.parts(), self, draft.view().now_ms());
  LimiterReply reply = reply_of(escrow, *terms, share);
  fill_in(reply, gauge, take.amount, *admission_wait_ms);
  if (reply.allowed || gauge.rewound()) {
    EscrowPart part = escrow.part(self);
    part.meter = gauge.after(reply.allowed ? take.amount : 0);
    if (reply.allowed) reply.remaining -= take.amount;
    const Bytes element = part_element(where.subject, escrow.incarnation().dot, self);
    PANDO_RETURN_IF_ERROR(draft.put(escrow_path(where, element), encode(part)));
    if (fresh) PANDO_RETURN_IF_ERROR(sweep(draft, where, escrow, *terms, element));
  }
  draft.set_result(reply.allowed ? 1 : 0);
  draft.answer(std::move(reply));
  return {};
}

Result<EscrowUpkeep> keep_up_limiter(Draft& draft, const EscrowKey& where, const Escrow& escrow) {
  EscrowUpkeep upkeep;
  const LimiterTerms* terms = terms_of(escrow);
  if (terms == nullptr) return upkeep;
  const auto elements = draft.elements_after(where.table, where.key, CellKind::kBound, subject_prefix(where.subject),
                                             {}, limits::kLimiterSweepCells);
  if (!elements) return fail(elements.error());
  PANDO_RETURN_IF_ERROR(remove_spent(draft, where, escrow, *terms, *elements));
  PANDO_RETURN_IF_ERROR(sweep(draft, where, escrow, *terms, subject_prefix(where.subject)));
  PANDO_RETURN_IF_ERROR(remove_old_admissions(draft, where, escrow));

  const Origin& self = draft.dot().origin;
  const auto mine = escrow.parts().find(self);
  if (mine == escrow.parts().end()) return upkeep;
  const LimiterGauge gauge(*terms, share_of(escrow, *terms, self).amount, {{self, mine->second}}, self,
                           draft.view().now_ms());
  if (gauge.idle_at_ms() > draft.view().now_ms()) upkeep.look_again_at_ms = gauge.idle_at_ms();
  return upkeep;
}

Result<ReplyBody> read(View& view, const GetLimiterRequest& request) {
  PANDO_RETURN_IF_ERROR(check_name(kTableLimits, request.key));
  PANDO_RETURN_IF_ERROR(check_subject(request.subject));
  const Origin self = view.cells().meta().self;
  const EscrowKey where{std::string(kTableLimits), request.key, request.subject};
  const Result<std::optional<Escrow>> escrow = Escrow::load(view, self, where);
  if (!escrow) return fail(escrow.error());
  const LimiterTerms* terms = *escrow ? terms_of(**escrow) : nullptr;
  LimiterReply reply;
  reply.found = terms != nullptr;
  if (terms == nullptr) return reply;
  const Share share = share_of(**escrow, *terms, self);
  std::int64_t admission_wait_ms = 0;
  if (!share.known_epoch) {
    const std::int64_t latest_ms = view.now_ms() + memory_ms(*terms);
    const auto written = view.value(escrow_path(where, admission_element((*escrow)->incarnation().dot, self)));
    if (!written) return fail(written.error());
    admission_wait_ms = admitted_at(*written, latest_ms).value_or(latest_ms) - view.now_ms();
  }
  const LimiterGauge gauge(*terms, share.amount, (*escrow)->parts(), self, view.now_ms());
  reply = reply_of(**escrow, *terms, share);
  fill_in(reply, gauge, 1, admission_wait_ms);
  return reply;
}

}  // namespace pando::engine
