#include "engine/escrow_part.h"

#include <algorithm>

#include "base/limits.h"

namespace pando::engine {
namespace {

constexpr std::uint8_t kVersion = 1;
// First byte of a declaration after its version.
constexpr std::uint8_t kFormBounds = 1;
constexpr std::uint8_t kFormLimiter = 2;
constexpr std::uint8_t kHasLower = 1;
constexpr std::uint8_t kHasUpper = 2;
constexpr std::size_t kSlotsMax = 64;

void version(Reader& in, const char* field) {
  if (const std::uint8_t found = in.u8(field); in.ok() && found != kVersion) in.refuse(field, "is not a known version");
}

void encode(const std::array<std::uint64_t, kWays>& pair, Writer& out) {
  for (const std::uint64_t n : pair) out.varint(n);
}
std::array<std::uint64_t, kWays> decode_pair(Reader& in, const char* field) {
  std::array<std::uint64_t, kWays> pair{};
  for (std::uint64_t& n : pair) n = in.varint(field);
  return pair;
}

void encode(const std::vector<EscrowPart::Transfer>& transfers, Writer& out) {
  out.varint(transfers.size());
  for (const EscrowPart::Transfer& transfer : transfers) {
    pando::encode(transfer.origin, out);
    encode(transfer.amount, out);
  }
}
std::vector<EscrowPart::Transfer> decode_transfers(Reader& in, const char* field) {
  std::vector<EscrowPart::Transfer> transfers;
  const std::uint64_t count = in.varint_max(field, limits::kOriginsMax);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    EscrowPart::Transfer transfer{decode_origin(in), {}};
    transfer.amount = decode_pair(in, field);
    if (in.ok() && i > 0 && transfer.origin <= transfers.back().origin) in.refuse(field, "is not in ascending order");
    transfers.push_back(std::move(transfer));
  }
  return transfers;
}

void encode(const LimiterMeter& meter, Writer& out) {
  out.varint(meter.at_ms);
  out.varint128(meter.deficit);
  out.varint(meter.counted);
  out.varint(meter.seen.size());
  for (const auto& [origin, counted] : meter.seen) {
    pando::encode(origin, out);
    out.varint(counted);
  }
  out.varint(meter.slots.size());
  for (const LimiterMeter::Slot& slot : meter.slots) {
    out.varint(slot.index);
    out.varint(slot.count);
  }
}
LimiterMeter decode_meter(Reader& in) {
  LimiterMeter meter;
  meter.at_ms = in.varint_max("meter.at", static_cast<std::uint64_t>(INT64_MAX));
  meter.deficit = in.varint128("meter.deficit");
  meter.counted = in.varint("meter.counted");
  const std::uint64_t seen = in.varint_max("meter.seen", limits::kOriginsMax);
  for (std::uint64_t i = 0; i < seen && in.ok(); ++i) {
    Origin origin = decode_origin(in);
    if (in.ok() && i > 0 && origin <= meter.seen.back().first) in.refuse("meter.seen", "is not in ascending order");
    meter.seen.emplace_back(std::move(origin), in.varint("meter.seen.counted"));
  }
  const std::uint64_t slots = in.varint_max("meter.slots", kSlotsMax);
  for (std::uint64_t i = 0; i < slots && in.ok(); ++i) {
    LimiterMeter::Slot slot;
    slot.index = in.varint("meter.slot");
    slot.count = in.varint("meter.slot.count");
    if (in.ok() && i > 0 && slot.index <= meter.slots.back().index) {
      in.refuse("meter.slot", "is not in ascending order");
    }
    if (in.ok() && slot.count == 0) in.refuse("meter.slot.count", "is zero");
    meter.slots.push_back(slot);
  }
  return meter;
}

// All of `in`, or why not.
template <typename T>
Result<T> whole(Reader& in, T value) {
  if (Status status = in.finish(); !status.ok()) return fail(std::move(status));
  return value;
}

// Big-endian, so that elements sort as the numbers do.
void sorted_u64(std::uint64_t n, Bytes& out) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(n >> shift & 0xFF));
}
std::uint64_t sorted_u64(Reader& in, const char* field) {
  std::uint64_t n = 0;
  for (const char c : in.raw(field, 8)) n = n << 8 | static_cast<std::uint8_t>(c);
  return n;
}

}  // namespace

// Rights. --------------------------------------------------------------------------------------------------

std::optional<std::uint64_t> EscrowDeclaration::rights(Way way) const {
  if (const auto* limiter = std::get_if<LimiterTerms>(&terms)) return way == Way::kTake ? limiter->limit : 0;
  const auto& bounds = std::get<Bounds>(terms);
  const std::optional<std::int64_t>& bound = way == Way::kTake ? bounds.lower : bounds.upper;
  if (!bound) return std::nullopt;
  const Int128 room = way == Way::kTake ? Int128{bounds.initial} - *bound : Int128{*bound} - bounds.initial;
  return static_cast<std::uint64_t>(room);  // two 64-bit numbers in order are less than 2^64 apart
}

