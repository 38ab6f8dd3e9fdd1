#include "io/http/connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include "api/errors.h"
#include "base/check.h"
#include "base/give_back.h"

namespace pando::io::http {
namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t kHeadReadBytes = 4 * 1024;
constexpr std::size_t kBodyReadBytes = 64 * 1024;
constexpr std::size_t kOutBytesMax = 256 * 1024;    // unwritten answers before further pipelined requests wait
constexpr std::size_t kKeepBytesMax = 256 * 1024;   // larger buffers are given back after use
constexpr std::uint64_t kSkipBytesMax = 64 * 1024;  // a refused body up to this size is read, not cut off
constexpr std::int64_t kLingerBytesMax = 64 << 20;  // read after the last answer, so that the client sees it
constexpr std::size_t kMovesAfter = 4;              // requests for namespaces of another loop
constexpr Duration kLingerMax = Duration::seconds(2);

void keep_small(Bytes& bytes) {
  if (bytes.capacity() > kKeepBytesMax) give_back(bytes);
}

}  // namespace

Connection::Connection(Hub& hub, asio::ip::tcp::socket socket, std::uint32_t slot)
    : hub_(hub), socket_(std::move(socket)), slot_(slot) {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
}

void Connection::start() {
  deadline_in(hub_.options.idle_max);
  want_read();
}

void Connection::start_refused(std::string_view why) {
  keep_alive_ = false;
  answer_error({503, std::string(why), {}, StatusCode::kOverloaded});
  pump();
}

void Connection::pump() {
  if (pumping_) return;
  pumping_ = true;
  while (state_ != State::kClosed) {
    if (step()) continue;
    const bool had_output = !out_.empty();
    flush();
    // Once everything is written, streams go on and waiting pipelined requests are looked at.
    if (!had_output || !out_.empty()) break;
  }
  pumping_ = false;
  if (!moves_home()) want_read();
}

bool Connection::moves_home() {
  const bool idle = state_ == State::kHead && in_.empty() && !parser_ && out_.empty() && !reading_ && !writing_;
  if (answered_elsewhere_ < kMovesAfter || !idle || last_request_) return false;
  HttpServer* const home = hub_.sink.home_of(call_.ns);
  if (home == nullptr) return false;
  error_code ec;
  const asio::ip::tcp protocol = socket_.local_endpoint(ec).protocol();
  if (ec) return false;
  const int fd = socket_.release(ec);
  if (ec) return false;
  home->take_over(protocol, fd);
  state_ = State::kClosed;
  hub_.remove(slot_);
  return true;
}

bool Connection::step() {
  switch (state_) {
    case State::kHead: return step_head();
    case State::kBody: return step_body();
    case State::kUpload: return step_upload();
    case State::kDownload: return step_download();
    case State::kWatch: return step_watch();
    case State::kLinger:
      linger_left_ -= static_cast<std::int64_t>(in_.size());
      in_.consume(in_.size());
      if (linger_left_ < 0) close();
      return false;
    case State::kAnswer:
    case State::kClosed: return false;
  }
  return false;
}

// Reading. -------------------------------------------------------------------------------------------------

bool Connection::step_head() {
  if (in_.empty() || out_.size() - out_begin_ > kOutBytesMax) return false;
  if (!parser_) {
    parser_.emplace(head_, body_, static_cast<std::uint32_t>(hub_.options.head_bytes_max), hub_.options.body_bytes_max);
  }
  error_code ec;
  const std::string_view bytes = in_.view();
  in_.consume(parser_->put(asio::const_buffer(bytes.data(), bytes.size()), ec));
  if (ec == beast_http::error::need_more) return false;
  if (ec) {
    reject_parse(ec);
    return true;
  }
  if (!parser_->is_header_done()) return false;
  on_head();
  return true;
}

