#include "tertium/base/squeezed.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>

#include "tertium/base/text.h"

namespace tertium {
namespace {

/// The text in words, with single spaces between them.
std::string words_of(std::string_view text) {
  std::string words;
  while (!(text = strip(text)).empty()) {
    std::size_t end = 0;
    for (std::size_t next = 0; next < text.size(); end = next) {
      int32_t step = 0;
      UChar32 c;
      U8_NEXT(text.data() + next, step, static_cast<int32_t>(std::min<std::size_t>(text.size() - next, U8_MAX_LENGTH)), c);
      if (u_isUWhiteSpace(c)) break;
      next += static_cast<std::size_t>(step);
    }
    if (!words.empty()) words += ' ';
    words.append(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

}  // namespace

std::string squeezed(std::string_view text) {
  const std::string words = words_of(text);
  UErrorCode problem = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(problem);
  if (U_FAILURE(problem)) return words;
  std::string composed;
  icu::StringByteSink<std::string> sink(&composed);
  nfc->normalizeUTF8(0, words, sink, nullptr, problem);
  return composed;
}

}  // namespace tertium
