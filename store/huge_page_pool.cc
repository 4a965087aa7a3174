// SPDX-License-Identifier: Apache-2.0
#include "store/huge_page_pool.hh"

#include <algorithm>

#include "base/check.hh"

namespace obj {
namespace {

// The word in brackets of "always [inherit] advise never".
std::string chosen_word(const std::string& text) {
  const size_t open = text.find('[');
  const size_t close = text.find(']', open == text.npos ? 0 : open);
  if (open == text.npos || close == text.npos) return "";
  return text.substr(open + 1, close - open - 1);
}

}  // namespace

HugePagePool::HugePagePool(const SystemFiles& files, PageSize page_size)
    : files_(files), page_size_(page_size) {
  OBJ_CHECK(page_size != PageSize::kSystem);
  const std::string kilobytes = std::to_string(page_bytes(page_size) / 1024);
  folder_ = "/sys/kernel/mm/hugepages/hugepages-" + kilobytes + "kB/";
  read();
}

void HugePagePool::read() {
  const auto number = [this](const char* name) {
    return files_.read_number(folder_ + name).value_or(0);
  };
  const uint64_t free_pages = number("free_hugepages");
  const uint64_t overcommit = number("nr_overcommit_hugepages");
  surplus_ = number("surplus_hugepages");
  // Reserved pages are promised to mappings that have not touched them yet.
  set_aside_ = free_pages - std::min(number("resv_hugepages"), free_pages);
  surplus_allowed_ = overcommit - std::min(surplus_, overcommit);
}

uint64_t HugePagePool::overcommit_for(uint64_t pages) const {
  return surplus_ + pages - std::min(set_aside_, pages);
}

bool HugePagePool::allow(uint64_t pages) {
  if (suffices(pages)) return true;
  if (!files_.write_number(folder_ + "nr_overcommit_hugepages", overcommit_for(pages)))
    return false;
  read();
  return suffices(pages);
}

std::string HugePagePool::mend(uint64_t pages) const {
  const std::string number = std::to_string(overcommit_for(pages));
  if (page_size_ == PageSize::kHuge2M) return "sysctl vm.nr_overcommit_hugepages=" + number;
  // Whole free gigabytes are rare once a machine has run for a while; this sets them aside now or
  // says at once that it cannot.
  const uint64_t present = files_.read_number(folder_ + "nr_hugepages").value_or(0);
  return "echo " + std::to_string(present + pages - std::min(set_aside_, pages)) + " > " + folder_ +
         "nr_hugepages";
}

bool transparent_huge_pages_offered(const SystemFiles& files) {
  const std::string base = "/sys/kernel/mm/transparent_hugepage/";
  // Since Linux 6.11 each size has its own switch, which by default defers to the old one.
  std::string word = chosen_word(files.read(base + "hugepages-2048kB/shmem_enabled").value_or(""));
  if (word.empty() || word == "inherit") {
    word = chosen_word(files.read(base + "shmem_enabled").value_or(""));
  }
  return word == "always" || word == "within_size" || word == "advise" || word == "force";
}

}  // namespace obj
