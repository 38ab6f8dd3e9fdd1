// io/http/connection.h — one TCP connection: requests in, answers out, one request at a time.
//
// States, and what moves each on:
//   kHead      no request, or part of a head      head whole → kBody, kUpload, or an answer
//   kBody      head understood, body arriving     body whole → parsed and handed to the node
//   kAnswer    the node has it                    on_reply → answer → kHead (or kLinger)
//   kUpload    body and chunk requests, in turns  committed or failed → answer
//   kDownload  head sent; chunk by chunk          last chunk written → kHead
//   kWatch     event stream                       ended, or the client left
//   kLinger    final answer out, reading the rest so that the client gets to see it
//   kClosed
//
// pump() does whatever can be done without waiting, in a loop, so a reply that comes back inside submit() nests
// no call. Memory per connection: one read block, one body, and answers up to kOutBytesMax (plus one reply).
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "api/lob_transfer.h"
#include "base/in_buffer.h"
#include "io/http/answer.h"
#include "io/http/http_server.h"
#include "io/http/hub.h"
#include "io/http/request_parser.h"

namespace pando::io::http {

class Connection final : public loop::Client, public std::enable_shared_from_this<Connection> {
 public:
  Connection(Hub& hub, boost::asio::ip::tcp::socket socket, std::uint32_t slot);

  void start() override;
  // Says 503 and closes, without looking at a request.
  void start_refused(std::string_view why) override;

  // Only what belongs to the running request is acted on.
  void on_reply(RequestId id, Reply&& reply);
  void on_health(RequestId id, const std::vector<api::NamespaceHealth>& namespaces);
  void on_metrics(RequestId id, const std::string& text);
  void on_watch_opened(const node::WatchOpened& opened);
  void on_watch_send(const node::WatchSend& send);
  void on_watch_ended(const node::WatchEnded& ended);

  // Coarse time passed.
  void tick() override;
  // No further request on this connection; closes now when it is idle.
  void finish_soon() override;
  void close() override;

 private:
  enum class State : std::uint8_t { kHead, kBody, kAnswer, kUpload, kDownload, kWatch, kLinger, kClosed };

  // What pump() tries in each state; true when something happened. connection_flow.cc has the streams.
  void pump();
  bool step();
  bool step_head();
  bool step_body();
  bool step_upload();
  bool step_download();
  bool step_watch();

  void on_head();
  void on_request();
  void on_plain_request();
  void on_object_request();
  void on_watch_request();
  void on_process_request();
  void answer_health(const std::vector<api::NamespaceHealth>& namespaces);
  // Whether the answer to `id` is the one that is waited for; then it is no more.
  bool takes_answer(RequestId id);
  void on_erase_reply(Reply reply);
  void on_download_reply(Reply reply);

  // Puts an answer behind what is still to be written, and gets ready for what follows it. Of `head`, what this
  // connection knows is filled in here.
  void answer(AnswerHead head, const Bytes& body);
  void answer_error(const api::HttpError& error);
  void answer_reply(const Reply& reply);
  void end_answer();
  void count_answer(int status);

  // Answers once the body, if any, has been skipped; or at once, and closes.
  void refuse(api::HttpError error);
  // Not HTTP, or beyond a limit that makes the rest of the stream meaningless.
  void reject(api::HttpError error);
  bool is_malformed(const boost::system::error_code& ec) const;
  void reject_parse(const boost::system::error_code& ec);

  void submit(Request request);
  // Goes on at the loop where its requests are answered, if that is another one and this is a moment for it.
  bool moves_home();
  void flush();
  void want_write();
  void want_read();
  void on_read(const boost::system::error_code& ec, std::size_t bytes);
  void on_timeout();
  void begin_linger();
  void deadline_in(Duration span);
  void release_body();

  Hub& hub_;
  boost::asio::ip::tcp::socket socket_;
  const std::uint32_t slot_;
  State state_ = State::kHead;

  InBuffer in_;
  Head head_;
  std::optional<RequestParser> parser_;
  Bytes body_;
  std::size_t body_counted_ = 0;  // of body_, in hub_'s total
  api::Call call_;
  std::optional<api::HttpError> refusal_;  // answered when the body has been skipped
  bool keep_alive_ = true;
  std::size_t answered_elsewhere_ = 0;  // of the last requests, one after the other

  std::variant<std::monostate, api::LobUpload, api::LobErase, api::LobDownload> flow_;
  RequestId request_id_;  // outstanding; 0 when none
  WatchId watch_id_;      // open or opening; 0 when none
  bool watch_ready_due_ = false;
  std::int64_t heartbeat_at_us_ = 0;
  std::int64_t linger_left_ = 0;

  Bytes out_;
  std::size_t out_begin_ = 0;
  bool pumping_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool last_request_ = false;  // stopping
  std::int64_t deadline_us_ = INT64_MAX;
};

}  // namespace pando::io::http
