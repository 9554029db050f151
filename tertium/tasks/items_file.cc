// Where the items of a language lie, and what to say if they do not.

#include <algorithm>

#include "tertium/base/error.h"
#include "tertium/base/file.h"
#include "tertium/base/text.h"
#include "tertium/tasks/csv.h"
#include "tertium/tasks/json_lines.h"
#include "tertium/tasks/task.h"
#include "tertium/tasks/tsv.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;

/// Forms in which people have the files, and what to do with them.
struct OtherForm {
  std::string_view ending, advice;
};
constexpr OtherForm kOtherForms[] = {
    {".json", "if it holds one JSON object a line, name it .jsonl; if one list, write its objects one a line"},
    {".ndjson", "name it .jsonl"},
    {".txt", "if it holds one JSON object a line, name it .jsonl"},
    {".jsonl.gz", "unpack it"},
    {".json.gz", "unpack it, and name it .jsonl"},
    {".jsonl.bz2", "unpack it"},
    {".jsonl.xz", "unpack it"},
    {".jsonl.zst", "unpack it"},
    {".jsonl.zip", "unpack it"},
    {".zip", "unpack it"},
    {".tsv", "write its rows as one JSON object a line, into a file named .jsonl"},
    {".csv", "write its rows as one JSON object a line, into a file named .jsonl"},
    {".parquet", "write its rows as one JSON object a line, into a file named .jsonl"},
};

/// "it.jsonl.gz is there: unpack it"; empty if no other form of the file is.
std::string other_form(const fs::path& wanted) {
  for (const auto& [ending, advice] : kOtherForms) {
    fs::path other = wanted;
    other.replace_extension("").concat(ending);
    if (other != wanted && is_there(other)) return fmt::format("{} is there: {}", other.filename().string(), advice);
  }
  return {};
}

/// "data/xcopa holds en, it, zh", of the innermost folder on the way that is there.
std::string what_lies_there(fs::path folder) {
  constexpr std::size_t kMostRead = 10'000, kMostShown = 8;
  std::error_code problem;
  while (folder.has_relative_path() && !fs::is_directory(folder, problem)) folder = folder.parent_path();
  std::vector<std::string> names;
  for (fs::directory_iterator entry(folder, problem), end; !problem && entry != end && names.size() < kMostRead;
       entry.increment(problem))
    names.push_back(printable(entry->path().filename().string()));
  std::ranges::sort(names);
  const bool more = names.size() > kMostShown;
  if (more) names.resize(kMostShown);
  return fmt::format("{} holds {}{}", folder.string(), names.empty() ? "nothing" : join(names), more ? ", …" : "");
}

[[noreturn]] void fail_missing(const Task& task, const fs::path& data, const std::string& language,
                               const std::vector<ItemFile>& wanted) {
  std::error_code ignored;
  if (!fs::is_directory(data, ignored))
    fail("{}: no such folder; task.data must name the one that holds the files of {}", data.string(), task.name);
  std::vector<std::string> others, advice;
  for (const ItemFile& file : wanted) {
    if (&file != &wanted.front()) others.push_back(file.path.filename().string());
    if (const std::string form = other_form(file.path); !form.empty() && advice.empty()) advice.push_back(form);
  }
  const std::string special = task.missing ? task.missing(language) : "";
  if (!special.empty()) advice.push_back(special);
  if (advice.empty()) advice.push_back(what_lies_there(wanted.front().path.parent_path()));
  fail("{}: no such file{}; {} looks there for language \"{}\"; {}", wanted.front().path.string(),
       others.empty() ? "" : ", nor " + join(others), task.name, printable(language), join(advice, "; "));
}

}  // namespace

std::vector<ItemFile> one_file_per_language(const fs::path& data, const std::string& language,
                                            const std::string& split) {
  const fs::path file = data / (language + ".jsonl");
  if (!split.empty())
    fail("{}: this task has one file a language and no split \"{}\"; leave the split out", file.string(),
         printable(split));
  return {{file, read_json_lines}};
}

std::vector<ItemFile> hub_files(const fs::path& data, const std::string& language, const std::string& split) {
  std::vector<ItemFile> files = one_file_per_language(data, language, split);
  files.push_back({data / (language + ".csv"), read_csv});
  files.push_back({data / (language + ".tsv"), read_tsv});
  return files;
}

ItemFile items_file(const Task& task, const fs::path& data, const std::string& language, const std::string& split) {
  const std::vector<ItemFile> files = task.files(data, language, split);
  const auto found = std::ranges::find_if(files, [](const ItemFile& file) { return is_there(file.path); });
  if (found == files.end()) fail_missing(task, data, language, files);
  return *found;
}

}  // namespace tertium
