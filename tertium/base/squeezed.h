#pragma once

#include <string>
#include <string_view>

namespace tertium {

/// A text as people read it: composed (NFC), each stretch of white space one space, none around it. To tell whether two
/// texts are the same. Demands valid UTF-8, as all of base/text.h.
std::string squeezed(std::string_view text);

}  // namespace tertium
