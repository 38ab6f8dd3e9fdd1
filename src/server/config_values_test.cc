#include "server/config_values.h"

#include <gtest/gtest.h>

#include <optional>

namespace pando::server {
namespace {

TEST(ConfigValues, Sizes) {
  const struct {
    std::string_view text;
    std::optional<std::uint64_t> bytes;
  } kCases[] = {
      {"16MB", 16u << 20},
      {"16 MiB", 16u << 20},
      {"512kb", 512u << 10},
      {"1G", 1u << 30},
      {"1024", 1024},
      {"7b", 7},
      {"0", 0},
      {"", {}},
      {"MB", {}},
      {"-1MB", {}},
      {"1.5MB", {}},
      {"16 parsecs", {}},
      {"99999999999999999999", {}},
      {"18446744073709551615GB", {}},
  };
  for (const auto& c : kCases) {
    const auto parsed = parse_size(c.text);
    EXPECT_EQ(parsed.has_value(), c.bytes.has_value()) << c.text;
    EXPECT_EQ(parsed.value_or(0), c.bytes.value_or(0)) << c.text;
  }
}

TEST(ConfigValues, Durations) {
  const struct {
    std::string_view text;
    std::optional<std::int64_t> us;
  } kCases[] = {
      {"20ms", 20'000},
      {"5m", 300'000'000},
      {"1h30m", 5'400'000'000},
      {"1.5s", 1'500'000},
      {"2.000001s", 2'000'001},
      {"7us", 7},
      {"0", 0},
      {"0s", 0},
      {"", {}},
      {"5", {}},
      {"ms", {}},
      {"5 ms", {}},
      {"-5ms", {}},
      {"1.ms", {}},
      {"5d", {}},
      {"9999999999h", {}},
  };
  for (const auto& c : kCases) {
    const auto parsed = parse_duration(c.text);
    EXPECT_EQ(parsed.has_value(), c.us.has_value()) << c.text;
    EXPECT_EQ(parsed.value_or(Duration{}).us, c.us.value_or(0)) << c.text;
  }
}

TEST(ConfigValues, Addresses) {
  for (const auto* good : {"localhost:1", "127.0.0.1:4001", "[::1]:65535", "db.example.org:80"}) {
    EXPECT_TRUE(validate_address(good).ok()) << good;
  }
  for (const auto* bad : {"", ":", ":80", "host", "host:", "host:0", "host:65536", "host:8x", "::1:80", "http://h:1"}) {
    EXPECT_FALSE(validate_address(bad).ok()) << bad;
  }
}

TEST(ConfigValues, IpAddresses) {
  for (const auto* good : {"127.0.0.1", "0.0.0.0", "::1", "::", "fe80::1"}) EXPECT_TRUE(validate_ip(good).ok()) << good;
  for (const auto* bad : {"", "localhost", "1.2.3", "1.2.3.4:80", "[::1]"}) EXPECT_FALSE(validate_ip(bad).ok()) << bad;
}

TEST(ConfigValues, NamespaceNames) {
  for (const auto* good : {"a", "ad-campaign-dc1", "A.b_c"}) EXPECT_TRUE(validate_namespace_name(good).ok()) << good;
  for (const auto* bad : {"", ".", "..", ".a", "a/b", "a b", "ü", "LOCK", "backup", "node_name"})
    EXPECT_FALSE(validate_namespace_name(bad).ok()) << bad;
  EXPECT_TRUE(validate_namespace_name(std::string(128, 'a')).ok());
  EXPECT_FALSE(validate_namespace_name(std::string(129, 'a')).ok());
}

TEST(ConfigValues, Loopback) {
  for (const auto* host : {"127.0.0.1", "127.1.2.3", "::1", "localhost"}) EXPECT_TRUE(is_loopback(host)) << host;
  for (const auto* host : {"", "0.0.0.0", "10.0.0.1", "::", "128.0.0.1"}) EXPECT_FALSE(is_loopback(host)) << host;
}

}  // namespace
}  // namespace pando::server
