// For tests that act as several users.
#pragma once

#include <sys/stat.h>

#include <boost/filesystem/operations.hpp>

#include "tests/cli/process.hpp"

namespace bookchain::tests {

/// The program where every user can run it: neither the build folder nor memory need allow that.
struct PublicProgram {
  path folder = boost::filesystem::temp_directory_path() / boost::filesystem::unique_path("bookchain-users-%%%%%%%%");
  path file = folder / "bookchain";

  PublicProgram() {
    boost::filesystem::create_directory(folder);
    write_file(file, read_file(program_under_test()));
    ::chmod(folder.c_str(), 0755);
    ::chmod(file.c_str(), 0755);
  }
  ~PublicProgram() {
    boost::system::error_code ignored;
    boost::filesystem::remove_all(folder, ignored);
  }
  PublicProgram(const PublicProgram&) = delete;
  PublicProgram& operator=(const PublicProgram&) = delete;
};

}  // namespace bookchain::tests
