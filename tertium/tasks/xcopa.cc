// XCOPA (Ponti et al. 2020): a premise, and which of two sentences is its cause or its effect.

#include <algorithm>
#include <limits>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/tasks/copa_xml.h"
#include "tertium/tasks/json_lines.h"
#include "tertium/tasks/task.h"

namespace tertium {
namespace {

struct Connectors {
  std::string_view language, cause, effect;
};

// The first twelve are those of docs/methods.md; the rest serve translations of COPA.
constexpr Connectors connectors[] = {
    {"en", "because", "therefore"},
    {"et", "sest", "seetõttu"},
    {"ht", "poukisa", "donk sa"},
    {"id", "karena", "maka"},
    {"it", "perché", "quindi"},
    {"qu", "imataq", "chaymi"},
    {"sw", "kwa sababu", "kwa hiyo"},
    {"ta", "காரணமாக", "எனவே"},
    {"th", "เพราะ", "ดังนั้น"},
    {"tr", "çünkü", "bu yüzden"},
    {"vi", "bởi vì", "vì vậy"},
    {"zh", "因为", "所以"},
    {"de", "denn", "also"},
    {"es", "porque", "así que"},
    {"fr", "car", "donc"},
    {"ar", "لأن", "لذلك"},
    {"hi", "क्योंकि", "इसलिए"},
};

// "en_it" is the English translation of the Italian items: it lies in the folder "it", and its text is in "en".
constexpr std::string_view translation_prefix = "en_";

std::string folder_of(const std::string& language) {
  return language.starts_with(translation_prefix) ? language.substr(translation_prefix.size()) : language;
}

std::string_view text_language(std::string_view language) { return language.substr(0, language.find('_')); }

const Connectors& connectors_of(const JsonLine& line, std::string_view language) {
  const auto* found = std::ranges::find(connectors, text_language(language), &Connectors::language);
  if (found != std::end(connectors)) return *found;
  std::vector<std::string> known;
  for (const Connectors& each : connectors) known.emplace_back(each.language);
  std::ranges::sort(known);
  fail(
      "{}: xcopa has no words for \"because\" and \"therefore\" in language \"{}\", only in {}; "
      "the task \"items\" takes any language, with its contexts written out",
      line.where, printable(language), join(known));
}

std::string_view connector(const JsonLine& line, std::string_view language) {
  const Connectors& words = connectors_of(line, language);
  const std::string& question = line.text("question");
  if (question == "cause") return words.cause;
  if (question == "effect") return words.effect;
  fail("{}: field \"question\" is \"{}\"; expected cause or effect", line.where, printable(question));
}

/// The study's statements take one connector for all items of English and of Chinese, whatever is asked
/// (github Kartik21/XLingAlignment, data/xcopa_dali).
std::string_view study_connector(const JsonLine& line, std::string_view language) {
  if (language == "en_th") return "so";
  if (text_language(language) == "en" || text_language(language) == "zh") return connectors_of(line, language).cause;
  return connector(line, language);
}

// COPA's development items 401 to 500 are what XCOPA translates as val, its test items what XCOPA translates as test.
void read_copa_train(const std::filesystem::path& file, const std::function<void(const JsonLine&)>& entry) {
  read_copa(file, 1, 400, entry);
}
void read_copa_val(const std::filesystem::path& file, const std::function<void(const JsonLine&)>& entry) {
  read_copa(file, 401, 500, entry);
}
void read_copa_test(const std::filesystem::path& file, const std::function<void(const JsonLine&)>& entry) {
  read_copa(file, 501, 1000, entry);
}

std::vector<ItemFile> files(const std::filesystem::path& data, const std::string& language,
                            const std::string& asked_split) {
  const std::filesystem::path folder = data / folder_of(language);
  const std::string split = asked_split.empty() ? "val" : asked_split;
  std::vector<ItemFile> files = {{folder / fmt::format("{}.{}.jsonl", split, language), read_json_lines}};
  if (language != "en") return files;
  if (split == "train") files.push_back({folder / "copa-dev.xml", read_copa_train});
  if (split == "val") files.push_back({folder / "copa-dev.xml", read_copa_val});
  if (split == "test") files.push_back({folder / "copa-test.xml", read_copa_test});
  return files;
}

std::string missing(const std::string& language) {
  if (language == "en")
    return "XCOPA has no English of its own: put COPA's copa-dev.xml (split val) or copa-test.xml (test) there";
  if (language.starts_with(translation_prefix))
    return fmt::format("\"{0}\" means the English translation of the items in folder {1}, test.{0}.jsonl",
                       printable(language), printable(folder_of(language)));
  return {};
}

Item item_by(const JsonLine& line, const std::string& language, const TextRules& rules) {
  Item item;
  item.id = std::to_string(line.integer("idx", 0, std::numeric_limits<std::int64_t>::max()));
  item.category = line.text_if_any("category");
  if (item.category.empty()) item.category = line.text("question");
  item.gold = static_cast<std::size_t>(line.integer("label", 0, 1));
  item.premise = line.text("premise");
  // The last character goes even where it is no full stop (Thai, Tamil): so do the published evaluations.
  const std::string_view whole = strip(item.premise), cut = drop_last_code_point(whole);
  const std::string_view premise = rules.fixed && !ends_in_punctuation(whole) ? whole : cut;
  item.context = fmt::format("{} {}", premise, connector(line, language));
  item.context_marks.premise = end_of_words(premise);
  item.choices = {line.text("choice1"), line.text("choice2")};
  for (const std::string& choice : item.choices) item.options.push_back(" " + lower_first(choice));
  item.statement_context =
      rules.study_statements ? fmt::format("{} {}", cut, study_connector(line, language)) : item.context;
  item.statement_options = item.options;
  return item;
}

Item item(const JsonLine& line, const std::string& language) { return item_by(line, language, {}); }

}  // namespace

extern const Task xcopa_task = {
    .name = "xcopa",
    .files = files,
    .item = item,
    // Its {question} is a word of the instruction (cause, effect), not a question that ends anywhere.
    .roles = {.premise = "premise", .question = "", .option = "choice"},
    .letters_prompt = "Choose the more likely {question} of the premise.\nPremise: {premise}\n{options}\nAnswer:",
    .asks = "question",
    .missing = missing,
    .item_by = item_by,
    .may_be_fixed = true,
    .in_study = true,
};

}  // namespace tertium
