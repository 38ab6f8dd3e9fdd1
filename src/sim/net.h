// sim/net.h — streams of frames between machines, and everything that goes wrong with them.
//
// A connection is two streams, one each way. Inside a stream frames stay whole, in order, once; across
// streams nothing is ordered. Duplicates and gaps arise as they do in life: from connections that end with
// frames under way, and new ones.
//
//   cut       frames of one direction wait. Whoever hears nothing for its keepalive time gives up (LinkDown);
//             the other end is told when the way back is open, otherwise it finds out by itself: until then
//             the connection is half-open.
//   heal      what waits goes on. Connections that ended stay ended; nodes dial again.
//   reset     a connection ends now; frames under way are lost.
//   slow      a delay and a bandwidth per pair of machines.
//
// A frame counts as drained when it was delivered, so a stalled stream drains nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/prng.h"
#include "base/status.h"
#include "sim/event_queue.h"

namespace pando::sim {

// Index of a machine in its World.
using MachineIndex = std::uint32_t;

// What a machine hears from the network.
class NetHost {
 public:
  virtual ~NetHost() = default;
  // Counts this machine's processes from 1; 0 while none runs. An answer to an earlier process is dropped.
  virtual std::uint64_t incarnation() const = 0;
  virtual LinkId new_link() = 0;
  virtual void on_link_up(LinkId id, std::uint64_t dial_id, const std::string& peer_address) = 0;
  virtual void on_link_frame(LinkId id, Bytes frame) = 0;
  virtual void on_link_drained(LinkId id, std::size_t bytes) = 0;
  virtual void on_link_down(LinkId id, std::uint64_t dial_id, const std::string& reason) = 0;
};

struct LinkQuality {
  Duration delay_min = Duration::micros(200);
  Duration delay_max = Duration::millis(2);
  std::uint64_t bytes_per_s = 100'000'000;
  // Of a million frames so many are lost, and sent again by whoever keeps them in order: late, but there.
  std::uint32_t lost_of_million = 0;
};

class Net {
 public:
  Net(EventQueue& queue, Prng rng) : queue_(queue), rng_(rng) {}

  // Hosts are added once and outlive the net's use of them; `address` is what others dial.
  void add_host(MachineIndex index, std::string address, NetHost& host);

  // What machines ask.
  void dial(MachineIndex from, std::uint64_t dial_id, const std::string& address);
  void send(MachineIndex from, LinkId id, Bytes frame);
  // Both ends are told LinkDown; the other one after the frames sent before.
  void close(MachineIndex from, LinkId id, const std::string& reason);
  // The machine went away: at once for its peers, or without a word (power cut).
  void host_gone(MachineIndex index, bool silent);

  // Faults.
  void cut(MachineIndex from, MachineIndex to);  // this direction
  void heal(MachineIndex from, MachineIndex to);
  void heal_all();
  bool is_cut(MachineIndex from, MachineIndex to) const { return cuts_.count({from, to}) != 0; }
  bool any_cut() const { return !cuts_.empty(); }
  void reset(MachineIndex a, MachineIndex b);  // every connection between the two
  void set_quality(MachineIndex a, MachineIndex b, LinkQuality quality);
  void reset_qualities() { qualities_.clear(); }
  // One frame in so many arrives with a bit flipped; 0: none.
  void garble_one_in(std::uint64_t frames) { garble_one_in_ = frames; }

  // Mutations: called for each frame about to be delivered; may change it, and says what becomes of it.
  enum class Fate : std::uint8_t { kDeliver, kDrop, kTwice, kSwapWithNext };
  void set_tamper(std::function<Fate(Bytes& frame)> tamper) { tamper_ = std::move(tamper); }

  // A connection to `to` from nowhere that sends `frames` as they are and listens to nothing.
  void stranger(MachineIndex to, std::vector<Bytes> frames);

  // Connections that `from` has dialled and that are open at both ends.
  std::size_t open_dials(MachineIndex from, MachineIndex to) const;
  std::size_t connection_count() const { return connections_.size(); }
  std::uint64_t delivered_frames() const { return delivered_frames_; }
  std::uint64_t delivered_bytes() const { return delivered_bytes_; }
  // Sent on this link and not yet delivered.
  std::size_t undrained_bytes(MachineIndex from, LinkId id) const;

 private:
  struct Sent {
    Bytes bytes;
    Instant at{0};
  };
  struct Stream {
    std::deque<Sent> frames;
    std::size_t bytes = 0;
    Instant last_arrival{0};
    bool scheduled = false;  // the front frame has a delivery event
    bool giving_up = false;  // the receiver's keepalive clock runs
  };
  struct End {
    MachineIndex machine = 0;
    LinkId link;
    bool up = false;  // this end was told LinkUp and not yet LinkDown
  };
  struct Connection {
    End ends[2];        // 0 dialled
    Stream streams[2];  // [i] flows from ends[i]
    bool from_stranger = false;
  };
  using ConnectionId = std::uint64_t;

  Connection* find(ConnectionId id);
  LinkQuality quality(MachineIndex a, MachineIndex b) const;
  Duration delay(MachineIndex a, MachineIndex b);
  Duration sent_again(MachineIndex a, MachineIndex b);
  void dial_failed(MachineIndex from, std::uint64_t incarnation, std::uint64_t dial_id, const std::string& reason);
  void open(MachineIndex from, MachineIndex to, std::uint64_t dial_id);
  void pump(ConnectionId id, int side);
  void arrive(ConnectionId id, int side);
  void deliver(Connection& connection, int side, Bytes frame);
  void watch_silence(ConnectionId id, int side);
  // Ends one end now; the other hears of it if the way is open, by silence otherwise.
  void end_at(ConnectionId id, int side, const std::string& reason);
  void drop_end(ConnectionId id, int side, const std::string& reason);

  EventQueue& queue_;
  Prng rng_;
  std::map<MachineIndex, NetHost*> hosts_;
  std::map<std::string, MachineIndex> addresses_;
  std::map<MachineIndex, std::string> address_of_;
  ConnectionId next_connection_ = 1;
  std::map<ConnectionId, std::unique_ptr<Connection>> connections_;
  std::map<std::pair<MachineIndex, LinkId>, std::pair<ConnectionId, int>> by_link_;
  std::set<std::pair<MachineIndex, MachineIndex>> cuts_;
  std::map<std::pair<MachineIndex, MachineIndex>, LinkQuality> qualities_;
  std::function<Fate(Bytes&)> tamper_;
  std::uint64_t garble_one_in_ = 0;
  std::uint64_t delivered_frames_ = 0;
  std::uint64_t delivered_bytes_ = 0;
};

}  // namespace pando::sim
