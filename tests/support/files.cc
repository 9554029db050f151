#include "tests/support/files.h"

#include <stdlib.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <system_error>

namespace tertium::test {

namespace fs = std::filesystem;

TempFolder::TempFolder() {
  std::string name = (fs::temp_directory_path() / "tertium_XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::system_error(errno, std::generic_category(), name);
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path TempFolder::write(const fs::path& name, std::string_view bytes) const {
  fs::path file = path_ / name;
  fs::create_directories(file.parent_path());
  fs::remove(file);  // a file of this name may still be mapped; its bytes must stay
  std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return file;
}

fs::path source_folder() { return TERTIUM_SOURCE_DIR; }

fs::path shared_folder() {
  const char* named = std::getenv("TERTIUM_SHARED");
  return named ? fs::path(named) : source_folder() / ".." / "shared";
}

}  // namespace tertium::test