std::uint64_t EscrowDeclaration::share(Way way, const Origin& origin, const Origin& declarer) const {
  const std::uint64_t total = rights(way).value_or(0);
  if (sites.empty()) return origin == declarer ? total : 0;
  const auto at = std::lower_bound(sites.begin(), sites.end(), origin);
  if (at == sites.end() || *at != origin) return 0;
  // What does not divide goes to the first ones.
  const auto place = static_cast<std::uint64_t>(at - sites.begin());
  return total / sites.size() + (place < total % sites.size() ? 1 : 0);
}

std::uint64_t EscrowPart::granted(const Origin& to, Way way) const {
  for (const Transfer& transfer : grants) {
    if (transfer.origin == to) return transfer.amount[index_of(way)];
  }
  return 0;
}

bool EscrowPart::grant(const Origin& to, Way way, std::uint64_t amount) {
  auto at = std::lower_bound(grants.begin(), grants.end(), to,
                             [](const Transfer& transfer, const Origin& origin) { return transfer.origin < origin; });
  const bool known = at != grants.end() && at->origin == to;
  if (known && at->amount[index_of(way)] > UINT64_MAX - amount) return false;
  if (!known) at = grants.insert(at, Transfer{to, {}});
  at->amount[index_of(way)] += amount;
  return true;
}

// Bytes. ---------------------------------------------------------------------------------------------------

Bytes encode(const EscrowDeclaration& declaration) {
  Bytes bytes;
  Writer out(bytes);
  out.u8(kVersion);
  if (const auto* bounds = std::get_if<Bounds>(&declaration.terms)) {
    out.u8(kFormBounds);
    out.u8(static_cast<std::uint8_t>((bounds->lower ? kHasLower : 0) | (bounds->upper ? kHasUpper : 0)));
    if (bounds->lower) out.u64(static_cast<std::uint64_t>(*bounds->lower));
    if (bounds->upper) out.u64(static_cast<std::uint64_t>(*bounds->upper));
    out.u64(static_cast<std::uint64_t>(bounds->initial));
  } else {
    const auto& limiter = std::get<LimiterTerms>(declaration.terms);
    out.u8(kFormLimiter);
    out.u8(static_cast<std::uint8_t>(limiter.kind));
    out.u8(limiter.strict ? 1 : 0);
    out.varint(limiter.limit);
    out.varint(limiter.rate);
    out.varint(static_cast<std::uint64_t>(limiter.per_ms));
  }
  out.varint(declaration.sites.size());
  for (const Origin& site : declaration.sites) encode(site, out);
  return bytes;
}

Result<EscrowDeclaration> decode_escrow_declaration(ByteSpan bytes) {
  Reader in(bytes);
  EscrowDeclaration declaration;
  version(in, "declaration.version");
  switch (const std::uint8_t form = in.u8("declaration.form"); form) {
    case kFormBounds: {
      Bounds bounds;
      const std::uint8_t has = in.u8("declaration.bounds");
      if (in.ok() && (has == 0 || has > (kHasLower | kHasUpper))) in.refuse("declaration.bounds", "names no bound");
      if ((has & kHasLower) != 0) bounds.lower = static_cast<std::int64_t>(in.u64("declaration.lower"));
      if ((has & kHasUpper) != 0) bounds.upper = static_cast<std::int64_t>(in.u64("declaration.upper"));
      bounds.initial = static_cast<std::int64_t>(in.u64("declaration.initial"));
      const bool inside =
          bounds.initial >= bounds.lower.value_or(INT64_MIN) && bounds.initial <= bounds.upper.value_or(INT64_MAX);
      if (in.ok() && !inside) in.refuse("declaration.initial", "lies outside of the bounds");
      declaration.terms = bounds;
      break;
    }
    case kFormLimiter: {
      LimiterTerms terms;
      const std::uint8_t kind = in.u8("declaration.kind");
      const std::uint8_t strict = in.u8("declaration.strict");
      terms.kind = static_cast<LimiterTerms::Kind>(kind);
      terms.strict = strict == 1;
      terms.limit = in.varint_max("declaration.limit", limits::kLimiterMax);
      terms.rate = in.varint_max("declaration.rate", limits::kLimiterMax);
      terms.per_ms = static_cast<std::int64_t>(
          in.varint_max("declaration.per", static_cast<std::uint64_t>(limits::kLimiterPerMsMax)));
      if (in.ok() && kind != 1 && kind != 2) in.refuse("declaration.kind", "is not a known kind");
      if (in.ok() && strict > 1) in.refuse("declaration.strict", "is neither 0 nor 1");
      const bool bucket = terms.kind == LimiterTerms::Kind::kBucket;
      if (in.ok() && (terms.limit == 0 || terms.per_ms == 0 || (terms.rate != 0) != bucket)) {
        in.refuse("declaration.limit", "is zero, or its rate or span is");
      }
      declaration.terms = terms;
      break;
    }
    default: in.refuse("declaration.form", "is not a known form");
  }
  const std::uint64_t sites = in.varint_max("declaration.sites", limits::kEscrowSitesMax);
  for (std::uint64_t i = 0; i < sites && in.ok(); ++i) {
    Origin site = decode_origin(in);
    if (in.ok() && i > 0 && site <= declaration.sites.back()) {
      in.refuse("declaration.sites", "is not in ascending order");
    }
    declaration.sites.push_back(std::move(site));
  }
  return whole(in, std::move(declaration));
}