void Connection::on_head() {
  ++hub_.stats.requests;
  keep_alive_ = parser_->keep_alive() && !last_request_;
  refusal_.reset();
  state_ = State::kBody;
  deadline_in(hub_.options.stall_max);
  call_.head = head_.method == "HEAD";
  // The first line decides what follows; a refusal is answered behind the body.
  if (head_.version == 11 && !head_.has_host) return reject({400, "missing Host header"});
  if (head_.coded_otherwise) return reject({501, "unsupported Transfer-Encoding, only chunked is known"});
  if (head_.expects_other) return refuse({417, "unknown expectation"});
  auto call = api::route(api::method_of(head_.method), head_.target);
  if (!call) return refuse(std::move(call.error()));
  call_ = std::move(*call);

  const api::Carriage how = call_.carriage();
  if (call_.in_namespace() && !hub_.sink.has_namespace(call_.ns))
    return refuse({404, "namespace not found: " + call_.ns, {}, StatusCode::kNotFound});
  if (how != api::Carriage::kUpload && head_.body_bytes.value_or(0) > hub_.options.body_bytes_max) {
    return reject_parse(beast_http::make_error_code(beast_http::error::body_limit));
  }
  if (head_.expects_continue && !parser_->is_done() && in_.empty()) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  if (how == api::Carriage::kUpload) {
    if (Status status = api::take_terms(head_.headers(), call_); !status.ok()) return refuse(api::http_error(status));
    flow_.emplace<api::LobUpload>(call_.key, limits::kLobChunkBytes);
    parser_->lift_body_limit();
    state_ = State::kUpload;
    return;
  }
  body_.reserve(std::min<std::uint64_t>(head_.body_bytes.value_or(0), kBodyReadBytes) + 64);
}

bool Connection::step_body() {
  if (!parser_->is_done()) {
    if (in_.empty()) return false;
    error_code ec;
    const std::string_view bytes = in_.view();
    parser_->eager(true);
    in_.consume(parser_->put(asio::const_buffer(bytes.data(), bytes.size()), ec));
    if (refusal_) body_.clear();
    const std::size_t bodies_bytes = hub_.count_body(body_.size(), body_counted_);
    body_counted_ = body_.size();
    if (is_malformed(ec)) {
      reject_parse(ec);
      return true;
    }
    if (bodies_bytes > hub_.options.bodies_bytes_max && !parser_->is_done()) {
      reject({503,
              "too many request bodies in memory, the limit is " + std::to_string(hub_.options.bodies_bytes_max),
              {},
              StatusCode::kOverloaded});
      return true;
    }
    if (!parser_->is_done()) return false;
  }
  if (refusal_) {
    const api::HttpError error = std::move(*refusal_);
    refusal_.reset();
    answer_error(error);
  } else {
    on_request();
  }
  return true;
}

void Connection::refuse(api::HttpError error) {
  const bool short_rest =
      parser_->is_done() || (!head_.expects_continue && head_.body_bytes.value_or(UINT64_MAX) <= kSkipBytesMax);
  if (!short_rest) return reject(std::move(error));
  refusal_ = std::move(error);
}

void Connection::reject(api::HttpError error) {
  keep_alive_ = false;
  answer_error(error);
}

// need_more is no error, unless what the parser wants to see whole (a chunk's extension) grows without end.
bool Connection::is_malformed(const error_code& ec) const {
  return ec == beast_http::error::need_more ? in_.size() >= kBodyReadBytes : ec.failed();
}

void Connection::reject_parse(const error_code& ec) {
  if (ec == beast_http::error::body_limit) {
    return reject({413, "request body over the limit of " + std::to_string(hub_.options.body_bytes_max) + " bytes"});
  }
  ++hub_.stats.malformed;
  const std::string limit = std::to_string(hub_.options.head_bytes_max) + " bytes";
  if (ec == beast_http::error::header_limit && !head_.has_line) {
    return reject({414, "request line over the limit of " + limit + " (a key has at most " +
                            std::to_string(limits::kKeyBytesMax) + ")"});
  }
  if (ec == beast_http::error::header_limit) return reject({431, "request headers over the limit of " + limit});
  if (ec == beast_http::error::bad_version) return reject({505, "only HTTP/1.0 and HTTP/1.1 are served"});
  reject({400, "malformed HTTP request: " + ec.message()});
}

