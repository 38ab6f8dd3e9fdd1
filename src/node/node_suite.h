// node/node_suite.h — a node on a perfect disk, for the tests of this folder: every output is carried out at once.
//
// Time stands still unless told to go on. The disk can be told to hold its answers back, so that a test sees
// what waits for durability. What can go wrong with disks and networks is the simulator's business (sim/).
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/limits.h"
#include "node/node.h"
#include "store/memory_kv.h"

namespace pando::node {

class Rig {
 public:
  struct Disk {
    store::MemoryKv kv;
    std::map<std::uint64_t, Bytes> segments;
  };
  using Disks = std::map<std::string, std::shared_ptr<Disk>>;

  explicit Rig(NodeConfig config, Disks disks = {}) : node_(std::move(config)), disks_(std::move(disks)) {}

  OpenReport open(NamespaceConfig config) {
    std::shared_ptr<Disk>& disk = disks_[config.name];
    if (disk == nullptr) disk = std::make_shared<Disk>();
    config.segment_bytes = 1 << 20;
    EXPECT_TRUE(node_.begin_open(config, disk->kv).has_value());
    for (const auto& [id, bytes] : disk->segments) (void)node_.feed_segment(config.name, id, bytes);
    Result<OpenReport> report = node_.finish_open(config.name, now, out);
    EXPECT_TRUE(report.has_value());
    carry_out();
    return *report;
  }

  void step(Input input) {
    node_.step(std::move(input), now, out);
    carry_out();
  }
  void pass(Duration time) {
    now.mono_us += time.us;
    now.wall_ms += time.millis();
    step(Tick{});
  }

  // Asks and returns the answer, which must be there at once.
  Reply ask(const std::string& ns, Request request, Terms terms = {}) {
    const RequestId id = send(ns, std::move(request), std::move(terms));
    const auto at = replies.find(id);
    EXPECT_NE(at, replies.end()) << "no reply yet";
    return at == replies.end() ? Reply() : at->second;
  }
  RequestId send(const std::string& ns, Request request, Terms terms = {}) {
    const RequestId id(++last_request_);
    step(ClientRequest{id, ns, std::move(request), std::move(terms)});
    return id;
  }
  bool answered(RequestId id) const { return replies.count(id) != 0; }

  // While true, LogWrites are carried out but not reported.
  void hold_log(bool hold) {
    hold_log_ = hold;
    carry_out();
  }
  // While true, checkpoints are neither written nor reported.
  void hold_checkpoints(bool hold) {
    hold_checkpoints_ = hold;
    carry_out();
  }
  // The next write fails.
  Status fail_next_write;
  // Sees each write before it is carried out.
  std::function<void(const LogWrite&)> on_write;
  // Segments cannot be prepared.
  Status prepare_status;
  // Checkpoints cannot be written.
  Status checkpoint_status;

  Node& node() { return node_; }
  const Disks& disks() const { return disks_; }

  Time now{1'000'000, 1'700'000'000'000};
  Outputs out;
  std::map<RequestId, Reply> replies;
  std::vector<WatchOpened> opened;
  std::vector<WatchEvent> events;
  std::vector<WatchEnded> ended;
  std::vector<WatchEvent> notified;
  std::vector<LinkSend> frames;
  std::vector<LinkClose> closes;
  std::vector<Dial> dials;
  std::vector<std::string> notes;
  std::size_t checkpoints = 0;  // handed out

