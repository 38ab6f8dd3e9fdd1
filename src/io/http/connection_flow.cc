// What happens between a whole head and the end of its answer: single requests, object streams, watches.
#include "api/errors.h"
#include "api/openapi.h"
#include "api/sse.h"
#include "base/check.h"
#include "io/http/connection.h"

namespace pando::io::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

}  // namespace

void Connection::on_request() {
  switch (call_.carriage()) {
    case api::Carriage::kRequest: return on_plain_request();
    case api::Carriage::kWatch: return on_watch_request();
    case api::Carriage::kEraseLob:
    case api::Carriage::kDownload: return on_object_request();
    case api::Carriage::kHealth:
    case api::Carriage::kReady:
    case api::Carriage::kMetrics: return on_process_request();
    case api::Carriage::kDescription: return answer({}, api::openapi_json());
    case api::Carriage::kUpload: break;
  }
  CHECK(false && "uploads do not wait for their body");
}

void Connection::on_plain_request() {
  Result<Request> request = hub_.rest.parse(call_, head_.headers(), body_);
  if (!request) return answer_error(api::http_error(request.error()));
  state_ = State::kAnswer;
  submit(std::move(*request));
}

void Connection::on_object_request() {
  if (Status status = api::take_terms(head_.headers(), call_); !status.ok()) {
    return answer_error(api::http_error(status));
  }
  state_ = State::kAnswer;
  if (call_.carriage() == api::Carriage::kDownload) {
    return submit(*flow_.emplace<api::LobDownload>(call_.key, call_.head).next());
  }
  submit(*flow_.emplace<api::LobErase>(call_.key).next());
}

// About the process, not about a namespace.
void Connection::on_process_request() {
  state_ = State::kAnswer;
  request_id_ = RequestId(hub_.new_id(slot_));
  if (call_.carriage() == api::Carriage::kMetrics) return hub_.sink.ask_metrics(request_id_);
  hub_.sink.ask_health(request_id_);
}

void Connection::on_health(RequestId id, const std::vector<api::NamespaceHealth>& namespaces) {
  if (!takes_answer(id)) return;
  answer_health(namespaces);
  pump();
}

void Connection::answer_health(const std::vector<api::NamespaceHealth>& namespaces) {
  hub_.scratch.clear();
  if (call_.carriage() == api::Carriage::kHealth)
    return answer({.status = api::append_health(namespaces, hub_.scratch)}, hub_.scratch);
  const auto only = api::query_parameter(call_.query, "namespace");
  if (!only) return answer_error(api::http_error(only.error()));
  const int status = api::append_ready(namespaces, *only, hub_.scratch);
  AnswerHead head{.status = status};
  if (status == 404) head.error = api::error_words(StatusCode::kNotFound);
  answer(head, hub_.scratch);
}

void Connection::on_metrics(RequestId id, const std::string& text) {
  if (!takes_answer(id)) return;
  answer({.content_type = "text/plain; version=0.0.4"}, text);
  pump();
}

bool Connection::takes_answer(RequestId id) {
  if (id != request_id_ || state_ == State::kClosed) return false;
  request_id_ = RequestId();
  return true;
}

void Connection::submit(Request request) {
  request_id_ = RequestId(hub_.new_id(slot_));
  // Of the requests that move an object, the one that is the client's gets its terms.
  const bool inner = flow_.index() != 0 && !std::holds_alternative<TxCommitRequest>(request) &&
                     !std::holds_alternative<LobStatRequest>(request);
  hub_.sink.submit(request_id_, call_.ns, std::move(request), inner ? Terms() : std::move(call_.terms));
}

void Connection::on_reply(RequestId id, Reply&& reply) {
  if (!takes_answer(id)) return;
  if (auto* upload = std::get_if<api::LobUpload>(&flow_)) {
    upload->on_reply(std::move(reply));
  } else if (std::holds_alternative<api::LobErase>(flow_)) {
    on_erase_reply(std::move(reply));
  } else if (std::holds_alternative<api::LobDownload>(flow_)) {
    on_download_reply(std::move(reply));
  } else {
    answer_reply(reply);
  }
  pump();
}

void Connection::on_erase_reply(Reply reply) {
  auto& erase = std::get<api::LobErase>(flow_);
  erase.on_reply(std::move(reply));
  if (auto request = erase.next()) return submit(std::move(*request));
  CHECK(erase.done());
  const Reply result = erase.result();
  answer_reply(result);
}

// Uploads. -------------------------------------------------------------------------------------------------

