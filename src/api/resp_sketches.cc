// How many different things there were: PFADD, PFCOUNT and PFMERGE.
#include "api/resp_command.h"

namespace pando::api {
namespace {

using C = RespCommand;

constexpr RespError kNoSketch[] = {{StatusCode::kWrongType, "WRONGTYPE Key is not a valid HyperLogLog string value."}};

void add(RespCall& call) {
  call.write(call.change(call[1], AddToSketch{call.rest(2)}), answer_integer).errors = kNoSketch;
}

void count(RespCall& call) {
  if (!call.may_read(call.size() - 1)) return;
  call.ask(CountSketchRequest{std::string(kTableKv), call.rest(1)}, answer_count).errors = kNoSketch;
}

void merge(RespCall& call) {
  if (!call.may_read(call.size() - 1)) return;
  call.write(call.change(call[1], MergeSketches{call.rest(2)}), answer_ok).errors = kNoSketch;
}

}  // namespace

RespFamily resp_sketch_commands() {
  constexpr std::string_view kGroup = "hyperloglog";
  return {
      {"pfadd", -2, C::kWrite | C::kFast, 1, 1, 1, kGroup, "Adds things to a sketch.", add},
      {"pfcount", -2, C::kRead, 1, -1, 1, kGroup, "Answers about how many different things there were.", count},
      {"pfmerge", -2, C::kWrite, 1, -1, 1, kGroup, "Raises a sketch to others.", merge},
  };
}

}  // namespace pando::api
