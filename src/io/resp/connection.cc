#include "io/resp/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/give_back.h"

namespace pando::io::resp {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::size_t kReadBytesMax = 1024 * 1024;
constexpr std::size_t kKeepBytesMax = 64 * 1024;  // larger buffers are given back when empty
constexpr int kDrainReads = 256;
constexpr std::size_t kRound = 16;  // commands between two looks at what their answers weigh

}  // namespace

ItemReply* items_of(Reply& reply, std::size_t count) {
  auto* done = std::get_if<PipelineReply>(&reply.body);
  return reply.status.ok() && done != nullptr && done->items.size() == count ? done->items.data() : nullptr;
}

Connection::Connection(Hub& hub, boost::asio::ip::tcp::socket socket, std::uint32_t slot, std::uint32_t first_serial,
                       std::uint64_t client_id)
    : hub_(hub),
      socket_(std::move(socket)),
      slot_(slot),
      client_id_(client_id),
      next_serial_(first_serial),
      session_(hub, *this, client_id, socket_.peer(), socket_.local()) {
  watched_ = hub_.readiness.add(socket_.fd(), slot_, looks_for_);
}

void Connection::start() {
  if (!watched_) return close();
  look();
}

void Connection::start_refused(std::string_view why) {
  if (!watched_) return close();
  closing_ = true;
  api::RespWriter(out_, 2).error(why);
  send();
}

// Reading. -------------------------------------------------------------------------------------------------

bool Connection::may_take() const {
  return !closing_ && !closed_ && !held_up_ && waiting_.size() < limits::kRespPipelineMax &&
         unsent() <= hub_.options.out_bytes_max;
}

// Understands and asks what has been read, as far as there is room for the answers.
void Connection::take_commands() {
  if (taking_) return;
  taking_ = true;
  std::size_t round = 0;
  const std::size_t in_before = in_.size();
  while (may_take() && !in_.empty()) {
    const auto got = parser_.parse(in_.view());
    if (got == api::RespParser::Got::kMore) break;
    if (got == api::RespParser::Got::kError) {
      malformed(parser_.error());
      break;
    }
    if (!parser_.args().empty()) on_command();
    in_.consume(parser_.consumed());
    if (++round % kRound != 0) continue;
    ask_pipeline();
    hub_.sink.asked();
  }
  if (in_before - in_.size() <= kReadBytes) {
    gather_pipeline();
  } else {
    ask_pipeline();
  }
  taking_ = false;
  hub_.sink.asked();
  if (in_.empty()) in_.shrink(kKeepBytesMax);
}

void Connection::on_command() {
  ++hub_.stats.commands;
  api::RespPlan& plan = hub_.plan;
  session_.on_command(parser_.args(), plan);
  if (session_.db() != db_) {
    ask_pipeline();
    db_ = session_.db();
  }
  closing_ = closing_ || plan.close;
  held_up_ = plan.waits && (!plan.requests.empty() || plan.sleep_ms > 0);
  if (!plan.requests.empty()) return ask();
  if (plan.sleep_ms > 0) return sleep();
  if (waiting_.empty()) {
    out_ += plan.text;
    return hub_.wants_flush(*this);
  }
  wait_with(std::move(plan), 0);
}

void Connection::sleep() {
  const std::int64_t ms = hub_.plan.sleep_ms;
  const std::uint32_t serial = next_serial_;
  wait_with(std::move(hub_.plan), 1);
  blocked_ = std::make_unique<Blocked>(hub_.executor);
  blocked_->first_serial = serial;
  blocked_->sleeps = true;
  end_in(ms);
}

// With no parts it is an answer that is ready, and stands in line behind those that are not.
void Connection::wait_with(api::RespPlan&& plan, std::uint32_t parts) {
  Waiting& made = waiting_.emplace_back();
  made.first_serial = next_serial_;
  made.parts = made.left = parts;
  made.version = plan.version;
  if (parts == 1 && plan.plain()) {
    made.form = plan.pending;
  } else {
    made.whole = std::make_unique<Waiting::Whole>();
    made.whole->plan = std::move(plan);
    made.whole->replies.resize(parts);
  }
  next_serial_ += parts;
}

