// What can stand in a folder where somebody expects something else.
#pragma once

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <array>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <string>

namespace bookchain::tests {

enum class Thing {
  pipe,
  socket,
  device,  ///< gives bytes without end
  disk,
  link,
  link_to_nothing,
  link_to_itself,
  file,
  huge_file,  ///< one that is all hole
};

inline constexpr std::array all_things{Thing::pipe,           Thing::socket, Thing::device,
                                       Thing::disk,           Thing::link,   Thing::link_to_nothing,
                                       Thing::link_to_itself, Thing::file,   Thing::huge_file};

inline std::string name_of(Thing thing) {
  switch (thing) {
    case Thing::pipe: return "pipe";
    case Thing::socket: return "socket";
    case Thing::device: return "device";
    case Thing::disk: return "disk";
    case Thing::link: return "link";
    case Thing::link_to_nothing: return "link-to-nothing";
    case Thing::link_to_itself: return "link-to-itself";
    case Thing::file: return "file";
    case Thing::huge_file: return "huge-file";
  }
  return "";
}

inline std::ostream& operator<<(std::ostream& out, Thing thing) { return out << name_of(thing); }

/// False where it cannot be made: devices only root can make, and not everywhere. `elsewhere` is what a link shows.
[[nodiscard]] inline bool make_thing(Thing thing, const boost::filesystem::path& at,
                                     const boost::filesystem::path& elsewhere) {
  namespace fs = boost::filesystem;
  const auto node = [&](mode_t type, dev_t device) { return ::mknod(at.c_str(), type | 0666U, device) == 0; };
  switch (thing) {
    case Thing::pipe: return node(S_IFIFO, 0);
    case Thing::socket: return node(S_IFSOCK, 0);
    case Thing::device: return node(S_IFCHR, ::makedev(1, 5));
    case Thing::disk: return node(S_IFBLK, ::makedev(7, 250));
    case Thing::link: fs::create_symlink(elsewhere, at); break;
    case Thing::link_to_nothing: fs::create_symlink("/nowhere/at/all", at); break;
    case Thing::link_to_itself: fs::create_symlink(at, at); break;
    case Thing::file: std::ofstream(at.string()) << "rubbish"; break;
    case Thing::huge_file:
      std::ofstream(at.string()) << "";
      fs::resize_file(at, std::uint64_t{1} << 40U);
      break;
  }
  return true;
}

}  // namespace bookchain::tests
