// engine/order_needs.h — which orders of large keys a request is answered by, told before it is handled.
//
// So that whoever drives the engine can have them built in slices (Indexes::prepare) instead of in one long step within
// the request. A need that is not told costs that step and nothing else.
#pragma once

#include <vector>

#include "model/request.h"

namespace pando::engine {

struct OrderNeed {
  std::string table;
  Bytes key;
  ValueType type = ValueType::kScores;  // or kList
  friend bool operator==(const OrderNeed&, const OrderNeed&) = default;
};
// Mostly none; then nothing is allocated.
std::vector<OrderNeed> order_needs(const Request& request);

// Whether there is a key that both read or write.
bool share_key(const Request& a, const Request& b);

}  // namespace pando::engine
