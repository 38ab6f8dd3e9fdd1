// node/dialing.h — the links this node is configured to dial, and how each of them is doing.
//
// One repl::Dialer per configured link decides when; this class gives every dial a number and finds the link
// again when the answer comes. One thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "node/io.h"
#include "node/node.h"
#include "repl/dialer.h"

namespace pando::node {

class Dialing {
 public:
  // `links` outlives this.
  Dialing(const std::vector<LinkConfig>& links, Prng random);

  // Hands out a Dial for every link that is due and whose namespace is open.
  void poll(Instant now, const std::function<bool(const LinkConfig&)>& ready, Outputs& out);
  // The link that this dial was for; null when it is not ours.
  const LinkConfig* on_up(std::uint64_t dial_id, LinkId id);
  void on_hello(LinkId id);
  // Of a dial (by number) or of an open link (by id); others are ignored.
  void on_down(std::uint64_t dial_id, LinkId id, bool refused, std::string_view reason, Instant now, Outputs& out);

  Instant next_deadline(const std::function<bool(const LinkConfig&)>& ready) const;
  // Adds the links of `ns` that are not open now.
  void add_stats(std::string_view ns, std::vector<StatsReply::Link>& links) const;

 private:
  struct Configured {
    const LinkConfig* config = nullptr;
    repl::Dialer dialer;
    std::uint64_t dial_id = 0;  // of the dial under way or answered
    LinkId link;                // 0 unless open
    std::string last_reason;    // why it went down; empty before the first time
  };

  std::vector<Configured> links_;
  std::uint64_t next_dial_id_ = 1;
};

}  // namespace pando::node
