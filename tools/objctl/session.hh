// SPDX-License-Identifier: Apache-2.0
// tools/objctl/session.hh -- the connection to objd that one command uses.
#pragma once

#include <obj/obj.h>

#include <cstdint>
#include <memory>
#include <string>

#include "tools/objctl/failure.hh"
#include "tools/objctl/invocation.hh"

namespace objctl {

// Its end releases views and aborts objects that are not sealed, so commands need not on their ways
// out.
class Session {
 public:
  enum class Access { kRead, kWrite };

  // `operations_max`: how many a single call starts at once, as obj_wait() does.
  // OBJ_EDISCONNECTED if no objd listens.
  static Outcome<Session> open(const GlobalOptions& options, Access access,
                               size_t operations_max = 1);

  obj_client* get() const { return client_.get(); }

  // The JSON text of obj_status(), and of obj_locate(); `what` begins the failure's line.
  Outcome<std::string> status(uint32_t topic, const std::string& what = "status") const;
  Outcome<std::string> locate(const obj_id& id, const std::string& what) const;

 private:
  struct Close {
    void operator()(obj_client* client) const { obj_close(client); }
  };
  explicit Session(obj_client* client) : client_(client) {}

  std::unique_ptr<obj_client, Close> client_;
};

}  // namespace objctl