void Connection::ask() {
  const std::uint32_t first = next_serial_;
  const auto parts = static_cast<std::uint32_t>(hub_.plan.requests.size());
  if (session_.database().pipelines && hub_.plan.pipelines()) {
    std::vector<PipelineItem>& items = hub_.pipeline;
    if (items.capacity() == 0) items.reserve(kRound);
    for (Request& request : hub_.plan.requests) items.emplace_back(std::move(request));
    hub_.plan.requests.clear();
    return wait_with(std::move(hub_.plan), parts);
  }
  ask_pipeline();
  // Before it is asked: what it does not find is heard of.
  if (hub_.plan.block_ms >= 0) hub_.feeds[db_].want();
  std::vector<Request> requests = std::move(hub_.plan.requests);
  wait_with(std::move(hub_.plan), parts);
  for (std::uint32_t i = 0; i < parts; ++i) ask_part(first + i, std::move(requests[i]));
  // Its memory serves the next command.
  requests.clear();
  hub_.plan.requests = std::move(requests);
}

void Connection::ask_pipeline() {
  std::vector<PipelineItem>& items = hub_.pipeline;
  if (items.empty()) return;
  const auto count = static_cast<std::uint32_t>(items.size());
  const std::uint32_t first = next_serial_ - count;
  if (count == 1) {
    Request only = std::move(items.front().request);
    items.clear();
    ask_part(first, std::move(only));
    return;
  }
  pipelines_.emplace_back(first, count);
  items = ask_part(first, PipelineRequest{std::move(items)});
}

void Connection::gather_pipeline() {
  std::vector<PipelineItem>& items = hub_.pipeline;
  const bool joins = session_.database().pipelines && !items.empty() && items.size() < kRound &&
                     std::all_of(items.begin(), items.end(),
                                 [](const PipelineItem& item) { return api::waits_for_log_only(item.request); });
  if (!joins) return ask_pipeline();
  const auto count = static_cast<std::uint32_t>(items.size());
  if (!hub_.gathering.takes(count) || hub_.gathered_db != db_) hub_.ask_gathered();
  if (hub_.gathering.empty()) hub_.sink.gathers();
  hub_.gathered_db = db_;
  gathered_in_ = hub_.gathering.serial();
  hub_.gathering.add({slot_, next_serial_ - count, count}, items);
}

std::vector<PipelineItem> Hub::ask(RequestId id, std::size_t db, Request&& request, std::size_t clients) {
  sink.ask(id, options.databases[db].ns, std::move(request), clients);
  return spare_mutations.keep(std::move(request));
}

void Hub::ask_gathered() {
  if (gathering.empty()) return;
  Gathering::Asked asked = gathering.take();
  gathering.give_back(ask(request_id(asked.slot, asked.serial), gathered_db, std::move(asked.request), asked.clients));
}

std::vector<PipelineItem> Connection::ask_part(std::uint32_t serial, Request&& request) {
  // What this client asked before comes first.
  if (gathered_in_ == hub_.gathering.serial()) hub_.ask_gathered();
  return hub_.ask(hub_.request_id(slot_, serial), db_, std::move(request), 1);
}

void Connection::malformed(std::string_view text) {
  ++hub_.stats.malformed;
  closing_ = true;
  api::RespPlan refused;
  api::RespWriter(refused.text, 2).error(fmt::format("ERR {}", text));
  wait_with(std::move(refused), 0);
  deliver();
  hub_.wants_flush(*this);
}

bool Connection::wants_read() const {
  // One that waits for a key is read from too, a little: so it is seen when it goes.
  return !closed_ && !closing_ && (may_take() || (blocked_ && in_.size() < kReadBytes));
}

void Connection::look() {
  if (closed_) return;
  const loop::Interest wanted{wants_read(), writing_};
  if (wanted == looks_for_) return;
  looks_for_ = wanted;
  hub_.readiness.change(socket_.fd(), slot_, wanted);
  hub_.wants_readiness();
}

void Connection::on_ready(const loop::Ready& ready) {
  if (closed_) return;
  if (writing_ && (ready.write || ready.gone)) {
    writing_ = false;
    flush();
    if (closed_) return;
  }
  if (wants_read()) {
    if (ready.read || ready.gone) read();
  } else if (ready.gone) {
    // Nobody is there whom an answer could reach.
    close();
  }
  look();
}

