#include "tertium/interchange/lm_eval_export.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "tertium/analysis/answers.h"
#include "tertium/base/clock.h"
#include "tertium/base/error.h"
#include "tertium/base/file.h"
#include "tertium/base/hash.h"
#include "tertium/base/text.h"
#include "tertium/experiment/experiment.h"
#include "tertium/experiment/inputs.h"
#include "tertium/experiment/task_texts.h"
#include "tertium/protocols/question.h"
#include "tertium/store/store.h"
#include "tertium/tasks/json_lines.h"
#include "tertium/tasks/task.h"

namespace tertium {
namespace {

using Json = nlohmann::ordered_json;  // keys stay as they are written here
namespace fs = std::filesystem;

constexpr ScoreRule kRules[] = {ScoreRule::sum, ScoreRule::per_character, ScoreRule::per_byte};
constexpr char kNotAvailable[] = "N/A";

/// An entry of a benchmark's file.
struct Entry {
  std::size_t row = 0;  // doc_id
  Json document;
};

std::map<std::string, Entry> entries_of(const TaskSpec& spec, const std::string& language) {
  const Task& task = task_named(spec.name);
  const ItemFile file = items_file(task, spec.data, language, spec.split);
  std::map<std::string, Entry> entries;  // by item
  file.read(file.path, [&](const JsonLine& line) {
    Entry& entry = entries[item_of(task, line, language, spec.rules).id];
    entry.row = line.row;
    for (const std::string& name : line.names) entry.document[name] = line.value.at(name);
  });
  return entries;
}

/// A metric of the items so far.
struct Accuracies {
  std::size_t n = 0, right = 0;

  double value() const { return static_cast<double>(right) / static_cast<double>(n); }
  /// Of the mean, by the sample's deviation; there is none of a single item.
  Json standard_error() const {
    if (n < 2) return kNotAvailable;
    return std::sqrt(value() * (1 - value()) / static_cast<double>(n - 1));
  }
};

/// One language of one task, as its samples file is written.
struct Samples {
  std::string lines;
  std::size_t count = 0;
  std::size_t in_file = 0;  // items, asked or not
  std::string hashes;       // of all samples, in order
  std::map<ScoreRule, Accuracies> rates;
};

std::string target_of(const Task& task, const Item& item, const Json& document) {
  if (!item.scored_from.empty())  // the words behind the blank, which all options share
    return std::string(strip(std::string_view(item.options.front()).substr(item.scored_from.front())));
  const auto field = document.find(std::string(task.lm_eval_target));
  if (field != document.end() && field->is_string()) return field->get<std::string>();
  return std::to_string(item.gold);
}

void add_sample(const Task& task, const Item& item, const std::vector<Item>& examples, const Entry& entry,
                const Answer& answer, Samples& samples) {
  const std::vector<ScoredText> texts = loglik_texts(item, examples);
  const std::string target = target_of(task, item, entry.document);
  Json arguments = Json::object(), responses = Json::array(), filtered = Json::array(), metrics = Json::array();
  for (std::size_t k = 0; k < texts.size(); ++k) {
    arguments[fmt::format("gen_args_{}", k)] = {{"arg_0", texts[k].before}, {"arg_1", texts[k].scored}};
    // Beside the log-likelihood stands whether the option is what greedy decoding gives, which tertium does not look
    // at.
    const Json response = Json::array({Json(answer.scores[k]).dump(), nullptr});
    filtered.push_back(response);
    responses.push_back(Json::array({response}));
  }
  for (const ScoreRule rule : kRules) metrics.push_back(accuracy_name(rule));
  Json sample = {{"doc_id", entry.row},
                 {"doc", entry.document},
                 {"target", target},
                 {"arguments", arguments},
                 {"resps", responses},
                 {"filtered_resps", filtered},
                 {"filter", "none"},
                 {"metrics", metrics},
                 {"doc_hash", sha256_text(entry.document.dump(2))},
                 {"prompt_hash", sha256_text(texts.front().before)},
                 {"target_hash", sha256_text(target)}};
  for (const char* hash : {"doc_hash", "prompt_hash", "target_hash"})
    samples.hashes += sample[hash].get_ref<const std::string&>();
  for (const ScoreRule rule : kRules) {
    const bool right = answer.right_by(rule);
    sample[std::string(accuracy_name(rule))] = right ? 1.0 : 0.0;
    ++samples.rates[rule].n;
    samples.rates[rule].right += right;
  }
  samples.lines += sample.dump() + "\n";
  ++samples.count;
}

Samples samples_of(const TaskSpec& spec, const TaskItems& texts, const ItemsAndPool& language, const Answers& answers) {
  const Task& task = task_named(spec.name);
  const std::map<std::string, Entry> entries = entries_of(spec, language.language);
  const std::vector<std::vector<Item>> examples = examples_of(texts, language);
  std::vector<std::size_t> order;  // of the file, as there; the pivot's file may have another
  for (std::size_t i = 0; i < language.items.size(); ++i)
    if (answers.contains(language.items[i].id)) order.push_back(i);
  std::ranges::sort(order, {}, [&](std::size_t i) { return entries.at(language.items[i].id).row; });
  Samples samples{.in_file = entries.size()};
  for (const std::size_t i : order) {
    const Item& item = language.items[i];
    const Answer& answer = answers.at(item.id);
    if (answer.scores.size() != item.options.size())
      fail("item \"{}\" of {} {} has {} options, but the results {} scores; are they whole?", printable(item.id),
           spec.name, printable(language.language), item.options.size(), answer.scores.size());
    add_sample(task, item, examples.empty() ? std::vector<Item>{} : examples[i], entries.at(item.id), answer, samples);
  }
  return samples;
}

/// A stored run.
struct StoredRun {
  std::map<std::string, std::string> info;
  Experiment experiment;
  std::vector<LanguageAnswers> answers;

