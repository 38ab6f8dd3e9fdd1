// api/resp_call.h — one command under way: what its function may do, and what its answer is made from.
//
//   void get(RespCall& call) { call.ask(GetRequest{…, Bytes(call[1])}, answer_value); }     words → request
//   void answer_value(const RespReplies& got, RespWriter& to) { … }                         reply → text
//
// A command asks one request or several of the same instant, or writes once; each request is one of its replies.
// Inside MULTI the same two functions serve: the requests wait for EXEC. A command that needs no request writes its
// text at once.
// deterministic: floating point, as one client's words mean it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/resp_writer.h"
#include "model/reply.h"
#include "model/request.h"

namespace pando::api {

struct RespCommand;
struct RespPending;
struct RespPlan;
class RespCursors;
class RespSession;

// The bodies a node answered one command with.
class RespReplies {
 public:
  RespReplies(const ItemReply* replies, std::size_t count, const RespPending& asked, RespCursors& cursors)
      : replies_(replies), count_(count), asked_(asked), cursors_(cursors) {}

  std::size_t size() const { return count_; }
  // False where it was refused, which only those hear that asked with `takes_failures`.
  bool ok(std::size_t i) const { return replies_[i].status.ok(); }
  template <typename Body>
  const Body& get(std::size_t i = 0) const {
    return std::get<Body>(replies_[i].body);
  }
  // Of the `i`-th mutation of a write.
  std::int64_t result(std::size_t i = 0) const { return get<DoneReply>().results.at(i); }
  // What it gave back.
  const std::vector<Bytes>& returned(std::size_t i = 0) const {
    static const std::vector<Bytes> kNothing;
    const auto& all = get<DoneReply>().returned;
    return i < all.size() ? all[i] : kNothing;
  }
  std::size_t mutations() const { return get<DoneReply>().results.size(); }

  // What the command kept for its answer.
  const std::vector<Bytes>& names() const;
  std::int64_t number() const;
  // Where walks go on.
  RespCursors& cursors() const { return cursors_; }

 private:
  const ItemReply* replies_;
  std::size_t count_;
  const RespPending& asked_;
  RespCursors& cursors_;
};

using RespAnswer = void (*)(const RespReplies& got, RespWriter& to);

// What a refusal is called for one command, where it is not the text of api/errors.h.
struct RespError {
  StatusCode code;
  std::string_view text;
};

// How the replies of one command become its answer: all there is to most of them.
struct RespForm {
  RespAnswer answer = nullptr;
  std::span<const RespError> errors = {};
  bool takes_failures = false;  // `answer` is called though a request was refused for the type of its key
  std::uint32_t parts = 0;      // requests; 0: `text` is the answer
  std::int64_t number = 0;
};
struct RespPending : RespForm {
  std::vector<Bytes> names = {};
  Bytes text = {};
};

inline const std::vector<Bytes>& RespReplies::names() const { return asked_.names; }
inline std::int64_t RespReplies::number() const { return asked_.number; }

class RespCall {
 public:
  using Args = std::vector<ByteSpan>;

  RespCall(RespSession& s, const RespCommand& c, const Args& a, RespPlan& p)
      : session(s), command(c), args(a), plan(p) {}

  RespSession& session;
  const RespCommand& command;
  const Args& args;
  RespPlan& plan;

  std::size_t size() const { return args.size(); }
  ByteSpan operator[](std::size_t i) const { return args[i]; }
  // Any case.
  bool is(std::size_t i, std::string_view lower_case) const;
  std::vector<Bytes> rest(std::size_t from) const {
    return {args.begin() + static_cast<std::ptrdiff_t>(from), args.end()};
  }

  // Requests. What they return says more about the answer.
  RespPending& ask(Request request, RespAnswer answer);
  RespPending& write(Mutation&& one, RespAnswer answer);
  // The same of one that is filled in where it stands, before anything else is asked.
  Mutation& write(ByteSpan key, Mutation::Kind kind, RespAnswer answer, std::span<const RespError> errors = {});
  RespPending& write(std::vector<Mutation> mutations, RespAnswer answer);
  // A mutation of table kv.
  Mutation mutation(ByteSpan key, Mutation::Kind kind = Mutation::Kind::kPut) const;
  template <typename Detail>
  Mutation change(ByteSpan key, Detail detail) const {
    Mutation made = mutation(key, Mutation::Kind::kDetail);
    made.detail = std::move(detail);
    return made;
  }

  // Answers at once. Each after the other; a command that fails says nothing else.
  RespWriter writer();
  void fail(std::string_view text);
  void fail_syntax() { fail("ERR syntax error"); }
  void fail_arity();

  // Words as numbers. Without one the command has failed with the text.
  std::optional<std::int64_t> integer(std::size_t i,
                                      std::string_view text = "ERR value is not an integer or out of range");
  std::optional<double> score(std::size_t i, std::string_view text = "ERR value is not a valid float");
  // False, having failed, when more than limits::kRespReadsMax keys are named.
  bool may_read(std::size_t count);

 private:
  WriteRequest& add_write(RespAnswer answer);
};

bool resp_word_is(ByteSpan word, std::string_view lower_case);
// As redis-server reads whole numbers: no plus, no leading zeros.
std::optional<std::int64_t> resp_integer(ByteSpan text);
// In billionths, also of "3.0e3". Nothing when it is no number or finer than billionths.
std::optional<Int128> resp_decimal(ByteSpan text);

// Answers that many commands share. ------------------------------------------------------------------------

void answer_ok(const RespReplies& got, RespWriter& to);
void answer_integer(const RespReplies& got, RespWriter& to);       // a write's first result
void answer_last_integer(const RespReplies& got, RespWriter& to);  // its last one
void answer_returned(const RespReplies& got, RespWriter& to);      // what its first mutation gave back, or null
void answer_all_returned(const RespReplies& got, RespWriter& to);  // an array of it
void answer_value(const RespReplies& got, RespWriter& to);         // ValueReply, or null
void answer_count(const RespReplies& got, RespWriter& to);         // MemberCountReply
void answer_members(const RespReplies& got, RespWriter& to);       // MembersReply, as a set

}  // namespace pando::api
