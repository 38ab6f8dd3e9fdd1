#include "server/driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "base/check.h"
#include "io/clock/clock.h"
#include "server/link_router.h"
#include "server/logging.h"

namespace pando::server {
namespace {

constexpr int kTurnsMax = 4;  // that one round may end

}  // namespace

Driver::Driver(boost::asio::io_context& loop, node::Node& node, const ShardMap& shards, std::size_t index)
    : loop_(loop),
      node_(node),
      shards_(shards),
      index_(index),
      inbox_(loop, [this](auto& inputs) { take(inputs); }),
      timer_(loop) {}

void Driver::take(std::vector<node::Input>& inputs) {
  begin_round();
  for (node::Input& input : inputs) {
    // The link reads on once its frame has been taken in.
    if (const auto* frame = std::get_if<node::LinkFrame>(&input)) {
      lone_.on_input();
      const LinkId id = frame->id;
      const std::size_t bytes = frame->frame.size();
      accept(std::move(input));
      ends_.links->consumed(id, bytes);
    } else if (auto* written = std::get_if<node::LogWritten>(&input); written != nullptr && written->durable) {
      accept_durable(std::move(*written));
    } else if (auto* asked = std::get_if<node::ClientRequest>(&input)) {
      take(std::move(*asked));
    } else {
      accept(std::move(input));
    }
  }
  end_round();
  if (progress_) progress_();
}

void Driver::accept(node::Input input) {
  node_.accept(std::move(input), io::clock_now(), out_);
  flush_replies();
  schedule_flush();
}

void Driver::accept_durable(node::LogWritten written) {
  const auto served = namespaces_.find(written.ns);
  CHECK(served != namespaces_.end());
  SyncQueue& syncs = served->second.syncs;
  if (!syncs.under_way()) return accept_written(std::move(written), served->first, served->second);
  for (std::size_t count = syncs.on_synced(); count > 0; --count)
    accept_written(written, served->first, served->second);
  sync_log(served->first, served->second, instant_of(io::clock_now()));
}

void Driver::accept_written(node::LogWritten written, const std::string& ns, Served& served) {
  const Time now = io::clock_now();
  const std::size_t waiting = out_.replies.size();
  const Duration took = written.took;
  node_.accept(std::move(written), now, out_);
  const std::size_t answered = clients_from(waiting);
  const GroupCommit::Cost cost{took, weigh_loop(served, answered)};
  GroupCommit& pace = served.pace;
  trial_.on_answered(answered);
  const GroupCommit::Next next = pace.on_written(instant_of(now), answered, cost);
  if (next == GroupCommit::Next::kHold) {
    hold_log(ns, served);
  } else {
    if (next == GroupCommit::Next::kLetGo) release_log(ns);
    // The disk goes on while those who were answered are told.
    if (pace.waited_for()) end_turn();
  }
  flush_replies();
  schedule_flush();
}

std::optional<Duration> Driver::weigh_loop(Served& served, std::size_t answered) {
  std::optional<Duration> now;
  if (served.pace.weighs_loop(answered)) now = io::thread_cpu_time();
  const std::optional<Duration> before = std::exchange(served.worked, now);
  if (!before || !now) return std::nullopt;
  return Duration::micros(now->us - before->us);
}

std::size_t Driver::clients_from(std::size_t reply) const {
  std::size_t clients = 0;
  for (; reply < out_.replies.size(); ++reply) {
    const RequestId id = out_.replies[reply].id;
    clients += of_resp(id.value) ? ends_.resp->clients_of(id) : 1;
  }
  return clients;
}

void Driver::hold_log(const std::string& ns, Served& served) {
  node_.hold_log(ns, true);
  wait_for_requests(ns, served);
}

void Driver::wait_for_requests(const std::string& ns, Served& served) {
  served.pace_timer.expires_after(std::chrono::microseconds((served.pace.until() - instant_of(io::clock_now())).us));
  served.pace_timer.async_wait([this, &ns, &served](const boost::system::error_code& error) {
    if (error || !served.pace.holding()) return;
    if (served.pace.on_time(instant_of(io::clock_now()))) {
      release_log(ns);
    } else {
      wait_for_requests(ns, served);
    }
  });
}

void Driver::release_log(const std::string& ns) {
  node_.hold_log(ns, false);
  schedule_flush();
}

void Driver::flush_replies() {
  if (in_replies_) return;
  in_replies_ = true;
  while (!out_.replies.empty()) {
    replying_.clear();
    replying_.swap(out_.replies);
    for (node::ReplyOut& reply : replying_) answer(reply);
    // Sends them, and may ask on.
    if (ends_.resp != nullptr) ends_.resp->flush();
  }
  in_replies_ = false;
}

void Driver::answer(node::ReplyOut& reply) {
  if (Answers* const others = abroad(reply.id.value)) {
    others->replies.push_back(std::move(reply));
  } else {
    answer_here(reply);
  }
}

void Driver::answer_here(node::ReplyOut& reply) {
  if (of_resp(reply.id.value)) {
    ends_.resp->on_reply(reply.id, std::move(reply.reply));
  } else {
    ends_.http->on_reply(reply.id, std::move(reply.reply));
  }
}

bool Driver::of_resp(std::uint64_t id) const {
  return ends_.resp != nullptr && io::resp::RespServer::owns(RequestId(id));
}

Driver::Answers* Driver::abroad(std::uint64_t id) {
  if (shards_.size() == 1) return nullptr;
  Driver& door = shards_.door_of(id);
  return &door == this ? nullptr : &abroad_[&door];
}

void Driver::schedule_flush() {
  flush_wanted_ = true;
  if (rounds_ == 0) post_flush();
}

void Driver::post_flush() {
  if (std::exchange(flush_posted_, true)) return;
  boost::asio::post(loop_, [this] {
    flush_posted_ = false;
    begin_round();
    end_round();
    if (progress_) progress_();
  });
}

void Driver::end_round() {
  CHECK(rounds_ > 0);
  // A turn's end may give cause for the next one (the loop wrote the log itself). Others get theirs in between.
  for (int i = 0; rounds_ == 1 && flush_wanted_ && i < kTurnsMax; ++i) flush();
  --rounds_;
  if (rounds_ == 0 && flush_wanted_) post_flush();
}

void Driver::end_turn() {
  if (ends_.resp != nullptr) ends_.resp->ask_gathered();
  const Time now = io::clock_now();
  node_.end_turn(now, out_);
  send_to_disk(instant_of(now));
}

void Driver::flush() {
  flush_wanted_ = false;
  // Those that are ready do not wait for a write that the loop may do now.
  flush_replies();
  end_turn();
  send_to_watchers();
  send_to_links();
  flush_replies();
  send_abroad();
  write_notes();
  arm_timer();
}

void Driver::send_to_disk(Instant now) {
  std::optional<node::LogWrite> here;
  std::vector<node::LogWrite> ahead;
  for (auto& job : out_.log_writes) {
    namespaces_.find(job.ns)->second.pace.on_handed_out();
    if (job.tell_written) {
      ahead.push_back(std::move(job));
      continue;
    }
    const bool lone = lone_.on_write(job.bytes.size());
    const bool by_loop = trial_.on_write(now, job.bytes.size());
    if ((lone || by_loop) && !here) {
      here = std::move(job);
    } else {
      ends_.disk->give(std::move(job));
    }
  }
  for (auto& job : out_.segment_prepares) ends_.disk->give(std::move(job));
  for (auto& job : out_.segment_removes) ends_.disk->give(std::move(job));
  for (auto& job : out_.log_reads) ends_.disk->give(std::move(job));
  for (auto& job : out_.checkpoints) ends_.disk->give(std::move(job));
  for (auto& job : out_.backup_logs) ends_.disk->give(std::move(job));
  for (auto& job : out_.backup_stores) ends_.disk->give(std::move(job));
  for (auto& job : out_.backup_takes) ends_.disk->give(std::move(job));
  for (auto& job : out_.restore_reads) ends_.disk->give(std::move(job));
  out_.log_writes.clear();
  out_.segment_prepares.clear();
  out_.segment_removes.clear();
  out_.log_reads.clear();
  out_.checkpoints.clear();
  out_.backup_logs.clear();
  out_.backup_stores.clear();
  out_.backup_takes.clear();
  out_.restore_reads.clear();
  for (const node::LogWrite& job : ahead) put_here(job);
  if (here) write_here(*std::move(here));
}

void Driver::put_here(const node::LogWrite& job) {
  const auto served = namespaces_.find(job.ns);
  CHECK(served != namespaces_.end());
  if (Status status = ends_.disk->put(job); !status.ok()) {
    return accept_written(node::LogWritten{job.ns, std::move(status)}, served->first, served->second);
  }
  served->second.syncs.on_put(job.awaited);
  // Answers, and nothing else, wait for this; what was too much for one write goes on when it is durable.
  const Time now = io::clock_now();
  node_.accept(node::LogWritten{job.ns, {}, /*durable=*/false}, now, out_);
  flush_replies();
  sync_log(served->first, served->second, instant_of(now));
}

void Driver::sync_log(const std::string& ns, Served& served, Instant now) {
  if (served.syncs.begin(now)) return ends_.disk->sync(ns);
  const std::optional<Instant> at = served.syncs.ask_at();
  if (!at || at == served.sync_armed) return;  // setting a timer is a system call
  served.sync_armed = at;
  served.sync_timer.expires_after(std::chrono::microseconds((*at - now).us));
  served.sync_timer.async_wait([this, &ns, &served](const boost::system::error_code& error) {
    if (error) return;
    served.sync_armed.reset();
    sync_log(ns, served, instant_of(io::clock_now()));
  });
}

void Driver::write_here(node::LogWrite job) {
  const Instant began = instant_of(io::clock_now());
  node::LogWritten written = ends_.disk->write(job);
  const Duration took = instant_of(io::clock_now()) - began;
  lone_.on_written(took);
  trial_.on_written_here(took);
  const auto served = namespaces_.find(written.ns);
  CHECK(served != namespaces_.end());
  accept_written(std::move(written), served->first, served->second);
  if (progress_) progress_();
}

void Driver::send_to_watchers() {
  for (const node::Notify& notify : out_.notifies) {
    if (const auto publisher = ends_.publishers.find(notify.ns); publisher != ends_.publishers.end()) {
      publisher->second.publish(notify);
    }
  }
  out_.notifies.clear();
  // HTTP may answer from within (a watcher that has gone): what it adds goes out with the next flush.
  tell(out_.watches_opened, &Answers::watches_opened);
  tell(out_.watch_sends, &Answers::watch_sends);
  tell(out_.watches_ended, &Answers::watches_ended);
}

template <typename Said>
void Driver::tell(std::vector<Said>& all, std::vector<Said> Answers::*abroad_as) {
  for (Said& said : std::exchange(all, {})) {
    if (Answers* const others = abroad(said.id.value)) {
      (others->*abroad_as).push_back(std::move(said));
    } else {
      tell_here(std::move(said));
    }
  }
}

void Driver::tell_here(node::WatchOpened&& opened) {
  if (!opened.status.ok()) watches_of_others_.erase(opened.id);
  if (!of_resp(opened.id.value)) return ends_.http->on_watch_opened(std::move(opened));
  if (!opened.status.ok()) ends_.resp->on_watch_ended(opened.id);
}

void Driver::tell_here(node::WatchSend&& send) {
  if (!of_resp(send.id.value)) return ends_.http->on_watch_send(std::move(send));
  ends_.resp->on_watch_send(std::move(send));
}

void Driver::tell_here(node::WatchEnded&& ended) {
  watches_of_others_.erase(ended.id);
  if (!of_resp(ended.id.value)) return ends_.http->on_watch_ended(std::move(ended));
  ends_.resp->on_watch_ended(ended.id);
}

void Driver::send_abroad() {
  for (auto& [door, answers] : std::exchange(abroad_, {})) door->post(std::move(answers));
}

void Driver::post(Answers answers) {
  boost::asio::post(loop_, [this, answers = std::move(answers)]() mutable { take(answers); });
}

void Driver::take(Answers& answers) {
  begin_round();
  for (auto& reply : answers.replies) answer_here(reply);
  for (auto& opened : answers.watches_opened) tell_here(std::move(opened));
  for (auto& send : answers.watch_sends) tell_here(std::move(send));
  for (auto& ended : answers.watches_ended) tell_here(std::move(ended));
  if (ends_.resp != nullptr) ends_.resp->flush();
  end_round();
}

void Driver::send_to_links() {
  for (const node::Dial& dial : out_.dials) {
    const auto options = ends_.dials.find(dial.config_name);
    CHECK(options != ends_.dials.end());
    ends_.links->dial(LinkRouter::dial_number(dial.dial_id, index_, shards_.size()), options->second);
  }
  for (auto& send : out_.link_sends) ends_.links->send(send.id, std::move(send.frame));
  for (const auto& close : out_.link_closes) ends_.links->close(close.id, close.reason);
  out_.dials.clear();
  out_.link_sends.clear();
  out_.link_closes.clear();
}

void Driver::write_notes() {
  for (const node::Note& note : out_.notes) {
    const LogLevel level = note.level == node::Note::Level::kError     ? LogLevel::kError
                           : note.level == node::Note::Level::kWarning ? LogLevel::kWarn
                                                                       : LogLevel::kInfo;
    if (note.ns.empty()) {
      log(level, note.text);
    } else {
      log(level, note.text, {{"ns", note.ns}});
    }
  }
  out_.notes.clear();
}

void Driver::arm_timer() {
  if (out_.wake_at >= armed_at_) return;
  armed_at_ = out_.wake_at;
  // To the millisecond: nothing is timed more finely, and a deadline in the past must not make the loop spin.
  const std::int64_t wait_us = std::max<std::int64_t>(1'000, armed_at_.mono_us - io::clock_now().mono_us);
  timer_.expires_after(std::chrono::microseconds(wait_us));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    armed_at_ = Instant{INT64_MAX};
    out_.wake_at = Instant{INT64_MAX};
    accept(node::Tick{});
  });
}

