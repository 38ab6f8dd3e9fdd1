// io/http/request_parser.h — Beast's HTTP/1.1 parser with nowhere to put what we do not need.
//
// beast::http::basic_parser does the grammar; this keeps the few fields that mean something here, in strings
// whose capacity is reused, so a request costs no allocation for its headers. One parser per message (Beast's
// rule); Head and body live in the connection.
#pragma once

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "api/rest.h"
#include "base/bytes.h"

namespace pando::io::http {

// The parts of a request's head that are looked at.
struct Head {
  std::string method;
  std::string target;
  std::string idempotency_key;
  std::string last_event_id;
  std::string token;
  std::string wait;
  std::string durability;
  std::string if_match;
  std::string if_none_match;
  std::string transaction;
  bool has_token = false;  // it may be there and empty
  std::string_view blank;  // one of those that may not
  int version = 11;
  bool has_line = false;
  bool has_host = false;
  bool expects_continue = false;
  bool expects_other = false;               // an expectation we cannot meet: 417
  bool coded_otherwise = false;             // Transfer-Encoding that is not plain chunked: 501
  std::optional<std::uint64_t> body_bytes;  // Content-Length

  api::Headers headers() const {
    api::Headers known{idempotency_key, last_event_id};
    if (has_token) known.token = token;
    known.wait = wait;
    known.durability = durability;
    known.if_match = if_match;
    known.if_none_match = if_none_match;
    known.transaction = transaction;
    known.blank = blank;
    return known;
  }

  void clear() {
    method.clear();
    target.clear();
    idempotency_key.clear();
    last_event_id.clear();
    token.clear();
    wait.clear();
    durability.clear();
    if_match.clear();
    if_none_match.clear();
    transaction.clear();
    has_token = false;
    blank = {};
    version = 11;
    has_line = has_host = expects_continue = expects_other = coded_otherwise = false;
    body_bytes.reset();
  }
};

class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  using error_code = boost::beast::error_code;

  // `head` is filled in, body bytes are appended to `body` up to `body_bytes_max`, then error body_limit.
  RequestParser(Head& head, Bytes& body, std::uint32_t head_bytes_max, std::size_t body_bytes_max)
      : head_(head), body_(body), body_bytes_max_(body_bytes_max) {
    header_limit(head_bytes_max);
    body_limit(boost::none);  // ours answers later, with a text
  }

  // For a body that is taken away as it arrives.
  void lift_body_limit() { body_bytes_max_ = SIZE_MAX / 2; }

 private:
  using string_view = boost::beast::string_view;

  static bool same(string_view a, std::string_view b) {
    return boost::beast::iequals(a, string_view(b.data(), b.size()));
  }

  void on_request_impl(boost::beast::http::verb, string_view method, string_view target, int version,
                       error_code&) override {
    head_.method.assign(method.data(), method.size());
    head_.target.assign(target.data(), target.size());
    head_.version = version;
    head_.has_line = true;
  }
  void on_field_impl(boost::beast::http::field name, string_view text, string_view value, error_code&) override {
    using boost::beast::http::field;
    if (name == field::host) {
      head_.has_host = true;
    } else if (name == field::expect) {
      (same(value, "100-continue") ? head_.expects_continue : head_.expects_other) = true;
    } else if (name == field::transfer_encoding) {
      head_.coded_otherwise = !same(value, "chunked");
    } else if (name == field::if_match) {
      extend(head_.if_match, value);
      if (value.empty()) head_.blank = "If-Match";
    } else if (name == field::if_none_match) {
      extend(head_.if_none_match, value);
      if (value.empty()) head_.blank = "If-None-Match";
    } else if (name == field::unknown) {
      on_our_field(text, value);
    }
  }
  // A list may come in several lines.
  static void extend(std::string& list, string_view value) {
    if (!list.empty()) list += ", ";
    list.append(value.data(), value.size());
  }
  void on_our_field(string_view text, string_view value) {
    struct Field {
      std::string_view name;
      std::string Head::*text;
      bool may_be_blank;
    };
    static constexpr Field kFields[] = {
        {"Pando-Token", &Head::token, true},
        {"Pando-Wait", &Head::wait, false},
        {"Pando-Durability", &Head::durability, false},
        {"Pando-Transaction", &Head::transaction, false},
        {"Idempotency-Key", &Head::idempotency_key, false},
        {"Last-Event-ID", &Head::last_event_id, true},
    };
    for (const Field& known : kFields) {
      if (!same(text, known.name)) continue;
      (head_.*known.text).assign(value.data(), value.size());
      if (known.text == &Head::token) head_.has_token = true;
      if (value.empty() && !known.may_be_blank) head_.blank = known.name;
      return;
    }
  }
  void on_header_impl(error_code&) override {
    if (const auto bytes = content_length()) head_.body_bytes = *bytes;
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t take(string_view part, error_code& ec) {
    if (body_.size() + part.size() > body_bytes_max_) {
      ec = boost::beast::http::error::body_limit;
      return 0;
    }
    body_.append(part.data(), part.size());
    return part.size();
  }
  std::size_t on_body_impl(string_view part, error_code& ec) override { return take(part, ec); }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view part, error_code& ec) override { return take(part, ec); }
  void on_finish_impl(error_code&) override {}
  void on_response_impl(int, string_view, int, error_code&) override {}

  Head& head_;
  Bytes& body_;
  std::size_t body_bytes_max_;
};

}  // namespace pando::io::http
