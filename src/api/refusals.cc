#include "api/refusals.h"

#include <algorithm>

#include "api/reply_text.h"

namespace pando::api {
namespace {

void append(Bytes&, std::monostate) {}

void append(Bytes& out, const BoundRefusal& refusal) {
  append_field(out, "refused", name_of(refusal.way));
  append_field(out, "asked", refusal.asked);
  append_field(out, "here", refusal.here);
  append_field(out, "held", refusal.held);
  append_field(out, "value", refusal.value);
  append_name(out, "elsewhere");
  out.push_back('{');
  std::uint64_t total = 0;
  for (const auto& [origin, rights] : refusal.elsewhere) {
    append_field(out, to_string(origin), rights);
    total += std::min(rights, UINT64_MAX - total);
  }
  out.push_back('}');
  append_field(out, "elsewhere_total", total);
}

}  // namespace

void append_refusal(Bytes& out, const Refusal& refusal) {
  std::visit([&](const auto& one) { append(out, one); }, refusal);
}

}  // namespace pando::api