void Connection::want_read() {
  if (reading_ || state_ == State::kClosed || state_ == State::kAnswer || state_ == State::kDownload) return;
  if (state_ == State::kUpload && (parser_->is_done() || !std::get<api::LobUpload>(flow_).wants_body())) return;
  if (out_.size() - out_begin_ > kOutBytesMax && state_ != State::kWatch) return;
  reading_ = true;
  const InBuffer::Room room = in_.prepare(state_ == State::kHead ? kHeadReadBytes : kBodyReadBytes);
  socket_.async_read_some(
      asio::mutable_buffer(room.data, room.size),
      [self = shared_from_this()](const error_code& ec, std::size_t bytes) { self->on_read(ec, bytes); });
}

void Connection::on_read(const error_code& ec, std::size_t bytes) {
  reading_ = false;
  if (state_ == State::kClosed) return;
  // The client has gone, or gave up on the rest of its request. Nobody is left to answer.
  if (ec) return close();
  hub_.stats.bytes_in += bytes;
  if (state_ == State::kHead) {
    // Counted from the first byte, so that a head sent a byte at a time is cut off too.
    if (in_.empty() && !parser_) deadline_in(hub_.options.head_max);
  } else if (state_ == State::kBody || state_ == State::kUpload) {
    deadline_in(hub_.options.stall_max);
  }
  if (state_ == State::kWatch) return;  // nothing is expected here; what comes is dropped
  in_.commit(bytes);
  pump();
}

// Writing. -------------------------------------------------------------------------------------------------

void Connection::flush() {
  if (writing_ || out_.empty() || state_ == State::kClosed) return;
  while (out_begin_ < out_.size()) {
    error_code ec;
    const std::size_t wrote =
        socket_.write_some(asio::const_buffer(out_.data() + out_begin_, out_.size() - out_begin_), ec);
    if (ec == asio::error::would_block || ec == asio::error::try_again) return want_write();
    if (ec) return close();
    out_begin_ += wrote;
    hub_.stats.bytes_out += wrote;
  }
  out_.clear();
  out_begin_ = 0;
  keep_small(out_);
  if (state_ == State::kLinger) begin_linger();
}

void Connection::want_write() {
  writing_ = true;
  deadline_in(hub_.options.stall_max);
  socket_.async_wait(asio::ip::tcp::socket::wait_write, [self = shared_from_this()](const error_code& ec) {
    self->writing_ = false;
    if (self->state_ == State::kClosed) return;
    if (ec) return self->close();
    if (self->state_ == State::kHead) self->deadline_in(self->hub_.options.idle_max);
    self->flush();
    self->pump();
  });
}

void Connection::answer(AnswerHead head, const Bytes& body) {
  if (head.status != 304) head.body_bytes = body.size();
  if (head.status >= 400 && head.error.code.empty()) head.error = api::error_words_of_http(head.status);
  head.version = head_.version;
  head.keep_alive = keep_alive_ && !last_request_;
  append_head(out_, head, hub_.date());
  if (!call_.head) out_ += body;
  count_answer(head.status);
  end_answer();
}

void Connection::count_answer(int status) {
  if (status < 400)
    ++hub_.stats.replies_2xx;
  else if (status < 500)
    ++hub_.stats.replies_4xx;
  else
    ++hub_.stats.replies_5xx;
}

void Connection::answer_error(const api::HttpError& error) {
  hub_.scratch.clear();
  api::append_failure(call_, error, hub_.scratch);
  AnswerHead head{.status = error.status, .allow = error.allow};
  if (error.code != StatusCode::kOk) head.error = api::error_words(error.code);
  answer(head, hub_.scratch);
}

