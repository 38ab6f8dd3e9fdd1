#include "repl/frontier.h"

#include <algorithm>

#include "base/limits.h"

namespace pando::repl {

Frontier::Frontier(const VersionVector& known) {
  for (const auto& entry : known.entries()) of_[entry.first];
}

void Frontier::on_own(const Origin& self, Hlc upto) {
  // Of an epoch that is over others may know more than is here, mostly that is why it is: nothing is claimed of it
  // before they say what it made.
  if (self_ != self && !self_.node.empty()) of_[self_].upto = Hlc{};
  self_ = self;
  Hlc& known = of_[self].upto;
  known = std::max(known, upto);
}

void Frontier::on_durable(const Dot& dot, Hlc hlc) {
  Of& of = of_[dot.origin];
  of.upto = std::max(of.upto, hlc);
  settle(of, dot.seq);
}

void Frontier::on_claim(const Claim& claim, const VersionVector& durable) {
  if (claim.origin == self_) return;
  if (of_.size() >= limits::kOriginsMax && of_.count(claim.origin) == 0) return;
  Of& of = of_[claim.origin];
  if (claim.upto <= of.upto) return;
  if (of.next.upto == Hlc{}) {
    of.next = claim;
  } else if (claim.upto > of.newest.upto) {
    of.newest = claim;
  }
  settle(of, durable.get(claim.origin));
}

void Frontier::settle(Of& of, Seq durable) {
  for (Claim* claim : {&of.next, &of.newest}) {
    if (claim->upto == Hlc{} || claim->seq > durable) continue;
    of.upto = std::max(of.upto, claim->upto);
    *claim = Claim{};
  }
  if (of.next.upto == Hlc{}) std::swap(of.next, of.newest);
}

Hlc Frontier::get() const {
  const Of* least = nullptr;
  for (const auto& entry : of_) {
    if (entry.second.left_out) continue;
    if (least == nullptr || entry.second.upto < least->upto) least = &entry.second;
  }
  if (least != nullptr) highest_ = std::max(highest_, least->upto);
  return highest_;
}

std::vector<Claim> Frontier::claims(const VersionVector& durable) const {
  std::vector<Claim> claims;
  for (const auto& [origin, of] : of_) {
    if (of.upto != Hlc{}) claims.push_back({origin, durable.get(origin), of.upto});
  }
  return claims;
}

}  // namespace pando::repl
