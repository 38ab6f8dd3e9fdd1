#include "model/mutation.h"

#include "base/give_back.h"

namespace pando {
namespace {

constexpr std::size_t kKeepBytesMax = 1024;
constexpr std::size_t kKeepCountMax = 16;

void empty(Bytes& bytes) {
  if (bytes.capacity() > kKeepBytesMax) give_back(bytes);
  bytes.clear();
}
template <typename T>
void empty(std::vector<T>& all) {
  if (all.capacity() > kKeepCountMax) all = std::vector<T>();
  all.clear();
}

}  // namespace

void Mutation::clear() {
  // Names all there is, so that nothing that is added is forgotten.
  auto& [kind_, table_, key_, value_, columns_, delta_, units_, members_, convert_, when_, ttl_, detail_] = *this;
  kind_ = Kind::kPut;
  if (table_ != kTableKv) table_ = kTableKv;
  empty(key_);
  empty(value_);
  empty(columns_);
  delta_ = 0;
  units_ = 0;
  empty(members_);
  convert_ = false;
  when_ = When::kAlways;
  ttl_.reset();
  if (detail_.index() != 0) detail_ = std::monostate();
}

}  // namespace pando