bool Connection::step_upload() {
  auto& upload = std::get<api::LobUpload>(flow_);
  bool moved = false;
  if (!parser_->is_done() && !in_.empty() && upload.wants_body()) {
    error_code ec;
    const std::string_view bytes = in_.view();
    parser_->eager(true);
    const std::size_t used = parser_->put(asio::const_buffer(bytes.data(), bytes.size()), ec);
    in_.consume(used);
    upload.take(body_);
    body_.clear();
    moved = used > 0;
    if (is_malformed(ec)) {
      upload.cancel(Status(StatusCode::kInvalidArgument, "malformed HTTP request: " + ec.message()));
      ++hub_.stats.malformed;
      keep_alive_ = false;
    }
  }
  if (parser_->is_done()) upload.end_of_body();
  if (request_id_.value == 0) {
    if (auto request = upload.next()) {
      submit(std::move(*request));
      return true;
    }
  }
  if (!upload.done()) return moved;
  // The rest of a body that failed early is not read as a request.
  if (!parser_->is_done()) keep_alive_ = false;
  const Reply result = upload.result();
  answer_reply(result);
  return true;
}

// Downloads. -----------------------------------------------------------------------------------------------

void Connection::on_download_reply(Reply reply) {
  auto& download = std::get<api::LobDownload>(flow_);
  switch (download.on_reply(std::move(reply))) {
    case api::LobDownload::Got::kSize:
      append_head(out_,
                  {.status = 200,
                   .content_type = "application/octet-stream",
                   .body_bytes = download.size_bytes(),
                   .version = head_.version,
                   .keep_alive = keep_alive_ && !last_request_},
                  hub_.date());
      count_answer(200);
      state_ = State::kDownload;
      return;
    case api::LobDownload::Got::kChunk: out_ += download.chunk(); return;
    case api::LobDownload::Got::kFailed: {
      // Behind a head that promised more bytes, only a cut connection says that they do not come.
      if (state_ == State::kDownload) return close();
      const api::HttpError error = api::http_error(download.failure());
      return answer_error(error);
    }
  }
}

// The next chunk is asked for when the one before has left this process.
bool Connection::step_download() {
  if (!out_.empty() || request_id_.value != 0) return false;
  auto& download = std::get<api::LobDownload>(flow_);
  if (download.done()) {
    end_answer();
    if (state_ == State::kLinger) begin_linger();
    return true;
  }
  submit(*download.next());
  return true;
}

// Watches. -------------------------------------------------------------------------------------------------

void Connection::on_watch_request() {
  Result<api::WatchCall> watch = api::parse_watch(call_, head_.headers());
  if (!watch) return answer_error(api::http_error(watch.error()));
  if (call_.head) return answer({.content_type = "text/event-stream"}, Bytes());
  if (hub_.load.watches.load(std::memory_order_relaxed) >= hub_.options.watches_max) {
    const std::string limit = std::to_string(hub_.options.watches_max);
    return answer_error({503, "too many watchers, the limit is " + limit, {}, StatusCode::kOverloaded});
  }
  state_ = State::kAnswer;
  hub_.count_watch(1);
  watch_id_ = WatchId(hub_.new_id(slot_));
  hub_.sink.watch_open({watch_id_, call_.ns, std::move(watch->filter), std::move(watch->cursor)});
}

void Connection::on_watch_opened(const node::WatchOpened& opened) {
  if (opened.id != watch_id_ || state_ != State::kAnswer) return;
  if (!opened.status.ok()) {
    watch_id_ = WatchId();
    hub_.count_watch(-1);
    answer_error(api::http_error(opened.status));
  } else {
    append_head(out_,
                {.content_type = "text/event-stream", .version = head_.version, .keep_alive = false, .no_store = true},
                hub_.date());
    count_answer(200);
    api::append_sse_opening(out_, opened.cursor);
    keep_alive_ = false;
    state_ = State::kWatch;
    deadline_us_ = INT64_MAX;
    heartbeat_at_us_ = hub_.now_us + hub_.options.heartbeat.us;
  }
  pump();
}

void Connection::on_watch_send(const node::WatchSend& send) {
  if (send.id != watch_id_ || state_ != State::kWatch) return;
  for (const auto& event : send.events) api::append_sse_event(out_, call_.ns, event.change, event.cursor);
  heartbeat_at_us_ = hub_.now_us + hub_.options.heartbeat.us;
  watch_ready_due_ = true;
  pump();
}

void Connection::on_watch_ended(const node::WatchEnded& ended) {
  if (ended.id != watch_id_ || state_ != State::kWatch) return;
  watch_id_ = WatchId();
  hub_.count_watch(-1);
  api::append_sse_end(out_, ended.status);
  watch_ready_due_ = false;
  end_answer();
  pump();
}

// One batch at a time: the next is asked for when this one has left.
bool Connection::step_watch() {
  if (!watch_ready_due_ || !out_.empty()) return false;
  watch_ready_due_ = false;
  deadline_us_ = INT64_MAX;
  hub_.sink.watch_ready(watch_id_);
  return true;
}

}  // namespace pando::io::http
