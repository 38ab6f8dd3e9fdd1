#include "sim/net.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "repl/frame.h"

namespace pando::sim {
namespace {

constexpr Duration kConnectTimeout = Duration::seconds(3);
constexpr Duration kKeepaliveMin = Duration::seconds(3);
constexpr std::uint64_t kKeepaliveSpreadUs = 5'000'000;

// On a line with a long delay one is always under way, also when there is nothing left to do.
bool is_heartbeat(const Bytes& frame) {
  return !frame.empty() &&
         static_cast<std::uint8_t>(frame[0]) == static_cast<std::uint8_t>(repl::FrameKind::kHeartbeat);
}

}  // namespace

void Net::add_host(MachineIndex index, std::string address, NetHost& host) {
  CHECK(hosts_.emplace(index, &host).second);
  CHECK(addresses_.emplace(address, index).second);
  address_of_.emplace(index, std::move(address));
}

Net::Connection* Net::find(ConnectionId id) {
  const auto it = connections_.find(id);
  return it == connections_.end() ? nullptr : it->second.get();
}

LinkQuality Net::quality(MachineIndex a, MachineIndex b) const {
  const auto it = qualities_.find(std::minmax(a, b));
  return it == qualities_.end() ? LinkQuality{} : it->second;
}

Duration Net::delay(MachineIndex a, MachineIndex b) {
  const LinkQuality q = quality(a, b);
  return q.delay_min + Duration{static_cast<std::int64_t>(
                           rng_.below(static_cast<std::uint64_t>(q.delay_max.us - q.delay_min.us) + 1))};
}

// What it costs that a frame was lost, perhaps more than once: 200 ms, then twice that, …
Duration Net::sent_again(MachineIndex a, MachineIndex b) {
  const std::uint32_t lost_of_million = quality(a, b).lost_of_million;
  Duration late{0};
  constexpr Duration kWaitMax = Duration::seconds(10);
  for (Duration wait = Duration::millis(200);
       lost_of_million != 0 && wait < kWaitMax && rng_.chance(lost_of_million, 1'000'000); wait = wait + wait) {
    late = late + wait;
  }
  return late;
}

void Net::set_quality(MachineIndex a, MachineIndex b, LinkQuality quality) {
  CHECK(quality.delay_min <= quality.delay_max && quality.bytes_per_s > 0);
  qualities_[std::minmax(a, b)] = quality;
}

std::size_t Net::open_dials(MachineIndex from, MachineIndex to) const {
  return static_cast<std::size_t>(std::count_if(connections_.begin(), connections_.end(), [&](const auto& item) {
    const auto& [dialled, accepted] = item.second->ends;
    return dialled.machine == from && accepted.machine == to && dialled.up && accepted.up;
  }));
}

void Net::dial_failed(MachineIndex from, std::uint64_t incarnation, std::uint64_t dial_id, const std::string& reason) {
  NetHost& host = *hosts_.at(from);
  if (host.incarnation() == incarnation) host.on_link_down(LinkId(0), dial_id, reason);
}

void Net::dial(MachineIndex from, std::uint64_t dial_id, const std::string& address) {
  const std::uint64_t incarnation = hosts_.at(from)->incarnation();
  const auto it = addresses_.find(address);
  if (it == addresses_.end()) {
    queue_.after(Duration::millis(1),
                 [=, this] { dial_failed(from, incarnation, dial_id, fmt::format("{}: unknown host", address)); });
    return;
  }
  const MachineIndex to = it->second;
  if (is_cut(from, to) || is_cut(to, from)) {
    queue_.at(queue_.now() + kConnectTimeout, EventKind::kTimer,
              [=, this] { dial_failed(from, incarnation, dial_id, fmt::format("{}: connection timed out", address)); });
    return;
  }
  queue_.after(delay(from, to) + delay(to, from), [=, this] {
    if (hosts_.at(to)->incarnation() == 0) {
      dial_failed(from, incarnation, dial_id, fmt::format("{}: connection refused", address));
    } else if (hosts_.at(from)->incarnation() == incarnation) {
      open(from, to, dial_id);
    }
  });
}

void Net::open(MachineIndex from, MachineIndex to, std::uint64_t dial_id) {
  const ConnectionId id = next_connection_++;
  auto connection = std::make_unique<Connection>();
  connection->ends[0] = {from, hosts_.at(from)->new_link(), true};
  connection->ends[1] = {to, hosts_.at(to)->new_link(), true};
  for (int side = 0; side < 2; ++side) {
    by_link_[{connection->ends[side].machine, connection->ends[side].link}] = {id, side};
  }
  const LinkId dialer = connection->ends[0].link;
  const LinkId acceptor = connection->ends[1].link;
  connections_.emplace(id, std::move(connection));
  hosts_.at(from)->on_link_up(dialer, dial_id, address_of_.at(to));
  // The first end may have closed it at once.
  if (Connection* still = find(id); still != nullptr && still->ends[1].up) {
    hosts_.at(to)->on_link_up(acceptor, 0, address_of_.at(from));
  }
}

void Net::stranger(MachineIndex to, std::vector<Bytes> frames) {
  const ConnectionId id = next_connection_++;
  auto connection = std::make_unique<Connection>();
  connection->from_stranger = true;
  connection->ends[0] = {to, LinkId(0), false};
  connection->ends[1] = {to, hosts_.at(to)->new_link(), true};
  const LinkId link = connection->ends[1].link;
  by_link_[{to, link}] = {id, 1};
  for (Bytes& frame : frames) {
    connection->streams[0].bytes += frame.size();
    connection->streams[0].frames.push_back({std::move(frame), queue_.now()});
  }
  connections_.emplace(id, std::move(connection));
  hosts_.at(to)->on_link_up(link, 0, "203.0.113.66:6666");
  pump(id, 0);
}

void Net::send(MachineIndex from, LinkId link, Bytes frame) {
  const auto it = by_link_.find({from, link});
  if (it == by_link_.end()) return;  // it ended while the node was deciding; LinkDown has been said
  const auto [id, side] = it->second;
  Connection& connection = *connections_.at(id);
  Stream& stream = connection.streams[side];
  stream.bytes += frame.size();
  stream.frames.push_back({std::move(frame), queue_.now()});
  pump(id, side);
}

// Gives the front frame of a stream its arrival, unless something holds it.
void Net::pump(ConnectionId id, int side) {
  Connection* connection = find(id);
  if (connection == nullptr) return;
  Stream& stream = connection->streams[side];
  if (stream.scheduled || stream.frames.empty()) return;
  const MachineIndex from = connection->ends[side].machine;
  const MachineIndex to = connection->ends[1 - side].machine;
  if (from != to && is_cut(from, to)) return watch_silence(id, side);
  const std::uint64_t bandwidth = quality(from, to).bytes_per_s;
  const auto transfer = static_cast<std::int64_t>(stream.frames.front().bytes.size() * 1'000'000 / bandwidth);
  // Frames that follow one another closely share the propagation delay: each pays it from when it was sent.
  const Instant earliest = std::max({queue_.now(), stream.frames.front().at + delay(from, to), stream.last_arrival});
  stream.last_arrival = earliest + Duration::micros(transfer) + sent_again(from, to);
  stream.scheduled = true;
  const EventKind kind = is_heartbeat(stream.frames.front().bytes) ? EventKind::kTimer : EventKind::kWork;
  queue_.at(stream.last_arrival, kind, [this, id, side] { arrive(id, side); });
}

void Net::arrive(ConnectionId id, int side) {
  Connection* connection = find(id);
  if (connection == nullptr) return;
  Stream& stream = connection->streams[side];
  stream.scheduled = false;
  if (stream.frames.empty()) return;  // its machine went away
  const MachineIndex from = connection->ends[side].machine;
  const MachineIndex to = connection->ends[1 - side].machine;
  if (from != to && is_cut(from, to)) return watch_silence(id, side);
  const bool into_the_void = connection->from_stranger && side == 1;
  if (!connection->ends[1 - side].up && !into_the_void) {
    // A running machine answers bytes for a dead connection with a reset, a dead one not at all.
    if (hosts_.at(to)->incarnation() != 0) end_at(id, side, "connection reset by peer");
    return;
  }
  Bytes frame = std::move(stream.frames.front().bytes);
  stream.frames.pop_front();
  stream.bytes -= frame.size();
  const LinkId sender_link = connection->ends[side].link;
  const bool sender_up = connection->ends[side].up;
  const std::size_t size = frame.size();
  if (garble_one_in_ != 0 && !frame.empty() && rng_.chance(1, garble_one_in_)) {
    char& byte = frame[rng_.below(frame.size())];
    byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1u << rng_.below(8)));
  }
  const Fate fate = tamper_ ? tamper_(frame) : Fate::kDeliver;
  if (fate == Fate::kSwapWithNext && !stream.frames.empty()) std::swap(frame, stream.frames.front().bytes);
  if (sender_up) hosts_.at(from)->on_link_drained(sender_link, size);
  for (int copies = fate == Fate::kDrop ? 0 : fate == Fate::kTwice ? 2 : 1; copies > 0; --copies) {
    connection = find(id);
    if (connection == nullptr || !connection->ends[1 - side].up) break;
    deliver(*connection, side, copies == 1 ? std::move(frame) : frame);
  }
  pump(id, side);
}