  /// Null if the run does not say.
  Json said(const std::string& key) const {
    const auto found = info.find(key);
    return found == info.end() ? Json(nullptr) : Json(found->second);
  }
  std::string ended() const {
    for (const char* key : {"finished", "started"})
      if (const auto found = info.find(key); found != info.end()) return found->second;
    return "unknown";
  }
};

StoredRun stored_run(const fs::path& folder) {
  const Store store = Store::open(folder);
  const RunInfo info = store.info();
  StoredRun run{.info = {info.begin(), info.end()}, .experiment = {}, .answers = answers_of(store.scores())};
  const auto text = run.info.find("experiment");
  if (text == run.info.end())
    fail("{}: holds no experiment, so that what was asked is not known; only what tertium run wrote can be exported so",
         folder.string());
  run.experiment = stored_experiment(text->second, fmt::format("the experiment in {}", folder.string()));
  return run;
}

/// "2026-11-26T18-30-00": the end of the files' names, which must sort by time and hold no colon.
std::string time_in_names(const StoredRun& run) {
  std::string time = run.ended();
  std::erase(time, 'Z');
  std::ranges::replace(time, ':', '-');
  std::ranges::replace(time, '/', '-');
  return time;
}

/// Seconds since 1970 of a time as a run writes it; null for anything else.
Json seconds_of(const Json& time) {
  const auto seconds = time.is_string() ? utc_seconds(time.get<std::string>()) : std::nullopt;
  return seconds ? Json(static_cast<double>(*seconds)) : Json(nullptr);
}

/// "owner/name" of the hub, or the last part of a path, which says nothing of the machine.
std::string model_name(const fs::path& model) {
  if (!model.is_absolute()) return model.string();
  return (model.has_filename() ? model : model.parent_path()).filename().string();
}

/// As lm_eval.utils.sanitize_model_name does.
std::string sanitized(std::string_view name) {
  std::string clean;
  bool in_run = false;
  for (const char c : name) {
    const bool is_special = std::string_view("\"<>:/|\\?*[]").find(c) != std::string_view::npos;
    if (!is_special) clean += c;
    if (is_special && !in_run) clean += "__";
    in_run = is_special;
  }
  return clean.empty() || clean == "." || clean == ".." ? "model" : clean;
}

/// Tasks of one run by name, in the order of its experiment.
struct Written {
  const TaskSpec* spec;
  std::string language;
  Samples samples;
};
using WrittenTasks = std::vector<std::pair<std::string, Written>>;

Json scores_json(const std::string& name, const Samples& samples) {
  Json scores = {{"name", name}, {"alias", name}, {"sample_len", samples.count}};
  for (const auto& [rule, rate] : samples.rates) {
    scores[fmt::format("{},none", accuracy_name(rule))] = rate.value();
    scores[fmt::format("{}_stderr,none", accuracy_name(rule))] = rate.standard_error();
  }
  return scores;
}

Json config_json(const std::string& name, const Written& written) {
  const TaskSpec& spec = *written.spec;
  Json metrics = Json::array();
  for (const ScoreRule rule : kRules) metrics.push_back({{"metric", accuracy_name(rule)}});
  return {{"task", name},
          {"dataset_path", spec.name},
          {"dataset_name", written.language},
          {"test_split", spec.split.empty() ? Json(nullptr) : Json(spec.split)},
          {"num_fewshot", spec.shots.count},
          {"metric_list", metrics},
          {"output_type", "multiple_choice"}};
}

Json evaluation_json(const StoredRun& run) {
  const Json dtype = run.said("dtype");
  return {{"model", "tertium"},
          {"model_args", "pretrained=" + model_name(run.experiment.model)},
          {"model_num_parameters", nullptr},
          {"model_dtype", dtype},
          {"model_revision", nullptr},
          {"model_sha", nullptr},
          {"batch_size", nullptr},
          {"batch_sizes", Json::array()},
          {"device", run.said("device")},
          {"use_cache", nullptr},
          {"limit", nullptr},
          {"bootstrap_iters", 0},
          {"gen_kwargs", nullptr},
          {"random_seed", nullptr},
          {"numpy_seed", nullptr},
          {"torch_seed", nullptr},
          {"fewshot_seed", nullptr}};
}

Json results_json(const StoredRun& run, const WrittenTasks& tasks) {
  Json json;
  for (const char* part :
       {"results", "group_subtasks", "configs", "versions", "n-shot", "higher_is_better", "n-samples"})
    json[part] = Json::object();
  Json hashes = Json::object();
  for (const auto& [name, written] : tasks) {
    json["results"][name] = scores_json(name, written.samples);
    json["configs"][name] = config_json(name, written);
    json["versions"][name] = kNotAvailable;
    json["n-shot"][name] = written.spec->shots.count;
    for (const ScoreRule rule : kRules) json["higher_is_better"][name][std::string(accuracy_name(rule))] = true;
    json["n-samples"][name] = {{"original", written.samples.in_file}, {"effective", written.samples.count}};
    hashes[name] = sha256_text(written.samples.hashes);
  }
  json["config"] = evaluation_json(run);
  json["git_hash"] = nullptr;
  json["date"] = seconds_of(run.said("started"));
  for (const char* unknown :
       {"pretty_env_info", "transformers_version", "lm_eval_version", "upper_git_hash", "tokenizer_pad_token",
        "tokenizer_eos_token", "tokenizer_bos_token", "eot_token_id", "max_length"})
    json[unknown] = nullptr;
  json["task_hashes"] = hashes;
  json["model_source"] = "tertium";
  json["model_name"] = model_name(run.experiment.model);
  json["model_name_sanitized"] = sanitized(model_name(run.experiment.model));
  for (const char* unknown :
       {"system_instruction", "system_instruction_sha", "fewshot_as_multiturn", "chat_template", "chat_template_sha"})
    json[unknown] = nullptr;
  json["total_evaluation_time_seconds"] = run.said("seconds");
  json["tertium_version"] = run.said("tertium");
  return json;
}

void write(const fs::path& file, const std::string& text) {
  if (!write_file(file, text)) fail("{}: cannot be written; check the folder and the disk", file.string());
}

/// Texts of the tasks that are exported, from files that are the run's.
std::map<const TaskSpec*, TaskItems> texts_of(const StoredRun& run, const fs::path& folder,
                                              const std::vector<const TaskSpec*>& specs) {
  std::map<const TaskSpec*, TaskItems> texts;
  std::vector<PreparedTask> tasks;  // as names of files go by all of a run's
  for (const TaskSpec& spec : run.experiment.tasks) {
    TaskItems read = read_task_texts(spec, run.experiment.pivot);
    PreparedTask& task = tasks.emplace_back();
    task.spec = spec;
    task.files = {read.files.begin(), read.files.end()};
    if (std::ranges::find(specs, &spec) != specs.end()) texts.emplace(&spec, std::move(read));
  }
  demand_same_inputs({run.info.begin(), run.info.end()}, hashes_of(inputs_of({}, {}, tasks, {})), folder);
  return texts;
}

/// The first table of each benchmark that has log-likelihoods; others with another rule have the same ones.
std::vector<const TaskSpec*> exported(const Experiment& experiment, std::vector<std::string>& left_out) {
  std::vector<const TaskSpec*> specs;
  for (const TaskSpec& spec : experiment.tasks) {
    const auto has_same_name = [&](const TaskSpec* other) { return other->name == spec.name; };
    if (spec.protocol != Protocol::loglik)
      left_out.push_back(spec.name + " letters: lm-evaluation-harness has log-likelihoods only");
    else if (std::ranges::any_of(specs, has_same_name))
      left_out.push_back(fmt::format("{} {}: {} is written already", spec.name, spec.stored_protocol(), spec.name));
    else
      specs.push_back(&spec);
  }
  return specs;
}

}  // namespace

LmEvalFiles export_lm_eval(const fs::path& results, const fs::path& out) {
  const StoredRun run = stored_run(results);
  LmEvalFiles files;
  const std::vector<const TaskSpec*> specs = exported(run.experiment, files.left_out);
  if (specs.empty())
    fail("{}: has no task in protocol loglik; lm-evaluation-harness has log-likelihoods only", results.string());
  const std::map<const TaskSpec*, TaskItems> texts = texts_of(run, results, specs);
  WrittenTasks tasks;
  for (const TaskSpec* spec : specs)
    for (const ItemsAndPool& language : texts.at(spec).languages) {
      const std::string name = fmt::format("{}_{}", spec->name, language.language);
      const Answers* answers = find_answers(run.answers, spec->name, spec->stored_protocol(), language.language);
      if (answers)
        tasks.emplace_back(name,
                           Written{spec, language.language, samples_of(*spec, texts.at(spec), language, *answers)});
      else
        files.left_out.push_back(name + ": has not been scored");
    }
  if (tasks.empty()) fail("{}: nothing has been scored yet; run the experiment to its end", results.string());
  const std::string time = time_in_names(run);
  files.folder = out / sanitized(model_name(run.experiment.model));
  std::error_code problem;
  fs::create_directories(files.folder, problem);
  if (problem) fail("{}: cannot be made: {}; give another folder", files.folder.string(), problem.message());
  for (const auto& [name, written] : tasks) {
    write(files.folder / fmt::format("samples_{}_{}.jsonl", sanitized(name), time), written.samples.lines);
    files.tasks.push_back(name);
  }
  write(files.folder / fmt::format("results_{}.json", time), results_json(run, tasks).dump(2));
  return files;
}

}  // namespace tertium
