// cli/http_client.h — one blocking HTTP/1.1 request at a time, for the command line.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "base/time.h"

namespace pando::cli {

struct Url {
  std::string host;
  std::string port;
  friend bool operator==(const Url&, const Url&) = default;
};
// "http://127.0.0.1:8001", "localhost:8001", "http://[::1]:80/". kInvalidArgument names what is wrong.
Result<Url> parse_url(std::string_view text);

// Everything but unreserved characters as %XX, so that a key with '/' stays one path segment.
std::string percent_encode(ByteSpan bytes);

struct HttpRequest {
  std::string method = "GET";
  std::string target;  // "/api/v1/ad/kv/a%2Fb"
  Bytes body;
  std::vector<std::pair<std::string, std::string>> headers;
};
struct HttpResponse {
  int status = 0;
  Bytes body;
};

class HttpClient {
 public:
  explicit HttpClient(Url url, Duration timeout = Duration::seconds(30));

  // kUnavailable naming the address when there is no answer; a status like 404 is an answer.
  Result<HttpResponse> send(const HttpRequest& request);

  // Reads the body line by line (without the newline) until it ends, the connection drops, or `on_line` says
  // false. An answer other than 200 comes back whole. No time-out once the answer has begun.
  Result<HttpResponse> stream(const HttpRequest& request, const std::function<bool(std::string_view line)>& on_line);

  std::string address() const;

 private:
  Url url_;
  Duration timeout_;
};

}  // namespace pando::cli
