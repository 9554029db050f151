// Global-MMLU (Singh et al. 2024): MMLU's questions (Hendrycks et al. 2021) in many languages, four answers each.
// Also read are the columns of OpenAI's MMMLU and of Okapi's m_mmlu, which ask in the same words.

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/tasks/csv.h"
#include "tertium/tasks/json_lines.h"
#include "tertium/tasks/task.h"

namespace tertium {
namespace {

struct MmluColumns {
  std::string_view id, subject, question, options[4], answer;
};

constexpr MmluColumns kColumns[] = {
    {"sample_id", "subject", "question", {"option_a", "option_b", "option_c", "option_d"}, "answer"},
    {"", "Subject", "Question", {"A", "B", "C", "D"}, "Answer"},  // MMMLU; its first column has no name
    {"id", "subject", "instruction", {"option_a", "option_b", "option_c", "option_d"}, "answer"},
};

const MmluColumns& columns_of(const JsonLine& line) {
  for (const MmluColumns& columns : kColumns)
    if (line.has(columns.question)) return columns;
  return kColumns[0];
}

/// Some of MMMLU's subjects are names of files: "college_physics_test.csv_sw-KE.csv".
std::string subject(const std::string& name) { return name.substr(0, name.find("_test")); }

Item item(const JsonLine& line, const std::string&) {
  const MmluColumns& columns = columns_of(line);
  Item item;
  item.id = line.id_or_row(columns.id);
  item.category = subject(line.text_if_any(columns.subject));
  for (const std::string_view option : columns.options) item.choices.push_back(line.text(option));
  item.gold = line.letter(columns.answer, item.choices.size());
  const std::string question(strip(line.text(columns.question)));
  MarkedText context{question, {.question = end_of_words(question)}};
  for (std::size_t k = 0; k < item.choices.size(); ++k) {
    const char letter = static_cast<char>('A' + k);
    append(context, {{'\n', letter, '.', ' '}, {}});
    append(context, marked_option(item.choices[k], k));
    item.options.push_back({' ', letter});
    // A letter has no meaning to align, so the statements spell the answers out.
    item.statement_options.push_back(" " + item.choices[k]);
  }
  append(context, {"\nAnswer:", {}});
  item.context = context.text;
  item.context_marks = context.marks;
  item.statement_context = question;
  item.premise = question;
  item.fields = {{"question", question}};  // under one name for prompt templates
  return item;
}

std::vector<ItemFile> files(const std::filesystem::path& data, const std::string& language, const std::string& split) {
  std::vector<ItemFile> files = hub_files(data, language, split);
  files.push_back({data / fmt::format("mmlu_{}.csv", language), read_csv});  // as MMMLU's are called: mmlu_FR-FR.csv
  return files;
}

}  // namespace

extern const Task global_mmlu_task = {
    .name = "global_mmlu",
    .files = files,
    .item = item,
    .roles = {.premise = "", .question = "question", .option = ""},
    .letters_prompt = "Choose the right answer to the question.\nQuestion: {question}\n{options}\nAnswer:",
    .lm_eval_shots = LmEvalShots::first,
    .lm_eval_target = "answer",
};

}  // namespace tertium
