// Who of the users of a host is in a group.
#include "cli/host_access.hpp"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>

using bookchain::cli::others_in_group;

BOOST_AUTO_TEST_SUITE(host_access)

BOOST_AUTO_TEST_CASE(users_whose_first_group_it_is_are_in_a_group_and_oneself_is_no_other) {
  ::setpwent();
  std::optional<gid_t> group;
  std::string name;
  while (const auto* entry = ::getpwent()) {
    if (entry->pw_uid == ::geteuid()) continue;
    group = entry->pw_gid;
    name = entry->pw_name;
    break;
  }
  ::endpwent();
  BOOST_REQUIRE_MESSAGE(group, "the host names no other user");
  const auto others = others_in_group(*group);
  BOOST_TEST((std::ranges::find(others, name) != others.end()));
  const auto* self = ::getpwuid(::geteuid());
  if (self == nullptr) return;
  const auto own_group = others_in_group(self->pw_gid);
  BOOST_TEST((std::ranges::find(own_group, std::string(self->pw_name)) == own_group.end()));
}

BOOST_AUTO_TEST_SUITE_END()