void Driver::begin_stop() {
  node_.begin_stop(io::clock_now(), out_);
  flush_replies();
  schedule_flush();
}

bool Driver::has_namespace(std::string_view ns) const { return shards_.owner_of(ns) != nullptr; }

void Driver::add_broken_namespace(const std::string& ns, Status why) {
  namespaces_.emplace(
      ns, Served{std::move(why), {}, {}, boost::asio::steady_timer(loop_), {}, boost::asio::steady_timer(loop_)});
}

Driver* Driver::other_owner(std::string_view ns) const {
  if (shards_.size() == 1) return nullptr;
  Driver* const owner = shards_.owner_of(ns);
  return owner == this ? nullptr : owner;
}

Driver* Driver::other_owner(WatchId id) const {
  const auto at = watches_of_others_.find(id);
  return at == watches_of_others_.end() ? nullptr : at->second;
}

void Driver::submit(RequestId id, std::string_view ns, Request request, Terms terms) {
  node::ClientRequest asked{id, std::string(ns), std::move(request), std::move(terms)};
  if (Driver* const owner = other_owner(ns)) return owner->post(std::move(asked));
  take(std::move(asked));
  inbox_.take_if_written();
}

void Driver::take(node::ClientRequest&& asked) {
  const auto served = namespaces_.find(asked.ns);
  CHECK(served != namespaces_.end());
  if (!served->second.broken.ok()) {
    out_.replies.push_back({asked.id, Reply::failure(served->second.broken)});
    flush_replies();
    return schedule_flush();
  }
  lone_.on_input();
  accept(std::move(asked));
  if (served->second.pace.on_request(instant_of(io::clock_now()))) release_log(served->first);
}