 private:
  void carry_out() {
    for (bool more = true; more;) {
      more = false;
      Outputs now_out = std::move(out);
      out = {};
      collect(now_out);
      for (LogWrite& write : now_out.log_writes) {
        if (write.tell_written) {
          node_.step(LogWritten{write.ns, {}, /*durable=*/false}, now, out);
          more = true;
        }
        unreported_.push_back(std::move(write));
      }
      for (const SegmentPrepare& prepare : now_out.segment_prepares) {
        if (prepare_status.ok()) disks_.at(prepare.ns)->segments[prepare.segment_id] = Bytes(prepare.bytes_total, '\0');
        node_.step(SegmentPrepared{prepare.ns, prepare.segment_id, prepare_status}, now, out);
        more = prepare_status.ok();
      }
      for (CheckpointWrite& checkpoint : now_out.checkpoints) {
        ++checkpoints;
        unwritten_.push_back(std::move(checkpoint));
      }
      while (!hold_checkpoints_ && !unwritten_.empty()) {
        const CheckpointWrite checkpoint = std::move(unwritten_.front());
        unwritten_.pop_front();
        const Status status =
            checkpoint_status.ok() ? disks_.at(checkpoint.ns)->kv.write(checkpoint.batch) : checkpoint_status;
        node_.step(CheckpointWritten{checkpoint.ns, status}, now, out);
        more = true;
      }
      for (const SegmentRemove& remove : now_out.segment_removes) {
        disks_.at(remove.ns)->segments.erase(remove.segment_id);
        node_.step(SegmentRemoved{remove.ns, remove.segment_id, {}}, now, out);
        more = true;
      }
      for (const LogRead& read : now_out.log_reads) {
        const Bytes bytes = disks_.at(read.ns)->segments.at(read.segment_id).substr(read.offset, read.bytes);
        node_.step(LogReadDone{read.ns, read.read_id, {}, bytes}, now, out);
        more = true;
      }
      while (!hold_log_ && !unreported_.empty()) {
        const LogWrite write = std::move(unreported_.front());
        unreported_.pop_front();
        if (on_write) on_write(write);
        disks_.at(write.ns)->segments.at(write.segment_id).replace(write.offset, write.bytes.size(), write.bytes);
        node_.step(LogWritten{write.ns, std::exchange(fail_next_write, {})}, now, out);
        more = true;
      }
    }
  }

  void collect(Outputs& from) {
    for (ReplyOut& reply : from.replies) {
      EXPECT_TRUE(replies.emplace(reply.id, std::move(reply.reply)).second) << "answered twice";
    }
    for (WatchSend& send : from.watch_sends) {
      for (WatchEvent& event : send.events) events.push_back(std::move(event));
    }
    for (Notify& notify : from.notifies) {
      for (WatchEvent& event : notify.events) notified.push_back(std::move(event));
    }
    for (Note& note : from.notes) notes.push_back(std::move(note.text));
    append(opened, from.watches_opened);
    append(ended, from.watches_ended);
    append(frames, from.link_sends);
    append(closes, from.link_closes);
    append(dials, from.dials);
  }
  template <typename T>
  static void append(std::vector<T>& to, std::vector<T>& from) {
    for (T& one : from) to.push_back(std::move(one));
  }

  Node node_;
  Disks disks_;
  std::deque<LogWrite> unreported_;
  bool hold_log_ = false;
  std::deque<CheckpointWrite> unwritten_;
  bool hold_checkpoints_ = false;
  std::uint64_t last_request_ = 0;
};

// Shorthands for requests.
inline WriteRequest put(Bytes key, Bytes value) {
  Mutation mutation;
  mutation.key = std::move(key);
  mutation.value = std::move(value);
  return {{mutation}, false};
}
inline WriteRequest erase(Bytes key) {
  Mutation mutation;
  mutation.kind = Mutation::Kind::kDelete;
  mutation.key = std::move(key);
  return {{mutation}, false};
}
inline WriteRequest add(Bytes key, std::int64_t delta) {
  Mutation mutation;
  mutation.kind = Mutation::Kind::kAdd;
  mutation.key = std::move(key);
  mutation.delta = delta;
  return {{mutation}, false};
}
inline GetRequest get(Bytes key) { return {std::string(kTableKv), std::move(key), false}; }

// Of a Reply or an ItemReply.
template <typename AnyReply>
Bytes value_in(const AnyReply& reply) {
  EXPECT_TRUE(reply.status.ok()) << reply.status.to_string();
  const auto* value = std::get_if<ValueReply>(&reply.body);
  EXPECT_NE(value, nullptr);
  return value == nullptr || !value->found ? Bytes("(none)") : value->value;
}

}  // namespace pando::node
