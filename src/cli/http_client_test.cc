#include "cli/http_client.h"

#include <gtest/gtest.h>

namespace pando::cli {
namespace {

TEST(HttpClient, Urls) {
  const struct {
    std::string_view text;
    Url url;
  } kGood[] = {
      {"http://127.0.0.1:8001", {"127.0.0.1", "8001"}},
      {"http://127.0.0.1:8001/", {"127.0.0.1", "8001"}},
      {"localhost:8001", {"localhost", "8001"}},
      {"http://db.example.org", {"db.example.org", "80"}},
      {"http://[::1]:80", {"::1", "80"}},
  };
  for (const auto& c : kGood) {
    const auto url = parse_url(c.text);
    ASSERT_TRUE(url.has_value()) << c.text;
    EXPECT_EQ(*url, c.url) << c.text;
  }
  const struct {
    std::string_view text;
    std::string_view error;
  } kBad[] = {
      {"https://h:1", "--url: \"https://h:1\" is not plain http, expected http://HOST:PORT"},
      {"", "--url: \"\" has no host, expected http://HOST:PORT"},
      {"http://:80", "--url: \"http://:80\" has no host, expected http://HOST:PORT"},
      {"http://h:x", "--url: \"http://h:x\" has no usable port, expected http://HOST:PORT"},
      {"http://h:1/api", "--url: \"http://h:1/api\" has more than a host and a port, expected http://HOST:PORT"},
  };
  for (const auto& c : kBad) EXPECT_EQ(parse_url(c.text).error().message(), c.error);
}

TEST(HttpClient, KeysStayOneSegment) {
  EXPECT_EQ(percent_encode("lww:user-status"), "lww:user-status");
  EXPECT_EQ(percent_encode("a/b?c#d e%"), "a%2Fb%3Fc%23d%20e%25");
  EXPECT_EQ(percent_encode(std::string_view("\0\xff", 2)), "%00%FF");
}

TEST(HttpClient, NobodyThereIsSaidWithTheAddress) {
  // Port 1 on loopback: nothing listens there.
  const auto response = HttpClient({"127.0.0.1", "1"}).send({"GET", "/", {}, {}});
  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().code(), StatusCode::kUnavailable);
  EXPECT_EQ(response.error().message(), "no answer from 127.0.0.1:1: Connection refused");
}

}  // namespace
}  // namespace pando::cli
