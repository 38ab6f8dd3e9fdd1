#include "io/zmq/context.h"

#include <zmq.hpp>

namespace pando::io::zmq {

struct Context::Impl {
  ::zmq::context_t context{1};
};

Context::Context() : impl_(std::make_unique<Impl>()) {}
Context::~Context() = default;

void* Context::native() const { return &impl_->context; }

}  // namespace pando::io::zmq
