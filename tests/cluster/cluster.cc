// SPDX-License-Identifier: Apache-2.0
#include "tests/cluster/cluster.hh"

namespace obj {
namespace {

template <class Ask>
nlohmann::json answer_of(Ask&& ask) {
  size_t needed = 0;
  EXPECT_THAT(ask(nullptr, 0, &needed), Gives(OBJ_OK));
  std::string text(needed + 4096, '\0');  // it may have grown meanwhile
  EXPECT_THAT(ask(text.data(), text.size(), &needed), Gives(OBJ_OK));
  return nlohmann::json::parse(text.c_str(), nullptr, false);
}

}  // namespace

nlohmann::json nodes_of(const Client& client) {
  return answer_of([&](char* text, size_t capacity, size_t* needed) {
    return obj_status(client.get(), OBJ_STATUS_NODES, text, capacity, needed);
  });
}

nlohmann::json copies_of(const Client& client, const obj_id& id) {
  return answer_of([&](char* text, size_t capacity, size_t* needed) {
    return obj_locate(client.get(), &id, text, capacity, needed);
  });
}

}  // namespace obj
