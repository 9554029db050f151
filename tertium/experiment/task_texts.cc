#include "tertium/experiment/task_texts.h"

#include "tertium/tasks/task.h"

namespace tertium {
namespace {

/// Reads the files of a task: its items, or the examples for few-shot.
class TaskFiles {
 public:
  TaskFiles(const TaskSpec& spec, std::filesystem::path data, std::string split)
      : task_(task_named(spec.name)), rules_(spec.rules), data_(std::move(data)), split_(std::move(split)) {}

  std::filesystem::path file(const std::string& language) const {
    return items_file(task_, data_, language, split_).path;
  }
  std::vector<Item> read(const std::string& language) const {
    return read_items(task_, data_, language, split_, rules_);
  }
  std::vector<Item> read_parallel(const std::string& language, const std::vector<Item>& pivot) const {
    return parallel_to(pivot, read(language));
  }

 private:
  const Task& task_;
  TextRules rules_;
  std::filesystem::path data_;
  std::string split_;
};

void read_shots(const TaskSpec& spec, const TaskFiles& items, TaskItems& read) {
  const ShotsSpec& shots = spec.shots;
  const TaskFiles pools(spec, shots.data.empty() ? spec.data : shots.data,
                        shots.split.empty() ? spec.split : shots.split);
  ItemsAndPool& pivot = read.languages.front();
  const std::filesystem::path file = pools.file(pivot.language);
  std::error_code ignored;
  const bool same_file = std::filesystem::equivalent(file, items.file(pivot.language), ignored);
  for (ItemsAndPool& language : read.languages) {
    const bool own = !shots.in_pivot && &language != &pivot;
    language.pool = &language == &pivot ? pools.read(language.language)
                    : own               ? pools.read_parallel(language.language, pivot.pool)
                                        : pivot.pool;
    if (own || &language == &pivot) read.files.insert(pools.file(language.language));
  }
  std::vector<ShotTexts> texts;
  for (const ItemsAndPool& language : read.languages)
    if (!shots.in_pivot || &language == &pivot) texts.push_back({language.pool, language.items});
  read.shots = choose_shots(shots, texts, same_file, file.string());
}

}  // namespace

TaskItems read_task_texts(const TaskSpec& spec, const std::string& pivot) {
  const TaskFiles reader(spec, spec.data, spec.split);
  TaskItems read;
  const std::vector<Item> all = reader.read(pivot);
  read.languages.push_back({pivot, all, {}});
  for (const std::string& language : spec.languages)
    read.languages.push_back({language, reader.read_parallel(language, all), {}});
  for (ItemsAndPool& language : read.languages) {
    const std::filesystem::path file = reader.file(language.language);
    language.items = chosen(spec.choice, std::move(language.items), file.string());
    read.files.insert(file);
  }
  if (!spec.prompt.empty()) read.files.insert(spec.prompt);
  if (spec.shots.count > 0) read_shots(spec, reader, read);
  return read;
}

std::vector<std::vector<Item>> examples_of(const TaskItems& task, const ItemsAndPool& language) {
  std::vector<std::vector<Item>> examples;
  for (const std::vector<std::size_t>& shots : task.shots) {
    std::vector<Item>& solved = examples.emplace_back();
    for (const std::size_t shot : shots) solved.push_back(language.pool[shot]);
  }
  return examples;
}

}  // namespace tertium
