// server/driver.h — turns the crank of one shard's node: inputs in, outputs out, all on the loop's one thread.
//
// A turn of the loop may bring many inputs (every request read from every ready socket, every finished disk
// job). Each is accepted, and what can be answered at once is answered at once. What they add up to (log
// writes, frames, notifications) is asked for and carried out when the turn ends, so that a log write takes
// along all that came in with it.
//
// What one look at the sockets brought, or one batch of the inbox, is a round: the turn ends with it. Elsewhere a
// handler that is posted ends it. A handler costs another look at all that the loop watches (a system call): rounds
// spare it.
//
// After a write that answered several clients the next one may wait a little for them: server/group_commit.h. That of a
// client who is alone is done here: server/lone_writer.h. So are those of many clients where that serves them sooner:
// server/writer_trial.h. What is answered when the operating system has it is given to that here: server/sync_queue.h.
//
// HTTP and the Redis protocol call this as their sink; disk and gRPC threads hand their inputs in through post(). One
// timer stands for Outputs::wake_at. Once the loop runs, the node is touched from here only.
//
// A client may ask for a namespace of another shard: its request goes to that one's inbox, and what is answered comes
// back to the loop at whose door it asked, all of a turn at once.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "io/grpc/links.h"
#include "io/http/http_server.h"
#include "io/resp/resp_server.h"
#include "io/zmq/publisher.h"
#include "node/node.h"
#include "server/disk.h"
#include "server/group_commit.h"
#include "server/inbox.h"
#include "server/lone_writer.h"
#include "server/shard_map.h"
#include "server/sync_queue.h"
#include "server/writer_trial.h"

namespace pando::server {

class Driver final : public io::http::HttpSink, public io::resp::RespSink {
 public:
  // Where outputs go. All outlive the driver's last turn; set before the first.
  struct Ends {
    Disk* disk = nullptr;
    io::Links* links = nullptr;
    io::http::HttpServer* http = nullptr;
    io::resp::RespServer* resp = nullptr;                               // null: not served
    std::map<std::string, io::zmq::Publisher, std::less<>> publishers;  // by namespace
    std::map<std::string, io::DialOptions> dials;                       // by LinkConfig::config_name
  };

  // What other shards' nodes say to clients of this one.
  struct Answers {
    std::vector<node::ReplyOut> replies;
    std::vector<node::WatchOpened> watches_opened;
    std::vector<node::WatchSend> watch_sends;
    std::vector<node::WatchEnded> watches_ended;
  };

  // Which of the shards it is. `shards` outlives the driver.
  Driver(boost::asio::io_context& loop, node::Node& node, const ShardMap& shards, std::size_t index);

  Ends& ends() { return ends_; }
  // Every namespace of the shard is one or the other: the node serves it, or it could not even be opened and
  // answers `why` to everything.
  void add_namespace(const std::string& ns) { add_broken_namespace(ns, {}); }
  void add_broken_namespace(const std::string& ns, Status why);
  // What recovery left to do. Before the loop runs.
  node::Outputs& outputs() { return out_; }
  void schedule_flush();

  // Any thread.
  void post(node::Input input) { inbox_.push(std::move(input)); }
  void post(Answers answers);

  void begin_stop();
  // Set once; called whenever an input was taken in or a turn has ended, to see whether the node has stopped.
  void on_progress(std::function<void()> check) { progress_ = std::move(check); }
  // A client asks how the process is: HttpServer::on_health() or on_metrics() answers.
  enum class About : std::uint8_t { kHealth, kMetrics };
  void on_asked(std::function<void(RequestId, About)> answer) { asked_ = std::move(answer); }
  // Of the shard's namespaces.
  std::vector<api::NamespaceHealth> health() const;

