// SPDX-License-Identifier: Apache-2.0
// tools/objbench/shared_value.hh -- one value in memory that a process shares with its children.
#pragma once

#include <sys/mman.h>

#include <new>
#include <type_traits>
#include <utility>

#include "tools/objbench/outcome.hh"

namespace objbench {

// Zero at the start, at the same address in every child forked afterwards.
//
// Lifetime: each process unmaps its own view. T's destructor is never run, so it must have none.
template <class T>
class SharedValue {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  static Outcome<SharedValue> create() {
    void* const memory =
        ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return system_failure("mmap");
    return SharedValue(new (memory) T());
  }

  SharedValue(SharedValue&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  SharedValue& operator=(SharedValue&&) = delete;
  ~SharedValue() {
    if (value_ != nullptr) ::munmap(value_, sizeof(T));
  }

  T& operator*() const { return *value_; }
  T* operator->() const { return value_; }

 private:
  explicit SharedValue(T* value) : value_(value) {}

  T* value_;
};

}  // namespace objbench
