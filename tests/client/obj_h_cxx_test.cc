// SPDX-License-Identifier: Apache-2.0
// tests/client/obj_h_cxx_test.cc -- obj.h is C++ too, alone, with the warnings of a careful user.
#include <obj/obj.h>

int main() {
  const obj_open_options options = OBJ_OPEN_OPTIONS_INIT;
  const obj_view view{};
  obj_client* client = nullptr;
  const bool refused = obj_open("/nonexistent/objd.sock", &options, &client) == OBJ_EDISCONNECTED;
  obj_close(client);
  return refused && view.data == nullptr ? 0 : 1;
}