  // HttpSink.
  bool has_namespace(std::string_view ns) const override;
  void submit(RequestId id, std::string_view ns, Request request, Terms terms) override;
  // RespSink: replies wait for the end of the turn. Sent one by one they would each wake a client who has only just
  // gone to sleep; sent together they find it awake.
  void ask(RequestId id, std::string_view ns, Request&& request, std::size_t clients) override;
  void gathers() override { schedule_flush(); }
  void asked() override { inbox_.take_if_written(); }
  void begin_round() override { ++rounds_; }
  void end_round() override;
  void listen(node::WatchOpen open) override;
  void heard(WatchId id) override;
  void stop_listening(WatchId id) override;
  void watch_open(node::WatchOpen open) override;
  void watch_ready(WatchId id) override;
  void watch_close(WatchId id) override;
  io::http::HttpServer* home_of(std::string_view ns) const override;
  void ask_health(RequestId id) override { asked_(id, About::kHealth); }
  void ask_metrics(RequestId id) override { asked_(id, About::kMetrics); }

 private:
  struct Served {
    Status broken;  // ok: the node serves it
    GroupCommit pace;
    std::optional<Duration> worked;  // the loop's processor time when the last log write came back, if that was weighed
    boost::asio::steady_timer pace_timer;
    SyncQueue syncs;
    boost::asio::steady_timer sync_timer;
    std::optional<Instant> sync_armed = {};  // what sync_timer waits for
  };

  // Null: `ns` is of this shard, or of none.
  Driver* other_owner(std::string_view ns) const;
  Driver* other_owner(WatchId id) const;
  void take(std::vector<node::Input>& inputs);
  void take(Answers& answers);
  void take(node::ClientRequest&& asked);
  void accept(node::Input input);
  // What a thread of the disk made durable: one write, or all of a sync.
  void accept_durable(node::LogWritten written);
  // `ns`: as namespaces_ has it.
  void accept_written(node::LogWritten written, const std::string& ns, Served& served);
  // The next log write of `ns` waits for more requests, or no longer.
  void hold_log(const std::string& ns, Served& served);
  void wait_for_requests(const std::string& ns, Served& served);
  void release_log(const std::string& ns);
  // Those who wait for what is to be answered from the reply with that index on.
  std::size_t clients_from(std::size_t reply) const;
  // Replies at once; a reply may make HTTP submit the next request of the same connection, so this does not nest.
  void flush_replies();
  void answer(node::ReplyOut& reply);
  void answer_here(node::ReplyOut& reply);
  // Of the client with that id, who asked at another shard's door. Null: at this one's.
  Answers* abroad(std::uint64_t id);
  void flush();
  // A handler of its own ends the turn.
  void post_flush();
  static std::optional<Duration> weigh_loop(Served& served, std::size_t answered);
  // What the turn's inputs add up to is asked for; what is for the disk is given to it.
  void end_turn();
  void send_to_disk(Instant now);
  void write_here(node::LogWrite job);
  // Gives it to the operating system; the disk is asked for later, together with what follows.
  void put_here(const node::LogWrite& job);
  void sync_log(const std::string& ns, Served& served, Instant now);
  void send_to_links();
  void send_to_watchers();
  // A watcher, at whichever door.
  template <typename Said>
  void tell(std::vector<Said>& all, std::vector<Said> Answers::*abroad_as);
  bool of_resp(std::uint64_t id) const;
  void tell_here(node::WatchOpened&& opened);
  void tell_here(node::WatchSend&& send);
  void tell_here(node::WatchEnded&& ended);
  void send_abroad();
  void write_notes();
  void arm_timer();

  boost::asio::io_context& loop_;
  node::Node& node_;
  const ShardMap& shards_;
  const std::size_t index_;
  Ends ends_;
  node::Outputs out_;
  std::vector<node::ReplyOut> replying_;
  std::map<Driver*, Answers> abroad_;             // to go out when the turn ends
  std::map<WatchId, Driver*> watches_of_others_;  // opened here, of namespaces of other shards
  Inbox inbox_;
  LoneWriter lone_;
  WriterTrial trial_;
  boost::asio::steady_timer timer_;
  Instant armed_at_{INT64_MAX};
  std::map<std::string, Served, std::less<>> namespaces_;
  std::size_t rounds_ = 0;     // one in another
  bool flush_wanted_ = false;  // something came that the turn has to end for
  bool flush_posted_ = false;  // a handler will see to that
  bool in_replies_ = false;
  std::function<void()> progress_;
  std::function<void(RequestId, About)> asked_;
};

}  // namespace pando::server
