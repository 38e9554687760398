// The entry point of all test programs. Written out, so that it does not matter whether a precompiled header
// has included Boost.Test before.
#include <boost/test/unit_test.hpp>

namespace {

bool prepare() { return true; }

}  // namespace

int main(int count, char** arguments) { return boost::unit_test::unit_test_main(&prepare, count, arguments); }
