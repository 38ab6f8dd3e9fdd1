// node/fleet_suite.h — whole nodes with links between them, in memory: for tests of what only comes of several sites.
//
// Every node dials those before it. Frames arrive in order, at once; time goes on in steps for all alike. What else can
// happen to networks, disks and clocks is the simulator's business (sim/). On top of node/node_suite.h.
#pragma once

#include <algorithm>
#include <set>
#include <utility>

#include "node/node_suite.h"

namespace pando::node {

class Fleet {
 public:
  explicit Fleet(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      machines_.emplace_back();
      machines_[i].name = "dc" + std::to_string(i + 1);
      start(i);
    }
  }

  Rig& operator[](std::size_t i) { return *machines_[i].rig; }
  const std::string& name(std::size_t i) const { return machines_[i].name; }

  // The process ends without a word; its disk stays.
  void kill(std::size_t i) {
    drop_links_of(i);
    machines_[i].disks = machines_[i].rig->disks();
    machines_[i].rig.reset();
  }
  void start(std::size_t i) {
    Machine& machine = machines_[i];
    NodeConfig config;
    config.node_name = machine.name;
    config.seed = i + 1;
    for (std::size_t other = 0; other < i; ++other) {
      config.links.push_back({"peer." + machines_[other].name, machines_[other].name, "ns"});
    }
    machine.rig = std::make_unique<Rig>(config, machine.disks);
    machine.rig->now = now_;
    machine.rig->open({.name = "ns"});
  }
  void begin_anew(std::size_t i) { machines_[i].disks.clear(); }
  // Nothing passes between it and the others, either way.
  void cut(std::size_t i) {
    cut_.insert(i);
    drop_links_of(i);
  }
  void heal() { cut_.clear(); }

  // All clocks go on by so much, in steps.
  void pass(Duration time, Duration step = Duration::millis(200)) {
    for (std::int64_t left = time.us; left > 0; left -= step.us) {
      now_.mono_us += step.us;
      now_.wall_ms += step.millis();
      for (Machine& machine : machines_) {
        if (machine.rig) machine.rig->pass(step);
      }
      deliver();
    }
  }
  // Enough for links to come up and for everything to be everywhere.
  void settle() { pass(Duration::seconds(8)); }

  template <typename T>
  T ask(std::size_t i, Request request) {
    const Reply reply = operator[](i).ask("ns", std::move(request));
    EXPECT_TRUE(reply.status.ok()) << reply.status.to_string();
    const auto* body = std::get_if<T>(&reply.body);
    EXPECT_NE(body, nullptr);
    return body == nullptr ? T() : *body;
  }
  // Of all that has not ended by now; `now_ms` 0: of all.
  DigestReply digest(std::size_t i, std::optional<std::int64_t> as_of_ms = {}) {
    return ask<DigestReply>(i, DigestRequest{as_of_ms ? *as_of_ms : now_.wall_ms});
  }

 private:
  struct Machine {
    std::string name;
    Rig::Disks disks;
    std::unique_ptr<Rig> rig;
  };
  struct Wire {
    std::size_t from = 0;  // who dialled
    std::size_t to = 0;
    std::uint64_t dial_id = 0;
  };

  std::size_t index_of(const std::string& name) const {
    return static_cast<std::size_t>(
        std::find_if(machines_.begin(), machines_.end(), [&](const Machine& m) { return m.name == name; }) -
        machines_.begin());
  }
  void end(LinkId id) {
    const auto at = wires_.find(id);
    if (at == wires_.end()) return;
    const Wire wire = at->second;
    wires_.erase(at);
    for (const std::size_t i : {wire.from, wire.to}) {
      if (machines_[i].rig) machines_[i].rig->step(LinkDown{id, 0, "cut"});
    }
  }
  void drop_links_of(std::size_t i) {
    std::vector<LinkId> ended;
    for (const auto& [id, wire] : wires_) {
      if (wire.from == i || wire.to == i) ended.push_back(id);
    }
    for (const LinkId id : ended) end(id);
  }
  void dial(std::size_t from, const Dial& asked) {
    const std::size_t to = index_of(asked.address);
    if (!machines_[to].rig || cut_.contains(from) || cut_.contains(to)) {
      machines_[from].rig->step(LinkDown{{}, asked.dial_id, "no route"});
      return;
    }
    const LinkId id(++last_link_);
    wires_[id] = {from, to, asked.dial_id};
    machines_[from].rig->step(LinkUp{id, asked.dial_id, asked.address});
    machines_[to].rig->step(LinkUp{id, 0, machines_[from].name});
  }
  // Until nothing is under way.
  void deliver() {
    for (bool more = true; more;) {
      more = false;
      for (std::size_t i = 0; i < machines_.size(); ++i) {
        if (!machines_[i].rig) continue;
        for (const Dial& asked : std::exchange(machines_[i].rig->dials, {})) {
          dial(i, asked);
          more = true;
        }
        for (LinkSend& send : std::exchange(machines_[i].rig->frames, {})) {
          const auto wire = wires_.find(send.id);
          if (wire == wires_.end()) continue;
          const std::size_t to = wire->second.from == i ? wire->second.to : wire->second.from;
          machines_[i].rig->step(LinkDrained{send.id, send.frame.size()});
          machines_[to].rig->step(LinkFrame{send.id, std::move(send.frame)});
          more = true;
        }
        for (const LinkClose& close : std::exchange(machines_[i].rig->closes, {})) {
          end(close.id);
          more = true;
        }
      }
    }
  }

  std::vector<Machine> machines_;
  std::map<LinkId, Wire> wires_;
  std::set<std::size_t> cut_;
  std::uint64_t last_link_ = 0;
  Time now_{1'000'000, 1'700'000'000'000};
};

}  // namespace pando::node
