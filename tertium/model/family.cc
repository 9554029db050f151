#include "tertium/model/family.h"

#include <algorithm>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {

#define TERTIUM_FAMILY(name) extern const Family name##_family;
#include "tertium/model/families.def"
#undef TERTIUM_FAMILY

const std::vector<const Family*>& families() {
  static const std::vector<const Family*> all = {
#define TERTIUM_FAMILY(name) &name##_family,
#include "tertium/model/families.def"
#undef TERTIUM_FAMILY
  };
  return all;
}

namespace {

using FileNames = std::vector<std::string_view> Family::*;

const Family& find(FileNames file_names, std::string_view wanted, std::string_view key, const std::string& origin) {
  std::vector<std::string> known;
  for (const Family* family : families()) {
    for (const std::string_view spelling : family->*file_names) {
      if (spelling == wanted) return *family;
      known.emplace_back(spelling);
    }
  }
  fail("{}: {} \"{}\" is no family that tertium knows; it knows {}", origin, key, printable(wanted), join(known));
}

}  // namespace

const Family& family_of_model_type(std::string_view model_type, const std::string& origin) {
  return find(&Family::model_types, model_type, "model_type", origin);
}

const Family& family_of_architecture(std::string_view architecture, const std::string& origin) {
  return find(&Family::architectures, architecture, "general.architecture", origin);
}

}  // namespace tertium