void Connection::answer_reply(const Reply& reply) {
  hub_.scratch.clear();
  const int status = api::append_reply(call_, reply, hub_.scratch);
  const api::AnswerTerms terms = api::answer_terms(reply);
  AnswerHead head{.status = status, .terms = &terms};
  if (!reply.status.ok()) {
    head.error = api::error_words(reply.status.code());
  } else if (status >= 400) {
    head.error = api::error_words_of_answer(status);
  }
  answer(head, hub_.scratch);
  keep_small(hub_.scratch);
}

void Connection::end_answer() {
  const bool stays = keep_alive_ && !last_request_;
  state_ = stays ? State::kHead : State::kLinger;
  linger_left_ = kLingerBytesMax;
  flow_.emplace<std::monostate>();
  parser_.reset();
  head_.clear();
  const bool elsewhere = !call_.ns.empty() && hub_.sink.home_of(call_.ns) != nullptr;
  answered_elsewhere_ = elsewhere ? answered_elsewhere_ + 1 : 0;
  call_.head = false;
  call_.bare_errors = true;
  release_body();
  in_.shrink(kBodyReadBytes);
  deadline_in(stays ? (in_.empty() ? hub_.options.idle_max : hub_.options.head_max) : kLingerMax);
}

void Connection::release_body() {
  hub_.count_body(0, body_counted_);
  body_counted_ = 0;
  body_.clear();
  keep_small(body_);
}

// Life. ----------------------------------------------------------------------------------------------------

// Closing a socket with unread input resets it, and the reset may overtake the answer: so say that nothing more
// comes, and read on for a while.
void Connection::begin_linger() {
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  deadline_in(kLingerMax);
}

void Connection::deadline_in(Duration span) { deadline_us_ = hub_.now_us + span.us; }

void Connection::tick() {
  if (hub_.now_us >= deadline_us_) return on_timeout();
  if (state_ == State::kWatch && hub_.now_us >= heartbeat_at_us_ && out_.empty()) {
    heartbeat_at_us_ = hub_.now_us + hub_.options.heartbeat.us;
    out_ += ": heartbeat\n\n";
    pump();
  }
}

void Connection::on_timeout() {
  if (writing_ || state_ == State::kLinger) return close();
  switch (state_) {
    case State::kHead:
      if (in_.empty() && !parser_) return close();
      [[fallthrough]];
    case State::kBody:
    case State::kUpload:
      // A node that has not answered yet is not the client's fault.
      if (state_ == State::kUpload && request_id_.value != 0) return deadline_in(hub_.options.stall_max);
      ++hub_.stats.timed_out;
      if (auto* upload = std::get_if<api::LobUpload>(&flow_)) {
        upload->cancel(Status(StatusCode::kTimeout, "upload stalled"));
        hub_.adopt(call_.ns, std::move(*upload), request_id_);
        flow_.emplace<std::monostate>();
      }
      reject({408, "the request did not arrive in time"});
      return pump();
    case State::kAnswer:
    case State::kDownload:
    case State::kWatch: deadline_us_ = INT64_MAX; return;
    case State::kLinger:
    case State::kClosed: return;
  }
}

void Connection::finish_soon() {
  last_request_ = true;
  if (state_ == State::kHead && in_.empty() && !parser_ && out_.empty()) close();
}

void Connection::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  error_code ignored;
  socket_.close(ignored);
  release_body();
  if (watch_id_.value != 0) {
    hub_.count_watch(-1);
    hub_.sink.watch_close(watch_id_);
    watch_id_ = WatchId();
  }
  if (auto* upload = std::get_if<api::LobUpload>(&flow_)) {
    upload->cancel(Status(StatusCode::kUnavailable, "the client went away"));
    if (!upload->done()) hub_.adopt(std::move(call_.ns), std::move(*upload), request_id_);
  }
  hub_.remove(slot_);
}

}  // namespace pando::io::http
