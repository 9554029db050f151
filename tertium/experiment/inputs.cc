#include "tertium/experiment/inputs.h"

#include <algorithm>
#include <map>
#include <set>

#include "tertium/base/error.h"
#include "tertium/base/hash.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

/// The last `parts` parts of a path.
std::string end_of(const std::filesystem::path& path, int parts) {
  std::filesystem::path end;
  auto part = path.end();
  for (; parts > 0 && part != path.begin(); --parts) {
    --part;
    end = end.empty() ? *part : *part / end;
  }
  return end.generic_string();
}

/// The fewest last parts of each file's path that no other file shares.
std::map<std::filesystem::path, std::string> short_names(const std::vector<std::filesystem::path>& files) {
  std::map<std::filesystem::path, std::string> names;
  for (const std::filesystem::path& file : files) {
    const int all = static_cast<int>(std::distance(file.begin(), file.end()));
    const auto is_shared = [&](int parts) {
      return std::any_of(files.begin(), files.end(), [&](const std::filesystem::path& other) {
        return other != file && end_of(other, parts) == end_of(file, parts);
      });
    };
    int parts = 1;
    while (parts < all && is_shared(parts)) ++parts;
    names[file] = end_of(file, parts);
  }
  return names;
}

}  // namespace

std::vector<Input> inputs_of(const std::vector<FileState>& model, const std::vector<std::filesystem::path>& tokenizer,
                             const std::vector<PreparedTask>& tasks, const std::vector<PreparedCorpus>& corpora,
                             const std::vector<PreparedTranslation>& translations,
                             const std::vector<std::filesystem::path>& open_questions) {
  std::vector<Input> inputs;
  std::set<std::filesystem::path> named;
  const auto add = [&](const std::string& role, const std::vector<std::filesystem::path>& files) {
    const auto names = short_names(files);
    for (const std::filesystem::path& file : files)
      if (named.insert(file).second) inputs.push_back({role + " " + names.at(file), file});
  };
  std::vector<std::filesystem::path> model_files;
  for (const FileState& file : model) model_files.push_back(file.path);
  add("model", model_files);
  add("tokenizer", tokenizer);
  std::vector<std::string> roles;
  std::map<std::string, std::vector<std::filesystem::path>> of_role;  // a task may be asked in several ways
  for (const PreparedTask& task : tasks) {
    if (!of_role.contains(task.spec.name)) roles.push_back(task.spec.name);
    std::vector<std::filesystem::path>& files = of_role[task.spec.name];
    for (const std::filesystem::path& file : task.files)
      if (std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
  }
  for (const std::string& role : roles) add(role, of_role[role]);
  for (const PreparedCorpus& corpus : corpora) add("parallel " + corpus.spec.corpus(), corpus.files);
  for (const PreparedTranslation& translation : translations)
    add("translate " + translation.spec.target, translation.files);
  add("generate", open_questions);
  return inputs;
}

InputHashes hashes_of(const std::vector<Input>& inputs) {
  InputHashes hashes;
  for (const Input& input : inputs) hashes.emplace_back(input.name, sha256_file(input.file));
  return hashes;
}

void store_hashes(Store& store, const InputHashes& hashes) {
  for (const auto& [name, hash] : hashes) store.set_info(std::string(kHash) + name, hash);
}

void demand_same_inputs(const RunInfo& stored, const InputHashes& now, const std::filesystem::path& folder) {
  const std::map<std::string, std::string> values(stored.begin(), stored.end());
  std::vector<std::string> changed;
  for (const auto& [name, hash] : now) {
    const auto found = values.find(std::string(kHash) + name);
    if (found == values.end())
      changed.push_back(printable(name) + " (not among theirs)");
    else if (found->second != hash)
      changed.push_back(printable(name) + " (changed)");
  }
  if (!changed.empty())
    fail("{}: these results were made from other files: {}; run the experiment again, or leave the results out",
         folder.string(), join(changed));
}

}  // namespace tertium