void Net::deliver(Connection& connection, int side, Bytes frame) {
  ++delivered_frames_;
  delivered_bytes_ += frame.size();
  const End& to = connection.ends[1 - side];
  hosts_.at(to.machine)->on_link_frame(to.link, std::move(frame));
}

// The receiver of a stalled stream gives up when nothing came for its keepalive time.
void Net::watch_silence(ConnectionId id, int side) {
  Connection* connection = find(id);
  if (connection == nullptr || connection->streams[side].giving_up) return;
  connection->streams[side].giving_up = true;
  const Duration patience = kKeepaliveMin + Duration{static_cast<std::int64_t>(rng_.below(kKeepaliveSpreadUs))};
  queue_.at(queue_.now() + patience, EventKind::kTimer, [this, id, side] {
    Connection* still = find(id);
    if (still == nullptr) return;
    still->streams[side].giving_up = false;
    const MachineIndex from = still->ends[side].machine;
    const MachineIndex to = still->ends[1 - side].machine;
    const bool sender_gone = !still->ends[side].up;
    if (!sender_gone && !is_cut(from, to)) return pump(id, side);
    end_at(id, 1 - side, "keepalive timeout");
  });
}

void Net::drop_end(ConnectionId id, int side, const std::string& reason) {
  Connection* connection = find(id);
  if (connection == nullptr || !connection->ends[side].up) return;
  End& end = connection->ends[side];
  end.up = false;
  by_link_.erase({end.machine, end.link});
  const End gone = end;
  if (!connection->ends[0].up && !connection->ends[1].up) connections_.erase(id);
  if (!reason.empty()) hosts_.at(gone.machine)->on_link_down(gone.link, 0, reason);
}

