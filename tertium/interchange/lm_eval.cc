#include "tertium/interchange/lm_eval.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tertium/base/error.h"
#include "tertium/base/json.h"
#include "tertium/base/text.h"
#include "tertium/protocols/answer.h"
#include "tertium/protocols/question.h"
#include "tertium/tasks/json_lines.h"
#include "tertium/tasks/task.h"

namespace tertium {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr char kSamples[] = "samples_", kResults[] = "results_", kLines[] = ".jsonl", kJson[] = ".json";

bool is_samples(const fs::path& path) {
  return path.filename().string().starts_with(kSamples) && path.extension() == kLines;
}
bool is_results(const fs::path& path) {
  return path.filename().string().starts_with(kResults) && path.extension() == kJson;
}

/// "2025-02-11T10-30-15.123456": what the names of one evaluation's files end in.
std::string time_of(const fs::path& path) {
  const std::string stem = path.stem().string();
  return stem.substr(stem.rfind('_') + 1);
}

struct Files {
  std::vector<fs::path> results, samples;
};

void add_file(const fs::path& path, Files& files) {
  if (is_samples(path)) return files.samples.push_back(path);
  if (!is_results(path)) fail("{}: is called neither results_….json nor samples_….jsonl", path.string());
  files.results.push_back(path);
  const fs::path folder = path.parent_path().empty() ? "." : path.parent_path();
  std::error_code problem;
  std::size_t found = 0;
  for (const auto& entry : fs::directory_iterator(folder, problem))
    if (is_samples(entry.path()) && time_of(entry.path()) == time_of(path)) {
      files.samples.push_back(entry.path());
      ++found;
    }
  if (found == 0)
    fail("{}: no samples_….jsonl of the same time lie beside it; run lm_eval with --log_samples", path.string());
}

Files files_of(const std::vector<fs::path>& from) {
  Files files;
  for (const fs::path& path : from) {
    if (!fs::exists(path)) fail("{}: no such file or folder", path.string());
    if (!fs::is_directory(path)) {
      add_file(path, files);
      continue;
    }
    const std::size_t before = files.samples.size();
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (is_samples(entry.path())) files.samples.push_back(entry.path());
      if (is_results(entry.path())) files.results.push_back(entry.path());
    }
    if (files.samples.size() == before)
      fail("{}: holds no samples_….jsonl; run lm_eval with --log_samples", path.string());
  }
  for (std::vector<fs::path>* some : {&files.samples, &files.results}) {
    std::ranges::sort(*some);
    some->erase(std::unique(some->begin(), some->end()), some->end());
  }
  return files;
}

/// What a file's samples are of: "samples_xcopa_it_<time>.jsonl".
struct Source {
  const Task* task;
  std::string language;
};

Source source_of(const fs::path& path) {
  std::string name = path.stem().string().substr(std::string_view(kSamples).size());
  name = name.substr(0, name.rfind('_'));
  for (const std::string& task : task_names())
    if (name.starts_with(task + "_") && name.size() > task.size() + 1)
      return {&task_named(task), name.substr(task.size() + 1)};
  fail("{}: \"{}\" is no benchmark that tertium knows with a language behind it; it knows {}", path.string(),
       printable(name), join(task_names()));
}

double log_likelihood(const json& response, const std::string& where) {
  const json& value = response.is_array() && !response.empty() ? response[0] : response;
  double number = NAN;
  if (value.is_number()) number = value.get<double>();
  if (value.is_string()) {
    const std::string text = value.get<std::string>();
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size()) number = NAN;
  }
  if (!std::isfinite(number)) fail("{}: a response is no log-likelihood: {}", where, printable(response.dump()));
  return number;
}

/// [["-10.4", "False"], …], an option each; "resps" wraps each once more.
std::vector<double> scores_of(const JsonLine& line) {
  const json& responses = line.has("filtered_resps") ? line.field("filtered_resps") : line.field("resps");
  std::vector<double> scores;
  if (responses.is_array())
    for (const json& response : responses) {
      const bool is_wrapped = response.is_array() && !response.empty() && response[0].is_array();
      scores.push_back(log_likelihood(is_wrapped ? response[0] : response, line.where));
    }
  return scores;
}

void add_sample(const JsonLine& line, const Source& source, Store& store) {
  const json& document = line.field("doc");
  if (!document.is_object()) fail("{}: doc is no object", line.where);
  // Items without an id of their own are known by their row.
  const auto row = line.has("doc_id") ? line.integer("doc_id", 0, std::numeric_limits<std::int64_t>::max()) : 0;
  const Item item = source.task->item(JsonLine{document, line.where, static_cast<std::size_t>(row)}, source.language);
  const std::vector<double> scores = scores_of(line);
  if (scores.size() != item.options.size())
    fail("{}: {} responses, but the item has {} options", line.where, scores.size(), item.options.size());
  const std::vector<ScoredText> texts = loglik_texts(item);
  for (std::size_t k = 0; k < scores.size(); ++k) {
    const TextLength length = length_of(texts[k].scored);
    store.add(ScoreRow{std::string(source.task->name), source.language, item.id, "loglik", static_cast<int>(k),
                       scores[k], 0, k == item.gold, length.characters, length.bytes});
  }
}

void add_info(const fs::path& path, Store& store) {
  const json content = read_json_object(path);
  const std::string name = path.filename().string();
  for (const char* key : {"model_name", "lm_eval_version", "git_hash", "transformers_version", "chat_template_sha",
                          "n-shot", "versions", "task_hashes", "config"})
    if (content.contains(key))
      store.set_info(fmt::format("lm-eval {} {}", name, key),
                     content[key].is_string() ? content[key].get<std::string>() : content[key].dump());
}

}  // namespace

void import_lm_eval(const std::vector<fs::path>& from, const std::string& pivot, Store& store) {
  const Files files = files_of(from);
  store.set_info("pivot", pivot);
  for (const fs::path& path : files.results) add_info(path, store);
  std::map<const Task*, std::set<std::string>> languages;
  for (const fs::path& path : files.samples) {
    const Source source = source_of(path);
    if (!languages[source.task].insert(source.language).second)
      fail("{}: {} {} was read from another file already; give each once", path.string(), source.task->name,
           printable(source.language));
    read_json_lines(path, [&](const JsonLine& line) { add_sample(line, source, store); });
  }
  for (const auto& [task, known] : languages)
    if (!known.contains(pivot))
      fail("{}: no samples of the pivot {}; give them too, or another --pivot (there are {})", task->name,
           printable(pivot), join({known.begin(), known.end()}));
}

}  // namespace tertium
