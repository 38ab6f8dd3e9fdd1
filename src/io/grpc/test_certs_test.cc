// Makes the certificates for links_test.cc with libcrypto, so that the test needs no program beside itself.
#include "io/grpc/test_certs.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/check.h"

namespace pando::io::test {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Cert = std::unique_ptr<X509, decltype(&X509_free)>;

void add_extension(X509* cert, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, cert, cert, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
  CHECK(extension != nullptr);
  X509_add_ext(cert, extension, -1);
  X509_EXTENSION_free(extension);
}

Cert make_cert(const std::string& name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
  static long serial = 1;
  Cert cert(X509_new(), X509_free);
  X509_set_version(cert.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), 3600);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(cert.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_pubkey(cert.get(), key);
  X509_set_issuer_name(cert.get(), X509_get_subject_name(issuer != nullptr ? issuer : cert.get()));
  if (issuer == nullptr)
    add_extension(cert.get(), NID_basic_constraints, "critical,CA:TRUE");
  else
    add_extension(cert.get(), NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
  CHECK(X509_sign(cert.get(), issuer_key, EVP_sha256()) > 0);
  return cert;
}

using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

File open_file(const std::string& path, const char* mode) {
  File file(std::fopen(path.c_str(), mode), std::fclose);
  CHECK(file != nullptr);
  return file;
}

void write_pair(const std::string& stem, X509* cert, EVP_PKEY* key) {
  CHECK(PEM_write_X509(open_file(stem + ".pem", "w").get(), cert) == 1);
  CHECK(PEM_write_PrivateKey(open_file(stem + ".key", "w").get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
}

}  // namespace

Certs::Certs() {
  std::string pattern = (std::filesystem::temp_directory_path() / "pando-certs-XXXXXX").string();
  CHECK(::mkdtemp(pattern.data()) != nullptr);
  directory_ = pattern;
}

Certs::~Certs() { std::filesystem::remove_all(directory_); }

TlsFiles Certs::node(const std::string& name, const std::string& ca) {
  const std::string ca_stem = directory_ + "/" + ca;
  if (!std::filesystem::exists(ca_stem + ".pem")) {
    const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free);
    write_pair(ca_stem, make_cert(ca, key.get(), nullptr, key.get()).get(), key.get());
  }
  const Cert ca_cert(PEM_read_X509(open_file(ca_stem + ".pem", "r").get(), nullptr, nullptr, nullptr), X509_free);
  const Key ca_key(PEM_read_PrivateKey(open_file(ca_stem + ".key", "r").get(), nullptr, nullptr, nullptr),
                   EVP_PKEY_free);
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free);
  const std::string stem = directory_ + "/" + name + "-" + ca;
  write_pair(stem, make_cert(name, key.get(), ca_cert.get(), ca_key.get()).get(), key.get());
  return TlsFiles{stem + ".pem", stem + ".key", ca_stem + ".pem", ""};
}

}  // namespace pando::io::test
