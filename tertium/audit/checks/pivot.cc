// XCOPA's English: COPA's own, or a machine translation of each language's items. Published studies take the latter.

#include "tertium/audit/check.h"
#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

constexpr std::string_view kTranslation = "en_";  // "en_it": English, from Italian

std::string translations_of(const std::vector<std::string>& languages) {
  std::vector<std::string> names;
  for (const std::string& language : languages) names.push_back(std::string(kTranslation) + language);
  return join(names);
}

Finding of_copa(const TaskTexts& texts) {
  return {
      .severity = Severity::note,
      .message = fmt::format(
          "The pivot en is COPA's own English. The study of arXiv 2504.09378 compares each language with the machine "
          "translation of its own items instead ({}, split test, 500 items); for its numbers take one experiment a "
          "language, with split = \"test\" and that pivot.",
          translations_of(texts.spec.languages))};
}

std::vector<Finding> find(const TaskTexts& texts) {
  std::vector<Finding> findings;
  const std::string& pivot = texts.pivot().language;
  if (texts.task->name != "xcopa" || texts.spec.languages.empty()) return findings;
  if (pivot == "en") findings.push_back(of_copa(texts));
  if (!pivot.starts_with(kTranslation)) return findings;
  const std::string source = pivot.substr(kTranslation.size());
  if (source == "qu")
    findings.push_back({.severity = Severity::note,
                        .message = "XCOPA has no English translation of Quechua; what was published as en_qu equals "
                                   "en_sw, Swahili's."});
  for (const std::string& language : texts.spec.languages)
    if (language != source && !language.starts_with(kTranslation))
      findings.push_back(
          {.language = language,
           .severity = Severity::warning,
           .count = texts.pivot().items.size(),
           .of = texts.pivot().items.size(),
           .message = fmt::format("The pivot {} is the machine translation of the items in {}, not of those in {}; the "
                                  "study of arXiv 2504.09378 takes {}{} for these.",
                                  pivot, source, language, kTranslation, language)});
  return findings;
}

}  // namespace

extern const Check pivot_check = {
    .name = "pivot",
    .texts = find,
};

}  // namespace tertium
