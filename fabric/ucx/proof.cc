// SPDX-License-Identifier: Apache-2.0
#include "fabric/ucx/proof.hh"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

#include "base/check.hh"

namespace obj::ucx {

Proof make_proof(const std::string& secret, std::string_view role, const HelloFrame& hello,
                 const ListenerFields& listener) {
  std::array<unsigned char, 8 + sizeof(hello) + sizeof(listener)> text{};
  OBJ_CHECK(role.size() <= 8);
  std::memcpy(text.data(), role.data(), role.size());
  std::memcpy(text.data() + 8, &hello, sizeof(hello));
  std::memcpy(text.data() + 8 + sizeof(hello), &listener, sizeof(listener));

  Proof proof;
  unsigned int proof_bytes = 0;
  // c_str(): HMAC() takes a null key for "the one of the last call".
  OBJ_CHECK(::HMAC(::EVP_sha256(), secret.c_str(), static_cast<int>(secret.size()), text.data(),
                   text.size(), reinterpret_cast<unsigned char*>(proof.data()),
                   &proof_bytes) != nullptr);
  OBJ_CHECK(proof_bytes == proof.size());
  return proof;
}

bool same_proof(const Proof& left, const Proof& right) {
  return ::CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

Nonce random_nonce() {
  Nonce nonce;
  // Up to 256 bytes come whole, once the kernel has entropy at all (getrandom(2)).
  OBJ_CHECK(::getrandom(nonce.data(), nonce.size(), 0) == static_cast<ssize_t>(nonce.size()));
  return nonce;
}

}  // namespace obj::ucx