// An idle connection holds no read buffer: room is made when something is there.
void Connection::read() {
  const std::size_t wanted = std::clamp(parser_.wanted(), kReadBytes, kReadBytesMax);
  const InBuffer::Room room = in_.prepare(wanted);
  const loop::Socket::Moved moved = socket_.read(room.data, room.size);
  if (!moved.ok) return close();
  hub_.stats.bytes_in += moved.bytes;
  in_.commit(moved.bytes);
  quiet_ = quiet_ && moved.bytes == 0;
  take_commands();
  hub_.in_bytes += in_.size() - in_counted_;
  in_counted_ = in_.size();
  if (hub_.in_bytes > limits::kRespInBytesMax && !closing_) {
    malformed(fmt::format("too many unfinished commands in memory, the limit is {} bytes", limits::kRespInBytesMax));
  }
}

// Answers. -------------------------------------------------------------------------------------------------

void Connection::on_reply(std::uint32_t serial, Reply&& reply) {
  if (closed_) return;
  const auto asked =
      std::find_if(pipelines_.begin(), pipelines_.end(), [&](const auto& one) { return one.first == serial; });
  if (asked != pipelines_.end()) {
    const std::uint32_t count = asked->second;
    pipelines_.erase(asked);
    return on_items(serial, count, reply.status, items_of(reply, count));
  }
  on_part(serial, {std::move(reply.status), std::move(reply.body)});
  hub_.wants_flush(*this);
}

void Connection::on_items(std::uint32_t first, std::uint32_t count, const Status& status, ItemReply* items) {
  if (closed_) return;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (items == nullptr) {
      on_part(first + i, ItemReply{status});
    } else {
      on_part(first + i, std::move(items[i]));
    }
  }
  hub_.wants_flush(*this);
}

void Connection::on_part(std::uint32_t serial, ItemReply&& reply) {
  Waiting* at = command_of(serial);
  if (at == nullptr) return;
  if (at->whole == nullptr) {
    static_cast<api::RespForm&>(hub_.plain.pending) = at->form;
    hub_.plain.parts = 1;
    hub_.plain.version = at->version;
    if (at != &waiting_.front()) at->whole = std::make_unique<Waiting::Whole>();
    session_.append_answer(hub_.plain, &reply, at->whole == nullptr ? out_ : at->whole->plan.text);
    at->left = 0;
  } else {
    Waiting::Whole& whole = *at->whole;
    whole.replies[serial - at->first_serial] = std::move(reply);
    if (--at->left > 0) return;
    if (whole.plan.block_ms >= 0 && goes_on_waiting(*at)) return;
    session_.append_answer(whole.plan, whole.replies.data(), whole.plan.text);
    whole.replies = {};
  }
  if (at == &waiting_.front()) deliver();
}

Connection::Waiting* Connection::command_of(std::uint32_t serial) {
  if (!waiting_.empty() && waiting_.front().first_serial == serial && waiting_.front().left > 0)
    return &waiting_.front();
  // The last command whose first serial is not after this one. Serials wrap: compared by distance.
  auto at = std::partition_point(waiting_.begin(), waiting_.end(), [&](const Waiting& one) {
    return static_cast<std::int32_t>(one.first_serial - serial) <= 0;
  });
  if (at == waiting_.begin()) return nullptr;
  --at;
  return serial - at->first_serial < at->parts && at->left > 0 ? &*at : nullptr;
}

// Commands that wait for keys. -----------------------------------------------------------------------------

bool Connection::goes_on_waiting(Waiting& one) {
  const bool over = closing_ || (blocked_ && blocked_->over);
  Waiting::Whole& whole = *one.whole;
  if (over || !whole.plan.goes_on_waiting(whole.replies.data())) {
    end_blocking();
    return false;
  }
  one.left = one.parts;
  if (blocked_) {
    blocked_->asked = false;
    if (blocked_->changed) ask_again();
    return true;
  }
  blocked_ = std::make_unique<Blocked>(hub_.executor);
  ++hub_.stats.blocked;
  blocked_->first_serial = one.first_serial;
  blocked_->takes = whole.plan.takes();
  blocked_->keys = whole.plan.pending.names;
  hub_.feeds[db_].wait_for(blocked_->keys, *this);
  // Once more: the watch tells of what is durable, and that may have come between.
  ask_again();
  look();
  if (whole.plan.block_ms > 0) end_in(whole.plan.block_ms);
  return true;
}

void Connection::end_in(std::int64_t ms) {
  blocked_->timer.expires_after(std::chrono::milliseconds(ms));
  blocked_->timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error || !self->blocked_ || self->closed_) return;
    self->blocked_->over = true;
    self->ask_again();
  });
}

void Connection::on_key_changed() { ask_again(); }

