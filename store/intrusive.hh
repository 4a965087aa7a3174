// SPDX-License-Identifier: Apache-2.0
// store/intrusive.hh -- Boost.Intrusive with its safety checks kept on in release builds.
//
// Boost's checks (linked twice, destroyed while linked, taken out though not in) use BOOST_ASSERT,
// which falls silent under NDEBUG. Include this header instead of Boost's own, so that no file sees
// the silent version.
#pragma once

#include "base/check.hh"

#if defined(BOOST_INTRUSIVE_SAFE_HOOK_DEFAULT_ASSERT)
#error "Boost.Intrusive was included before store/intrusive.hh"
#endif
#define BOOST_INTRUSIVE_INVARIANT_ASSERT(condition) OBJ_CHECK(condition)
#define BOOST_INTRUSIVE_SAFE_HOOK_DEFAULT_ASSERT(condition) OBJ_CHECK(condition)
#define BOOST_INTRUSIVE_SAFE_HOOK_DESTRUCTOR_ASSERT(condition) OBJ_CHECK(condition)

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

namespace obj {

namespace intrusive = boost::intrusive;

using ListHook = intrusive::list_member_hook<intrusive::link_mode<intrusive::safe_link>>;
// The colour of a tree node is kept in a pointer's low bit, which saves 8 bytes a hook.
using TreeHook = intrusive::set_member_hook<intrusive::link_mode<intrusive::safe_link>,
                                            intrusive::optimize_size<true>>;

// A list that knows its size in O(1).
template <class T, ListHook T::* hook>
using ListOf = intrusive::list<T, intrusive::member_hook<T, ListHook, hook>,
                               intrusive::constant_time_size<true>>;

}  // namespace obj
