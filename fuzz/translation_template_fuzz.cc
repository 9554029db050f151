// Any bytes as a template of translation, and a prompt of it.

#include <array>

#include "fuzz/support.h"
#include "tertium/base/text.h"
#include "tertium/tasks/translation_prompt.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tertium;
  fuzz::read_or_refuse([&] {
    const TranslationTemplate form = translation_template(fuzz::as_file({data, size}));
    const LanguageNames names = {"English", "German"};
    constexpr std::array<TranslationShot, 2> shots = {{{"one {", "eins }"}, {"two", "zwei"}}};
    constexpr std::string_view source = "three {source}", target = "drei {target}";
    const TranslationPrompt prompt = fill(form, names, shots, source);
    fuzz::demand(is_utf8(prompt.text), "a prompt is UTF-8");
    fuzz::demand(prompt.text.substr(prompt.source_begin, prompt.source_end - prompt.source_begin) == source,
                 "the sentence lies where the prompt says");
    const std::string answer = answer_text(form, names, target);
    fuzz::demand(answer.find(target) != answer.npos, "an answer holds the translation");
    fuzz::demand(!form.stops.empty(), "something ends an answer");
    const std::size_t end = answer_end(prompt.text + answer, form.stops);
    fuzz::demand(end <= prompt.text.size() + answer.size(), "an answer ends within its text");
  });
  return 0;
}
