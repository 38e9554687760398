# Writes TARGET, a source that names the commit of the tree at ROOT as git describes it, or "unknown" where ROOT is no
# clone or git is not there. TARGET is left alone where it says so already, so that nothing is compiled again.
#
#   cmake -D ROOT=... -D TARGET=... -P commit.cmake
set(commit unknown)
if(EXISTS "${ROOT}/.git") # an archive that was unpacked within another clone is not of that clone's commit
  execute_process(COMMAND git --no-optional-locks -C "${ROOT}" describe --always --dirty
                  OUTPUT_VARIABLE described RESULT_VARIABLE status
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(status EQUAL 0 AND described MATCHES "^[-A-Za-z0-9._/+]+$")
    set(commit "${described}")
  endif()
endif()
file(CONFIGURE OUTPUT "${TARGET}" CONTENT [[
#include "tests/sim/commit.hpp"

namespace bookchain::sim {

const char* built_commit() { return "@commit@"; }

}  // namespace bookchain::sim
]] @ONLY)
