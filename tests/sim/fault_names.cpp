// The names of the kinds of faults, as options and counts have them.
#include "tests/sim/plan.hpp"

namespace bookchain::sim {

std::string_view name(Fault fault) {
  switch (fault) {
    case Fault::loss: return "loss";
    case Fault::duplication: return "duplication";
    case Fault::reordering: return "reordering";
    case Fault::delay: return "delay";
    case Fault::partition: return "partition";
    case Fault::old_file: return "old-file";
    case Fault::bad_bytes: return "bad-bytes";
    case Fault::lost_package: return "lost-package";
    case Fault::send_error: return "send-error";
    case Fault::crash: return "crash";
    case Fault::crash_in_commit: return "crash-in-commit";
    case Fault::lost_bookkeeping: return "lost-bookkeeping";
    case Fault::read_error: return "read-error";
    case Fault::io_error: return "io-error";
    case Fault::disk_full: return "disk-full";
    case Fault::shelf_error: return "shelf-error";
    case Fault::torn_package: return "torn-package";
    case Fault::restore: return "restore";
    case Fault::undeclared_restore: return "undeclared-restore";
    case Fault::clock_skew: return "clock-skew";
    case Fault::clock_jump: return "clock-jump";
    case Fault::pause: return "pause";
    case Fault::link_error: return "link-error";
    case Fault::error_in_log: return "error-in-log";
    case Fault::begin_error: return "begin-error";
    case Fault::idle_read_error: return "idle-read-error";
    case Fault::full_disk: return "full-disk";
    case Fault::late_send_error: return "late-send-error";
  }
  return "";
}

}  // namespace bookchain::sim
