// api/samples_suite.h — for tests: a reply that the node may give to a route, so that openapi_test.cc can hold what the
// route answers against what the document says. Every row with a `reply` needs at least one; put them into the test
// of your area:
//
//   const Sample kSamples[] = {{"list_get", ListItemsReply{…}}, {"list_push", DoneReply{1}}};
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "model/reply.h"

namespace pando::api {

struct Sample {
  Sample(std::string_view operation, ReplyBody body) { all()[operation].push_back(std::move(body)); }
  static std::map<std::string_view, std::vector<ReplyBody>>& all() {
    static std::map<std::string_view, std::vector<ReplyBody>> samples;
    return samples;
  }
};

}  // namespace pando::api
