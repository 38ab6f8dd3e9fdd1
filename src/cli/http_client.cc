#include "cli/http_client.h"

#include <fmt/format.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <limits>

namespace pando::cli {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = boost::asio::ip::tcp;

// A stream whose operations are run to their end one by one, each within the time-out.
class Connection {
 public:
  Connection(const Url& url, Duration timeout)
      : url_(url), timeout_(std::chrono::microseconds(timeout.us)), stream_(io_) {}

  beast::error_code open() {
    beast::error_code result;
    tcp::resolver resolver(io_);
    const auto addresses = resolver.resolve(url_.host, url_.port, result);
    if (result) return result;
    stream_.expires_after(timeout_);
    stream_.async_connect(addresses, [&](beast::error_code error, const tcp::endpoint&) { result = error; });
    return finish(result);
  }

  beast::error_code write(const http::request<http::string_body>& request) {
    beast::error_code result;
    stream_.expires_after(timeout_);
    http::async_write(stream_, request, [&](beast::error_code error, std::size_t) { result = error; });
    return finish(result);
  }

  template <typename Parser>
  beast::error_code read_header(Parser& parser) {
    beast::error_code result;
    stream_.expires_after(timeout_);
    http::async_read_header(stream_, buffer_, parser, [&](beast::error_code error, std::size_t) { result = error; });
    return finish(result);
  }

  template <typename Parser>
  beast::error_code read(Parser& parser) {
    beast::error_code result;
    stream_.expires_after(timeout_);
    http::async_read(stream_, buffer_, parser, [&](beast::error_code error, std::size_t) { result = error; });
    return finish(result);
  }

  template <typename Parser>
  beast::error_code read_some(Parser& parser) {
    beast::error_code result;
    stream_.expires_never();
    http::async_read_some(stream_, buffer_, parser, [&](beast::error_code error, std::size_t) { result = error; });
    return finish(result);
  }

 private:
  const beast::error_code& finish(const beast::error_code& result) {
    io_.restart();
    io_.run();
    return result;
  }

  Url url_;
  std::chrono::microseconds timeout_;
  boost::asio::io_context io_{1};
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
};

http::request<http::string_body> message(const Url& url, const HttpRequest& request) {
  http::request<http::string_body> out{http::verb::get, request.target, 11};
  out.method_string(request.method);
  out.set(http::field::host, url.host + ":" + url.port);
  out.set(http::field::user_agent, "pando");
  out.set(http::field::connection, "close");
  for (const auto& [name, value] : request.headers) out.set(name, value);
  out.body() = request.body;
  out.prepare_payload();
  return out;
}

Status unreachable(const std::string& address, const beast::error_code& error) {
  return Status(StatusCode::kUnavailable, fmt::format("no answer from {}: {}", address, error.message()));
}

// Hands whole lines of a growing body to `on_line`. False when it wants no more.
bool take_lines(Bytes& pending, const std::function<bool(std::string_view)>& on_line) {
  std::size_t begin = 0;
  for (std::size_t end; (end = pending.find('\n', begin)) != Bytes::npos; begin = end + 1) {
    std::string_view line(pending.data() + begin, end - begin);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!on_line(line)) return false;
  }
  pending.erase(0, begin);
  return true;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~' || c == ':';
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return fail(StatusCode::kInvalidArgument, fmt::format("--url: \"{}\" {}, expected http://HOST:PORT", text, why));
  };
  std::string_view rest = text;
  if (const std::size_t scheme = rest.find("://"); scheme != std::string_view::npos) {
    if (rest.substr(0, scheme) != "http") return refuse("is not plain http");
    rest.remove_prefix(scheme + 3);
  }
  if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  if (rest.find_first_of("/?# ") != std::string_view::npos) return refuse("has more than a host and a port");
  const std::size_t bracket = rest.rfind(']');
  const std::size_t colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  Url url;
  url.host = std::string(rest.substr(0, colon));
  url.port = colon == std::string_view::npos ? "80" : std::string(rest.substr(colon + 1));
  if (url.host.size() >= 2 && url.host.front() == '[' && url.host.back() == ']')
    url.host = url.host.substr(1, url.host.size() - 2);
  if (url.host.empty()) return refuse("has no host");
  if (url.port.empty() || url.port.size() > 5 || url.port.find_first_not_of("0123456789") != std::string::npos) {
    return refuse("has no usable port");
  }
  return url;
}

std::string percent_encode(ByteSpan bytes) {
  std::string out;
  for (const char c : bytes) {
    if (is_unreserved(c)) {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

HttpClient::HttpClient(Url url, Duration timeout) : url_(std::move(url)), timeout_(timeout) {}

std::string HttpClient::address() const { return url_.host + ":" + url_.port; }

Result<HttpResponse> HttpClient::send(const HttpRequest& request) {
  Connection connection(url_, timeout_);
  if (const auto error = connection.open()) return fail(unreachable(address(), error));
  if (const auto error = connection.write(message(url_, request))) return fail(unreachable(address(), error));
  http::response_parser<http::string_body> parser;
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());
  if (const auto error = connection.read(parser)) return fail(unreachable(address(), error));
  return HttpResponse{static_cast<int>(parser.get().result_int()), std::move(parser.get().body())};
}

Result<HttpResponse> HttpClient::stream(const HttpRequest& request,
                                        const std::function<bool(std::string_view line)>& on_line) {
  Connection connection(url_, timeout_);
  if (const auto error = connection.open()) return fail(unreachable(address(), error));
  if (const auto error = connection.write(message(url_, request))) return fail(unreachable(address(), error));
  http::response_parser<http::string_body> parser;
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());
  if (const auto error = connection.read_header(parser)) return fail(unreachable(address(), error));
  const int status = static_cast<int>(parser.get().result_int());
  Bytes pending;
  while (!parser.is_done()) {
    const beast::error_code error = connection.read_some(parser);
    pending += parser.get().body();
    parser.get().body().clear();
    if (status == 200 && !take_lines(pending, on_line)) break;
    if (error == http::error::end_of_stream || error == http::error::partial_message) break;
    if (error) return fail(unreachable(address(), error));
  }
  return HttpResponse{status, std::move(pending)};
}

}  // namespace pando::cli
