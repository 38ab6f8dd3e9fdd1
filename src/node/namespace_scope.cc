// Namespace: what is asked about the scope, and what is refused while a table arrives.

#include <fmt/core.h>

#include "node/namespace.h"

namespace pando::node {
namespace {

// Calls `look` with every table that a request reads or writes, until it says that one is not here.
class TablesAsked {
 public:
  explicit TablesAsked(const Replica& replica) : replica_(replica) {}

  Status operator()(const Request& request) const {
    return std::visit([this](const auto& one) { return check(one); }, request);
  }

 private:
  template <typename Asked>
  Status check(const Asked& asked) const {
    using T = std::decay_t<Asked>;
    if constexpr (std::is_same_v<T, WriteRequest>) {
      for (const Mutation& mutation : asked.mutations) {
        PANDO_RETURN_IF_ERROR(replica_.check_arrived(mutation.table));
      }
      return {};
    } else if constexpr (std::is_same_v<T, TxRequest> || std::is_same_v<T, PipelineRequest>) {
      for (const auto& item : asked.items) PANDO_RETURN_IF_ERROR((*this)(item.request));
      if constexpr (std::is_same_v<T, TxRequest>) {
        for (const auto& seen : asked.seen) PANDO_RETURN_IF_ERROR(replica_.check_arrived(seen.table));
      }
      return {};
    } else if constexpr (std::is_same_v<T, TxAppendRequest>) {
      return replica_.check_arrived(asked.mutation->table);
    } else if constexpr (std::is_same_v<T, LobStatRequest> || std::is_same_v<T, LobChunkRequest> ||
                         std::is_same_v<T, TxAppendLobRequest> || std::is_same_v<T, TxDeleteLobRequest>) {
      return replica_.check_arrived(kTableLob);
    } else if constexpr (std::is_same_v<T, GetMergedRequest>) {
      return replica_.check_arrived(kTableKv);
    } else if constexpr (std::is_same_v<T, RestoreRequest>) {
      if (!replica_.any_arrives()) return {};
      return Status(StatusCode::kUnavailable, "tables are arriving (GET /scope): restore once they are here");
    } else if constexpr (requires { std::string_view(asked.table); }) {
      return replica_.check_arrived(asked.table);
    } else {
      return {};
    }
  }

  const Replica& replica_;
};

}  // namespace

Status Namespace::check_arrived(const Request& request, const std::vector<Replica*>& group) const {
  if (replica_->any_arrives()) PANDO_RETURN_IF_ERROR(TablesAsked(*replica_)(request));
  // What a merge group shows is made of what all of them hold.
  if (!std::holds_alternative<GetRequest>(request) && !std::holds_alternative<GetMergedRequest>(request)) return {};
  for (const Replica* member : group) {
    if (member->any_arrives()) PANDO_RETURN_IF_ERROR(member->check_arrived(kTableKv));
  }
  return {};
}

void Namespace::answer_scope(RequestId id, const ScopeRequest& request, Outputs& out) {
  if (request.publish || request.subscribe) {
    const TableScope& now = replica_->tables();
    const TableScope next{request.publish.value_or(now.publish), request.subscribe.value_or(now.subscribe)};
    if (next != now) {
      if (Status status = replica_->set_scope(next, request.discard); !status.ok()) {
        out.replies.push_back({id, Reply::failure(std::move(status))});
        return;
      }
      peers_.greet_anew("this node takes other tables from now on: dial again");
      out.notes.push_back(
          {Note::Level::kInfo, replica_->name(),
           fmt::format("from here on publishes {} and subscribes to {}; of these {} are here", to_string(next.publish),
                       to_string(next.subscribe), to_string(replica_->holds()))});
    }
  }
  replica_->reply_when_durable({id, Reply{{}, peers_.scope(), {}}}, replica_->appended(), out);
}

}  // namespace pando::node