void Driver::ask(RequestId id, std::string_view ns, Request&& request, std::size_t clients) {
  if (Driver* const owner = other_owner(ns)) {
    node::ClientRequest asked{id, std::string(ns), std::move(request)};
    asked.terms.spares_etag = true;
    return owner->post(std::move(asked));
  }
  const auto served = namespaces_.find(ns);
  CHECK(served != namespaces_.end());
  if (!served->second.broken.ok()) {
    out_.replies.push_back({id, Reply::failure(served->second.broken)});
    return;
  }
  lone_.on_input(clients);
  node::ClientRequest asked{id, std::string(ns), std::move(request)};
  asked.terms.spares_etag = true;
  const Time now = io::clock_now();
  node_.accept(std::move(asked), now, out_);
  request = std::move(asked.request);
  schedule_flush();
  if (served->second.pace.on_request(instant_of(now), clients)) release_log(served->first);
}

// What comes of these goes out when the turn ends.
void Driver::listen(node::WatchOpen open) {
  if (Driver* const owner = other_owner(open.ns)) {
    watches_of_others_.emplace(open.id, owner);
    return owner->post(std::move(open));
  }
  node_.accept(std::move(open), io::clock_now(), out_);
  schedule_flush();
}
void Driver::heard(WatchId id) {
  if (Driver* const owner = other_owner(id)) return owner->post(node::WatchReady{id});
  node_.accept(node::WatchReady{id}, io::clock_now(), out_);
  schedule_flush();
}
void Driver::stop_listening(WatchId id) {
  if (Driver* const owner = other_owner(id)) {
    watches_of_others_.erase(id);
    return owner->post(node::WatchClose{id});
  }
  node_.accept(node::WatchClose{id}, io::clock_now(), out_);
  schedule_flush();
}

