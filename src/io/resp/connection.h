// io/resp/connection.h — one client: commands in, answers out in their order.
//
// Commands that were read together are asked together, as one PipelineRequest with the serial of its first item. A few
// small writes are not even asked at once, but with those of other connections when the turn ends
// (io/resp/gathering.h).
//
// Commands that wait for the node stand in waiting_, oldest first. Request ids of a connection are dense, so a
// reply finds its command by number. An answer goes straight into out_ when its command is the oldest, else it is
// kept with the command. Life:
//
// A publication stands in line behind what has been asked, as an answer that is ready. A command that has to be
// answered before the next one is understood (WATCH) holds up those behind it.
//
//   open     reads and answers
//   closing  no further command is read; closes when all answers have left   (QUIT, malformed bytes, stop)
//   closed   replies still to come are dropped
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "api/resp_parser.h"
#include "api/resp_session.h"
#include "base/check.h"
#include "base/in_buffer.h"
#include "io/loop/readiness.h"
#include "io/loop/socket.h"
#include "io/resp/feed.h"
#include "io/resp/gathering.h"
#include "io/resp/resp_server.h"

namespace pando::io::resp {

class Connection;

// What each of `count` requests of a pipeline is answered; nullptr when it was refused as a whole.
ItemReply* items_of(Reply& reply, std::size_t count);

// What the connections of one server share.
class Hub : public api::RespHost {
 public:
  Hub(boost::asio::io_context& loop, RespOptions o, RespSink& s)
      : options(std::move(o)), sink(s), executor(loop.get_executor()), readiness(loop) {
    CHECK(!options.databases.empty());
    for (std::size_t db = 0; db < options.databases.size(); ++db) {
      feeds.emplace_back(sink, db, options.databases[db].ns, options.id_tag);
    }
  }
  const RespOptions options;
  RespSink& sink;
  const boost::asio::any_io_executor executor;
  loop::Readiness readiness;  // of the connections' sockets
  RespStats stats;
  api::RespPlan plan;   // of the command being looked at
  api::RespPlan plain;  // of a plain command that is answered: its form and version are written into it
  // What the connection that takes commands has not asked yet. Empty between two turns of taking.
  std::vector<PipelineItem> pipeline;
  api::SpareMutations spare_mutations;  // of what was asked
  // What connections have taken in this turn and is asked when it ends: of one database.
  Gathering gathering;
  std::size_t gathered_db = 0;
  std::deque<Feed> feeds;         // of each database
  std::size_t in_bytes = 0;       // buffered by all connections
  std::int64_t monotonic_us = 0;  // as of the last tick