void Connection::ask_again() {
  if (!blocked_ || closed_) return;
  if (blocked_->sleeps) {
    // There is nothing to ask: its answer is there.
    Waiting* one = command_of(blocked_->first_serial);
    CHECK(one != nullptr);
    blocked_.reset();
    one->left = 0;
    if (one == &waiting_.front()) deliver();
    return hub_.wants_flush(*this);
  }
  if (std::exchange(blocked_->asked, true)) {
    blocked_->changed = true;
    return;
  }
  blocked_->changed = false;
  const Waiting* one = command_of(blocked_->first_serial);
  CHECK(one != nullptr);
  const std::vector<Request> again = one->whole->plan.again;
  const std::uint32_t first = blocked_->first_serial;
  for (std::size_t i = 0; i < again.size(); ++i) ask_part(first + static_cast<std::uint32_t>(i), Request(again[i]));
}

void Connection::end_blocking() {
  if (!blocked_) return;
  hub_.feeds[db_].forget(blocked_->keys, *this, blocked_->asked);
  if (!blocked_->sleeps) --hub_.stats.blocked;
  blocked_.reset();
}

void Connection::deliver() {
  while (!waiting_.empty() && waiting_.front().left == 0) {
    if (const Waiting::Whole* whole = waiting_.front().whole.get(); whole != nullptr) {
      if (whole->plan.waits) held_up_ = false;
      out_ += whole->plan.text;
    }
    waiting_.pop_front();
  }
}

void Connection::on_message(const Bytes* pattern, ByteSpan channel, ByteSpan message) {
  if (closed_ || closing_ || overrun_) return;
  Bytes text;
  api::RespWriter to(text, session_.version());
  to.push(pattern == nullptr ? 3 : 4);
  to.bulk(pattern == nullptr ? "message" : "pmessage");
  if (pattern != nullptr) to.bulk(*pattern);
  to.bulk(channel);
  to.bulk(message);
  pushed_bytes_ += text.size();
  // Cut off with the next tick: whoever publishes stands in the middle of all that listen.
  overrun_ = pushed_bytes_ > limits::kRespPushBytesMax;
  if (waiting_.empty()) {
    out_ += text;
    return hub_.wants_flush(*this);
  }
  api::RespPlan ready;
  ready.text = std::move(text);
  wait_with(std::move(ready), 0);
}

void Connection::flush() {
  if (closed_) return;
  send();
  if (closed_ || in_.empty() || !may_take()) return look();
  take_commands();
  hub_.in_bytes += in_.size() - in_counted_;
  in_counted_ = in_.size();
  look();
}

void Connection::send() {
  while (!writing_ && unsent() > 0) {
    const loop::Socket::Moved moved = socket_.write(ByteSpan(out_).substr(out_begin_));
    if (!moved.ok) return close();
    out_begin_ += moved.bytes;
    hub_.stats.bytes_out += moved.bytes;
    if (moved.bytes > 0) {
      deadline_us_ = INT64_MAX;
      continue;
    }
    writing_ = true;
    if (deadline_us_ == INT64_MAX) deadline_us_ = hub_.monotonic_us + hub_.options.stall_max.us;
    return look();
  }
  if (unsent() > 0) return;
  pushed_bytes_ = 0;
  out_.clear();
  out_begin_ = 0;
  if (out_.capacity() > kKeepBytesMax) give_back(out_);
  if (closing_ && waiting_.empty()) close();
}

// Life. ----------------------------------------------------------------------------------------------------

void Connection::tick() {
  // One that is idle keeps no memory for what it may read.
  if (std::exchange(quiet_, true) && in_.empty()) in_.shrink(0);
  if (!overrun_ && hub_.monotonic_us < deadline_us_) return;
  ++hub_.stats.cut_off;
  close();
}

void Connection::finish_soon() {
  closing_ = true;
  ask_again();
  if (waiting_.empty() && unsent() == 0) return close();
  look();
}

void Connection::close() {
  if (closed_) return;
  closed_ = true;
  end_blocking();
  session_.leave();
  if (watched_) hub_.readiness.remove(socket_.fd());
  // Unread input would reset the connection, and the reset may overtake the last answer.
  socket_.end_writing();
  char rest[4096];
  for (int i = 0; i < kDrainReads && socket_.read(rest, sizeof rest).bytes > 0; ++i) continue;
  socket_.close();
  hub_.in_bytes -= in_counted_;
  hub_.remove(slot_, next_serial_);
}

}  // namespace pando::io::resp