void Driver::watch_open(node::WatchOpen open) {
  Driver* const owner = other_owner(open.ns);
  if (owner == nullptr) return accept(std::move(open));
  watches_of_others_.emplace(open.id, owner);
  owner->post(std::move(open));
}

void Driver::watch_ready(WatchId id) {
  if (Driver* const owner = other_owner(id)) return owner->post(node::WatchReady{id});
  accept(node::WatchReady{id});
}

void Driver::watch_close(WatchId id) {
  Driver* const owner = other_owner(id);
  if (owner == nullptr) return accept(node::WatchClose{id});
  watches_of_others_.erase(id);
  owner->post(node::WatchClose{id});
}

io::http::HttpServer* Driver::home_of(std::string_view ns) const {
  const Driver* const owner = other_owner(ns);
  return owner == nullptr ? nullptr : owner->ends_.http;
}

std::vector<api::NamespaceHealth> Driver::health() const {
  std::vector<api::NamespaceHealth> all;
  for (auto& one : node_.health()) {
    const auto served = namespaces_.find(one.ns);
    const bool serves = served != namespaces_.end() && served->second.broken.ok();
    if (serves) all.push_back({std::move(one.ns), std::move(one.status)});
  }
  for (const auto& [ns, served] : namespaces_) {
    if (!served.broken.ok()) all.push_back({ns, served.broken});
  }
  return all;
}

}  // namespace pando::server