  RequestId request_id(std::uint32_t slot, std::uint32_t serial) const {
    return RequestId(std::uint64_t{options.id_tag} << 56 | std::uint64_t{slot} << 32 | serial);
  }
  // Asks what was gathered.
  void ask_gathered();
  // The memory of a pipeline's items comes back.
  std::vector<PipelineItem> ask(RequestId id, std::size_t db, Request&& request, std::size_t clients);
  const std::vector<api::RespDatabase>& databases() const override { return options.databases; }
  api::RespChannels& channels(std::size_t db) override { return feeds[db].channels; }
  void listens(std::size_t db) override { feeds[db].want(); }
  api::SpareMutations& spare() override { return spare_mutations; }
  // A connection has begun to want its socket looked at.
  virtual void wants_readiness() = 0;
  // The connection has something to send.
  virtual void wants_flush(Connection& connection) = 0;
  virtual void remove(std::uint32_t slot, std::uint32_t next_serial) = 0;
};

class Connection final : public loop::Client,
                         public api::RespSubscriber,
                         public KeyWaiter,
                         public std::enable_shared_from_this<Connection> {
 public:
  // `first_serial` follows the last one used in this slot, so that a late reply finds nobody.
  Connection(Hub& hub, boost::asio::ip::tcp::socket socket, std::uint32_t slot, std::uint32_t first_serial,
             std::uint64_t client_id);

  void start() override;
  void start_refused(std::string_view why) override;
  void on_ready(const loop::Ready& ready);
  void on_reply(std::uint32_t serial, Reply&& reply);
  // Of `count` requests from `first` on; without items all of them are refused with `status`.
  void on_items(std::uint32_t first, std::uint32_t count, const Status& status, ItemReply* items);
  // Sends what is there, and looks at what had to wait for room.
  void flush();
  void tick() override;
  void finish_soon() override;
  void close() override;
  void describe(Bytes& out) const { session_.describe(out); }
  void on_message(const Bytes* pattern, ByteSpan channel, ByteSpan message) override;
  std::uint64_t subscriber_id() const override { return client_id_; }
  void on_key_changed() override;
  bool takes() const override { return blocked_ != nullptr && blocked_->takes; }

  bool flush_wanted = false;

 private:
  // A command that is not answered. Small, as each client of a pipeline has many.
  struct Waiting {
    std::uint32_t first_serial = 0;
    std::uint32_t parts = 0;
    std::uint32_t left = 0;  // replies to come; 0: `whole->plan.text` is the answer, or it is in out_
    int version = 2;
    api::RespForm form;  // of a plain one
    struct Whole {
      api::RespPlan plan;
      std::vector<ItemReply> replies;
    };
    std::unique_ptr<Whole> whole;  // of all others, and of one that was answered out of its turn
  };
  // A command that waits for its keys to change. The last one taken in: it holds up those behind it.
  struct Blocked {
    explicit Blocked(const boost::asio::any_io_executor& executor) : timer(executor) {}
    std::uint32_t first_serial = 0;
    bool sleeps = false;  // it waits for its time only
    std::vector<Bytes> keys;
    bool takes = false;    // what it waits for
    bool asked = false;    // again, and not answered yet
    bool over = false;     // it has waited long enough
    bool changed = false;  // while it was asked
    boost::asio::steady_timer timer;
  };

  bool may_take() const;
  void take_commands();
  void on_command();
  // Answers what hub_.plan says when it is time.
  void sleep();
  void wait_with(api::RespPlan&& plan, std::uint32_t parts);
  // What the plan asks, now or with the commands around it.
  void ask();
  void ask_pipeline();
  // The same where the turn may end before it is asked, as what was taken in is small.
  void gather_pipeline();
  // As Hub::ask().
  std::vector<PipelineItem> ask_part(std::uint32_t serial, Request&& request);
  // The command with that request. Nullptr when it is answered.
  Waiting* command_of(std::uint32_t serial);
  // Puts the answers that are due into out_.
  void on_part(std::uint32_t serial, ItemReply&& reply);
  // True when it is not to be answered yet.
  bool goes_on_waiting(Waiting& one);
  void ask_again();
  // In so many milliseconds it is over, and asked a last time.
  void end_in(std::int64_t ms);
  void end_blocking();
  void deliver();
  void malformed(std::string_view text);
  // Has the socket watched for what is wanted of it now.
  void look();
  bool wants_read() const;
  void read();
  void send();
  std::size_t unsent() const { return out_.size() - out_begin_; }

  Hub& hub_;
  loop::Socket socket_;
  const std::uint32_t slot_;
  const std::uint64_t client_id_;
  std::uint32_t next_serial_;
  api::RespSession session_;
  std::size_t db_ = 0;  // the session's, but while it is being changed
  api::RespParser parser_;
  InBuffer in_;
  std::size_t in_counted_ = 0;  // of in_, in hub_'s total
  std::deque<Waiting> waiting_;
  std::deque<std::pair<std::uint32_t, std::uint32_t>> pipelines_;  // asked: first serial, items
  std::uint32_t gathered_in_ = 0;                                  // Gathering::serial() of what it last gave there
  Bytes out_;
  std::size_t out_begin_ = 0;
  std::unique_ptr<Blocked> blocked_;
  std::size_t pushed_bytes_ = 0;  // of publications, since everything was last sent
  bool overrun_ = false;          // with more of them than it may leave unread
  bool held_up_ = false;          // by a command whose answer the next one needs
  bool taking_ = false;
  bool quiet_ = false;    // nothing was read since the last tick
  bool writing_ = false;  // the socket has no room
  bool watched_ = false;  // false: the system has no room for it, and it is closed at once
  loop::Interest looks_for_;
  bool closing_ = false;
  bool closed_ = false;
  std::int64_t deadline_us_ = INT64_MAX;
};

}  // namespace pando::io::resp
