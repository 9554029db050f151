// XNLI (Conneau et al. 2018): whether a sentence follows from another, may be true beside it, or contradicts it.
// Columns of the dataset on the hub; the words are those of lm-evaluation-harness, mistakes included
// (lm_eval/tasks/xnli).

#include <algorithm>
#include <array>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/tasks/json_lines.h"
#include "tertium/tasks/task.h"

namespace tertium {
namespace {

struct Words {
  std::string_view language, right;
  std::array<std::string_view, 3> answers;  // entailment, neutral, contradiction
};

constexpr Words kWords[] = {
    {"ar", "صحيح", {"نعم", "لذا", "رقم"}},        {"bg", "правилно", {"да", "така", "не"}},
    {"de", "richtig", {"Ja", "Auch", "Nein"}},    {"el", "σωστός", {"Ναί", "Έτσι", "όχι"}},
    {"en", "right", {"Yes", "Also", "No"}},       {"es", "correcto", {"Sí", "Asi que", "No"}},
    {"fr", "correct", {"Oui", "Aussi", "Non"}},   {"hi", "सही", {"हाँ", "इसलिए", "नहीं"}},
    {"ru", "правильно", {"Да", "Так", "Нет"}},    {"sw", "sahihi", {"Ndiyo", "Hivyo", "Hapana"}},
    {"th", "ถูกต้อง", {"ใช่", "ดังนั้น", "ไม่"}},        {"tr", "doğru", {"Evet", "Böylece", "Hayır"}},
    {"ur", "صحیح", {"جی ہاں", "اس لئے", "نہیں"}}, {"vi", "đúng", {"Vâng", "Vì vậy", "Không"}},
    {"zh", "正确", {"是的", "所以", "不是的"}},
};

const Words& words_of(const JsonLine& line, std::string_view language) {
  const auto* found = std::ranges::find(kWords, language, &Words::language);
  if (found != std::end(kWords)) return *found;
  std::vector<std::string> known;
  for (const Words& each : kWords) known.emplace_back(each.language);
  fail(
      "{}: xnli has no words for \"right\" and \"yes\" in language \"{}\", only in {}; the task \"items\" takes any "
      "language, with its contexts written out",
      line.where, printable(language), join(known));
}

/// A number on the hub, a word in the official files.
std::size_t label(const JsonLine& line) {
  constexpr std::string_view kLabels[] = {"entailment", "neutral", "contradiction"};
  const nlohmann::json& label = line.field("label");
  for (std::size_t k = 0; k < 3; ++k)
    if (label == kLabels[k]) return k;
  return static_cast<std::size_t>(line.integer("label", 0, 2));
}

// lm-evaluation-harness has no context at all: its options are "premise, right? Yes, hypothesis" behind a space. What
// the three share stands in the context here, so that a patch there meets all of them; it adds the same to each score.
Item item(const JsonLine& line, const std::string& language) {
  const Words& words = words_of(line, language);
  Item item;
  item.id = line.id_or_row("pairID");
  item.premise = line.text("premise");
  const std::string& hypothesis = line.text("hypothesis");
  item.gold = label(line);
  item.context = fmt::format(" {}, {}?", item.premise, words.right);
  item.context_marks.premise = 1 + end_of_words(item.premise).value_or(0);
  for (const std::string_view answer : words.answers) {
    item.options.push_back(fmt::format(" {}, {}", answer, hypothesis));
    item.choices.emplace_back(answer);
  }
  item.statement_context = item.context;
  item.statement_options = item.options;
  return item;
}

}  // namespace

extern const Task xnli_task = {
    .name = "xnli",
    .files = hub_files,
    .item = item,
    .roles = {.premise = "premise", .question = "hypothesis", .option = ""},
    .letters_prompt =
        "Does the second sentence follow from the first?\nFirst: {premise}\nSecond: {hypothesis}\n"
        "{options}\nAnswer:",
    .lm_eval_shots = LmEvalShots::drawn_besides,
};

}  // namespace tertium
