// io/grpc/test_certs.h — for tests: throw-away certificate authorities and the certificates they sign.
#pragma once

#include <string>

#include "io/grpc/links.h"

namespace pando::io::test {

// A directory of PEM files that goes away with the object.
class Certs {
 public:
  Certs();
  ~Certs();
  Certs(const Certs&) = delete;
  Certs& operator=(const Certs&) = delete;

  // A node's files, valid for 127.0.0.1 and localhost, signed by the authority `ca` (made on first use).
  TlsFiles node(const std::string& name, const std::string& ca = "ca");
  const std::string& directory() const { return directory_; }

 private:
  std::string directory_;
};

}  // namespace pando::io::test