void Net::end_at(ConnectionId id, int side, const std::string& reason) {
  Connection* connection = find(id);
  if (connection == nullptr) return;
  const MachineIndex here = connection->ends[side].machine;
  const MachineIndex there = connection->ends[1 - side].machine;
  drop_end(id, side, reason);
  if (find(id) == nullptr) return;
  if (here != there && is_cut(here, there)) return watch_silence(id, side);
  queue_.after(delay(here, there), [this, id, side] { drop_end(id, 1 - side, "connection reset by peer"); });
}

void Net::close(MachineIndex from, LinkId link, const std::string& reason) {
  const auto it = by_link_.find({from, link});
  if (it == by_link_.end()) return;
  const auto [id, side] = it->second;
  Connection& connection = *connections_.at(id);
  const MachineIndex to = connection.ends[1 - side].machine;
  // What was sent before the close still goes out, in order; then the peer hears of the end. The closer hears at
  // once, and nothing more from the link.
  drop_end(id, side, "");
  queue_.after(Duration::micros(50), [=, this, incarnation = hosts_.at(from)->incarnation()] {
    NetHost& host = *hosts_.at(from);
    if (host.incarnation() == incarnation) host.on_link_down(link, 0, reason);
  });
  Connection* still = find(id);
  if (still == nullptr) return;
  if (from != to && is_cut(from, to)) return watch_silence(id, side);
  const Instant when = std::max(queue_.now() + delay(from, to), still->streams[side].last_arrival);
  const ConnectionId connection_id = id;
  const int other = 1 - side;
  queue_.at(when, EventKind::kWork, [this, connection_id, other, reason] {
    drop_end(connection_id, other, fmt::format("closed by peer: {}", reason));
  });
}

void Net::host_gone(MachineIndex index, bool silent) {
  std::vector<std::pair<ConnectionId, int>> ends;
  for (const auto& [key, where] : by_link_) {
    if (key.first == index) ends.push_back(where);
  }
  for (const auto& end : ends) {
    const ConnectionId id = end.first;
    const int side = end.second;
    drop_end(id, side, "");
    Connection* connection = find(id);
    if (connection == nullptr) continue;
    connection->streams[side].frames.clear();  // they were in the machine's memory
    connection->streams[side].bytes = 0;
    const MachineIndex peer = connection->ends[1 - side].machine;
    if (silent || is_cut(index, peer)) {
      watch_silence(id, side);
    } else {
      queue_.after(delay(index, peer), [this, id, side] { drop_end(id, 1 - side, "connection reset by peer"); });
    }
  }
}

void Net::cut(MachineIndex from, MachineIndex to) {
  cuts_.insert({from, to});
  for (const auto& [id, connection] : connections_) {
    for (int side = 0; side < 2; ++side) {
      if (connection->ends[side].machine == from && connection->ends[1 - side].machine == to) watch_silence(id, side);
    }
  }
}

void Net::heal(MachineIndex from, MachineIndex to) {
  cuts_.erase({from, to});
  std::vector<std::pair<ConnectionId, int>> waiting;
  for (const auto& [id, connection] : connections_) {
    for (int side = 0; side < 2; ++side) {
      if (connection->ends[side].machine == from && connection->ends[1 - side].machine == to)
        waiting.emplace_back(id, side);
    }
  }
  for (const auto& [id, side] : waiting) pump(id, side);
}

void Net::heal_all() {
  const auto cuts = cuts_;
  for (const auto& [from, to] : cuts) heal(from, to);
}

void Net::reset(MachineIndex a, MachineIndex b) {
  std::vector<ConnectionId> ids;
  for (const auto& [id, connection] : connections_) {
    const MachineIndex x = connection->ends[0].machine;
    const MachineIndex y = connection->ends[1].machine;
    if ((x == a && y == b) || (x == b && y == a)) ids.push_back(id);
  }
  for (const ConnectionId id : ids) {
    drop_end(id, 0, "connection reset");
    drop_end(id, 1, "connection reset");
  }
}

std::size_t Net::undrained_bytes(MachineIndex from, LinkId link) const {
  const auto it = by_link_.find({from, link});
  if (it == by_link_.end()) return 0;
  return connections_.at(it->second.first)->streams[it->second.second].bytes;
}

}  // namespace pando::sim