Bytes encode(const EscrowPart& part) {
  Bytes bytes;
  Writer out(bytes);
  out.u8(kVersion);
  encode(part.used, out);
  encode(part.held, out);
  encode(part.wanted, out);
  encode(part.urgent, out);
  out.varint(part.reminders);
  encode(part.grants, out);
  encode(part.reclaimed, out);
  const bool metered = part.meter != LimiterMeter();
  out.u8(metered ? 1 : 0);
  if (metered) encode(part.meter, out);
  return bytes;
}

Result<EscrowPart> decode_escrow_part(ByteSpan bytes) {
  Reader in(bytes);
  EscrowPart part;
  version(in, "part.version");
  part.used = decode_pair(in, "part.used");
  part.held = decode_pair(in, "part.held");
  part.wanted = decode_pair(in, "part.wanted");
  part.urgent = decode_pair(in, "part.urgent");
  part.reminders = in.varint("part.reminders");
  part.grants = decode_transfers(in, "part.grants");
  part.reclaimed = decode_transfers(in, "part.reclaimed");
  const std::uint8_t metered = in.u8("part.metered");
  if (in.ok() && metered > 1) in.refuse("part.metered", "is neither 0 nor 1");
  if (metered == 1) {
    part.meter = decode_meter(in);
    if (in.ok() && part.meter == LimiterMeter()) in.refuse("part.metered", "is 1 and the meter says nothing");
  }
  return whole(in, std::move(part));
}

Bytes encode(const EscrowHold& hold) {
  Bytes bytes;
  Writer out(bytes);
  out.u8(kVersion);
  out.u8(static_cast<std::uint8_t>(hold.way));
  out.varint(hold.amount);
  return bytes;
}

Result<EscrowHold> decode_escrow_hold(ByteSpan bytes) {
  Reader in(bytes);
  version(in, "hold.version");
  const std::uint8_t way = in.u8("hold.way");
  EscrowHold hold{static_cast<Way>(way), in.varint("hold.amount")};
  if (in.ok() && way >= kWays) in.refuse("hold.way", "is not a known way");
  return whole(in, hold);
}

// Elements. ------------------------------------------------------------------------------------------------

Bytes part_prefix(ByteSpan subject, const Dot& incarnation) {
  Bytes element(1, kPartElement);
  Writer out(element);
  out.bytes(subject);
  encode(incarnation, out);
  return element;
}

Bytes part_element(ByteSpan subject, const Dot& incarnation, const Origin& origin) {
  Bytes element = part_prefix(subject, incarnation);
  Writer out(element);
  encode(origin, out);
  return element;
}

std::optional<PartName> parse_part(ByteSpan element) {
  if (element.empty() || element.front() != kPartElement) return std::nullopt;
  Reader in(element.substr(1));
  PartName name;
  name.subject = Bytes(in.bytes("part.subject", limits::kSubjectBytesMax));
  name.incarnation = decode_dot(in);
  name.origin = decode_origin(in);
  if (!in.finish().ok()) return std::nullopt;
  return name;
}

Bytes hold_prefix(const Dot& incarnation, const Origin& origin) {
  Bytes element(1, kHoldElement);
  Writer out(element);
  encode(incarnation, out);
  encode(origin, out);
  return element;
}

Bytes hold_element(const Dot& incarnation, const ReservationName& name) {
  Bytes element = hold_prefix(incarnation, name.origin);
  sorted_u64(static_cast<std::uint64_t>(name.expires_at_ms), element);
  Writer out(element);
  out.varint(name.seq.value);
  out.varint(name.index);
  return element;
}

std::optional<HoldName> parse_hold(ByteSpan element) {
  if (element.empty() || element.front() != kHoldElement) return std::nullopt;
  Reader in(element.substr(1));
  HoldName name;
  name.incarnation = decode_dot(in);
  name.reservation.origin = decode_origin(in);
  const std::uint64_t expires = sorted_u64(in, "hold.expires");
  name.reservation.expires_at_ms = static_cast<std::int64_t>(expires);
  name.reservation.seq = Seq(in.varint("hold.seq"));
  name.reservation.index = in.varint("hold.index");
  if (!in.finish().ok() || expires > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
  return name;
}

Bytes admission_element(const Dot& incarnation, const Origin& origin) {
  Bytes element(1, kAdmissionElement);
  Writer out(element);
  encode(incarnation, out);
  encode(origin, out);
  return element;
}

std::optional<std::pair<Dot, Origin>> parse_admission(ByteSpan element) {
  if (element.empty() || element.front() != kAdmissionElement) return std::nullopt;
  Reader in(element.substr(1));
  Dot incarnation = decode_dot(in);
  Origin origin = decode_origin(in);
  if (!in.finish().ok()) return std::nullopt;
  return std::pair(std::move(incarnation), std::move(origin));
}

}  // namespace pando::engine
