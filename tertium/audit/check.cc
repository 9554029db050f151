#include "tertium/audit/check.h"

namespace tertium {

#define TERTIUM_CHECK(name) extern const Check name##_check;
#include "tertium/audit/checks.def"
#undef TERTIUM_CHECK

const std::vector<const Check*>& checks() {
  static const std::vector<const Check*> all = {
#define TERTIUM_CHECK(name) &name##_check,
#include "tertium/audit/checks.def"
#undef TERTIUM_CHECK
  };
  return all;
}

}  // namespace tertium
