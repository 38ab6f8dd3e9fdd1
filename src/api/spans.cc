#include "api/spans.h"

#include <charconv>

namespace pando::api {

std::optional<Duration> parse_span(std::string_view text) {
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit = text.substr(static_cast<std::size_t>(stop - text.data()));
  const std::int64_t factor = unit == "ms"  ? 1
                              : unit == "s" ? 1'000
                              : unit == "m" ? 60'000
                              : unit == "h" ? 3'600'000
                              : unit == "d" ? 86'400'000
                                            : 0;
  constexpr std::int64_t kMsMax = INT64_MAX / 1'000;
  if (error != std::errc() || factor == 0 || value <= 0 || value > kMsMax / factor) return std::nullopt;
  return Duration::millis(value * factor);
}

Result<Duration> span_field(dom::object object, std::string_view name, Duration fallback) {
  const auto element = field(object, name);
  if (!element) return fallback;
  std::string_view text;
  std::optional<Duration> span;
  if (element->get_string().get(text) == simdjson::SUCCESS) span = parse_span(text);
  if (!span)
    return refuse(fmt::format("field \"{}\" must be a time like \"500ms\", \"30s\", \"5m\", \"12h\" or \"7d\"", name));
  return *span;
}

}  // namespace pando::api
