#include "node/durability_path.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/limits.h"

namespace pando::node {
namespace {

using Level = Durability::Level;

}  // namespace

bool is_far(const Durability& need) { return need.level == Level::kSites || need.level == Level::kSite; }

void DurabilityPath::answer(ReplyOut&& reply, LogPos pos, std::vector<Durability> needs, Duration wait, Time now,
                            Outputs& out) {
  // What changed nothing has no commit that others could have.
  const bool far = std::any_of(needs.begin(), needs.end(), is_far) && reply.reply.dot;
  if (!far) {
    Level level = Level::kMemory;
    for (const Durability& need : needs) level = std::max(level, std::min(need.level, Level::kFsync));
    return replica_.reply_when(level, std::move(reply), pos, out);
  }
  Waiting waiting{std::move(reply), pos, std::move(needs), wait, instant_of(now) + wait};
  if (met(waiting)) {
    out.replies.push_back(std::move(waiting.reply));
  } else if (waiting_.size() >= limits::kDurabilityWaitsMax) {
    not_waited_for(waiting, out);
  } else {
    waiting_.push_back(std::move(waiting));
  }
}

void DurabilityPath::handle(RequestId id, const ReachedRequest& request, Time now, Outputs& out) {
  Reply reply;
  reply.dot = Dot{replica_.self(), replica_.cells().context().get(replica_.self())};
  Waiting waiting{.reply = {id, std::move(reply)},
                  .pos = replica_.appended(),
                  .needs = {Durability{Level::kSites, request.sites, {}}},
                  .wait = request.wait,
                  .until = instant_of(now) + request.wait,
                  .counts = true};
  if (waiting_.size() < limits::kDurabilityWaitsMax && !met(waiting)) {
    waiting_.push_back(std::move(waiting));
  } else {
    out.replies.push_back(counted(waiting));
  }
}

ReplyOut DurabilityPath::counted(const Waiting& waiting) const {
  const auto sites = static_cast<std::uint32_t>(peers_.durable_at(*waiting.reply.reply.dot).size());
  return {waiting.reply.id, Reply{{}, ReachedReply{sites}, {}}};
}

bool DurabilityPath::met(const Durability& need, const std::vector<std::string>& sites) const {
  if (need.level == Level::kSites) return sites.size() >= need.sites;
  if (need.level != Level::kSite || need.site == replica_.self().node) return true;
  return std::find(sites.begin(), sites.end(), need.site) != sites.end();
}

bool DurabilityPath::met(const Waiting& waiting) const {
  if (replica_.durable() < waiting.pos) return false;
  const std::vector<std::string> sites = peers_.durable_at(*waiting.reply.reply.dot);
  return std::all_of(waiting.needs.begin(), waiting.needs.end(),
                     [&](const Durability& need) { return met(need, sites); });
}

std::string DurabilityPath::missed_by(const Waiting& waiting) const {
  const std::vector<std::string> sites = peers_.durable_at(*waiting.reply.reply.dot);
  std::vector<std::string> missed;
  for (const Durability& need : waiting.needs) {
    if (!met(need, sites)) missed.push_back(to_string(need));
  }
  if (missed.empty()) missed.push_back(to_string(Durability{}));
  return fmt::format("{}", fmt::join(missed, ", "));
}

Status DurabilityPath::done_but(const Waiting& waiting, std::string_view why) const {
  const std::vector<std::string> sites = peers_.durable_at(*waiting.reply.reply.dot);
  return Status(StatusCode::kTimeout,
                fmt::format("{} {}; the write is done and stays: it is on this disk and on those of {} other {}{}{}",
                            missed_by(waiting), why, sites.size(), sites.size() == 1 ? "node" : "nodes",
                            sites.empty() ? "" : ": ", fmt::join(sites, ", ")));
}

Reply DurabilityPath::done_here(const Waiting& waiting, const Status& status) const {
  Reply reply = waiting.reply.reply;
  if (auto* pipeline = std::get_if<PipelineReply>(&reply.body)) {
    // Of its items the writes that made something.
    for (ItemReply& item : pipeline->items) {
      if (item.status.ok() && item.seq) item.status = status;
    }
  } else {
    reply.body = {};
    reply.status = status;
  }
  const auto sites = static_cast<std::uint32_t>(peers_.durable_at(*reply.dot).size());
  reply.reached = Reply::Reached{Level::kFsync, sites};
  return reply;
}

// A power cut may still take it, and another write its number: nothing that names it is told, nor what was read of it.
Reply DurabilityPath::unknown(const Waiting& waiting, const Status& status) {
  Reply reply = Reply::failure(status);
  if (const auto* pipeline = std::get_if<PipelineReply>(&waiting.reply.reply.body)) {
    PipelineReply items;
    for (const ItemReply& item : pipeline->items) items.items.push_back({item.status.ok() ? status : item.status});
    reply = {{}, std::move(items), {}};
  }
  reply.reached = Reply::Reached{};
  return reply;
}

Reply DurabilityPath::timed_out(const Waiting& waiting) const {
  const std::string why = fmt::format("not reached within {} ms", waiting.wait.millis());
  if (waiting.pos <= replica_.durable()) return done_here(waiting, done_but(waiting, why));
  return unknown(waiting,
                 Status(StatusCode::kTimeout,
                        fmt::format("{} {}; outcome unknown: the write is done here, but not on this disk yet, and "
                                    "a crash may still undo it",
                                    missed_by(waiting), why)));
}

void DurabilityPath::not_waited_for(const Waiting& waiting, Outputs& out) {
  const std::string why = fmt::format("not waited for, as {} writes wait for other sites", waiting_.size());
  replica_.reply_when_durable({waiting.reply.id, done_here(waiting, done_but(waiting, why))}, waiting.pos, out);
}

void DurabilityPath::end_turn(bool acked, Time now, Outputs& out) {
  if (waiting_.empty()) return;
  const bool news = acked || looked_at_ < replica_.durable();
  looked_at_ = replica_.durable();
  std::deque<Waiting> rest;
  for (Waiting& one : waiting_) {
    const bool over = one.until <= instant_of(now);
    if (one.counts && (over || (news && met(one)))) {
      out.replies.push_back(counted(one));
    } else if (news && met(one)) {
      out.replies.push_back(std::move(one.reply));
    } else if (over) {
      out.replies.push_back({one.reply.id, timed_out(one)});
    } else {
      rest.push_back(std::move(one));
    }
  }
  waiting_ = std::move(rest);
}

void DurabilityPath::end_all(const Status& reason, Outputs& out) {
  for (const Waiting& one : waiting_) {
    out.replies.push_back({one.reply.id, one.pos <= replica_.durable()
                                             ? done_here(one, reason.with_context("the write is done and stays"))
                                             : unknown(one, reason.with_context("outcome unknown"))});
  }
  waiting_.clear();
}

std::optional<Instant> DurabilityPath::next_deadline() const {
  std::optional<Instant> earliest;
  for (const Waiting& one : waiting_) {
    if (!earliest || one.until < *earliest) earliest = one.until;
  }
  return earliest;
}

Durability durability_of(std::string_view table, const Replica& replica) {
  const std::optional<std::string>& declared = replica.catalog().of(table).durability;
  Durability need = replica.config().durability;
  // A text that does not parse (a newer version wrote it) counts for the default.
  if (declared) need = parse_durability(*declared).value_or(need);
  // What does not leave the node is safe when it is on its disk.
  if (is_far(need) && !replica.publishes(table)) return Durability{};
  return need;
}

bool is_far_in(std::string_view table, const Replica& replica) {
  if (!replica.catalog().of(table).durability && !is_far(replica.config().durability)) return false;
  return is_far(durability_of(table, replica));
}

std::vector<Durability> durability_of(const std::vector<Mutation>& mutations, const Replica& replica) {
  std::vector<Durability> needs;
  if (mutations.empty()) needs.push_back(replica.config().durability);
  for (std::size_t i = 0; i < mutations.size(); ++i) {
    const std::string_view table = mutations[i].table;
    if (i > 0 && table == mutations[i - 1].table) continue;
    needs.push_back(durability_of(table, replica));
  }
  return needs;
}

}  // namespace pando::node
