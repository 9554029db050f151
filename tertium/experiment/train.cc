#include "tertium/experiment/train.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tertium/base/clock.h"
#include "tertium/base/error.h"
#include "tertium/base/file.h"
#include "tertium/base/hash.h"
#include "tertium/base/text.h"
#include "tertium/experiment/resume.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/train_table.h"
#include "tertium/metrics/corpus_measures.h"
#include "tertium/model/config.h"
#include "tertium/tasks/corpus.h"
#include "tertium/tasks/json_lines.h"
#include "tertium/version.h"

namespace tertium {
namespace {

using nlohmann::ordered_json;

/// How many of the last of `all` are not trained on.
std::size_t held_out_of(std::size_t all, double share) {
  return static_cast<std::size_t>(static_cast<double>(all) * share);
}

std::vector<TokenId> encoded(const Tokenizer& tokenizer, const Limits& limits, const std::string& where,
                             const std::string& text) {
  Question question{.name = where, .context = encode_prompt(tokenizer, text)};
  demand_fits(question, limits);
  if (question.context.empty()) fail("{}: has no token", where);
  return std::move(question.context);
}

/// The sentences of a language in the order of the file.
std::vector<std::vector<TokenId>> read_side(const CorpusSpec& spec, const std::string& language, const Tokenizer& tokenizer,
                                            const Limits& limits, std::vector<std::filesystem::path>& files) {
  const std::string& name = name_in_files(spec.files, language);
  const CorpusFile file = corpus_file(spec.data, name, spec.split);
  if (std::ranges::find(files, file.path) == files.end()) files.push_back(file.path);
  std::vector<std::vector<TokenId>> sentences;
  for (const Sentence& sentence : read_sentences(file, name))
    sentences.push_back(encoded(tokenizer, limits, sentence.where, sentence.text));
  return sentences;
}

void read_pairs(const TrainTable& table, const std::string& pivot_language, const Tokenizer& tokenizer,
                const Limits& limits, PreparedTraining& training) {
  const CorpusSpec& spec = table.parallel;
  const auto pivot = read_side(spec, pivot_language, tokenizer, limits, training.files);
  for (const std::string& language : spec.languages) {
    const auto other = read_side(spec, language, tokenizer, limits, training.files);
    if (other.size() != pivot.size())
      fail("{}: {} has {} sentences, but {} has {}: they are not parallel, line by line", spec.data.string(), language,
           other.size(), pivot_language, pivot.size());
    LanguagePairs pairs{.language = language};
    const std::size_t first = std::min(spec.offset, other.size()),
                      count = std::min(spec.limit.value_or(other.size()), other.size() - first),
                      kept = count - held_out_of(count, table.held_out);
    for (std::size_t i = 0; i < count; ++i)
      (i < kept ? pairs.pairs : pairs.held_out).push_back({other[first + i], pivot[first + i]});
    training.data.languages.push_back(std::move(pairs));
  }
}

/// A line a text, or JSON lines {"prefix", "text"}, of which the prefix bears no loss.
std::vector<TokenText> read_texts(const std::filesystem::path& file, const Tokenizer& tokenizer, const Limits& limits) {
  std::vector<TokenText> texts;
  const auto add = [&](const std::string& where, const std::string& prefix, const std::string& text) {
    const std::vector<TokenId> whole = encoded(tokenizer, limits, where, prefix + text);
    const std::size_t prompt = prefix.empty() ? 1 : encode_prompt(tokenizer, prefix).size();
    if (whole.size() <= std::max<std::size_t>(1, prompt)) fail("{}: has no token that bears loss", where);
    texts.push_back({whole, static_cast<int>(std::max<std::size_t>(1, prompt))});
  };
  if (file.extension() == ".jsonl") {
    read_json_lines(file, [&](const JsonLine& line) { add(line.where, line.text_if_any("prefix"), line.text("text")); });
  } else {
    const std::string all = read_text_file(file);
    std::size_t line = 0;
    for (std::size_t first = 0; first < all.size();) {
      const std::size_t end = std::min(all.find('\n', first), all.size());
      const std::string text(strip(std::string_view(all).substr(first, end - first)));
      ++line;
      if (!text.empty()) add(fmt::format("{}:{}", file.string(), line), "", text);
      first = end + 1;
    }
  }
  if (texts.empty()) fail("{}: holds no text", file.string());
  return texts;
}

/// The right answers of a benchmark's items, behind what asks for them.
std::vector<TokenText> read_items(const Experiment& experiment, const TrainTable& table, const Tokenizer& tokenizer,
                                  const Config& config, std::vector<std::filesystem::path>& files) {
  const auto spec = std::ranges::find(experiment.tasks, table.task, &TaskSpec::name);
  if (spec == experiment.tasks.end()) fail("train.task: no [[task]] is named {}", printable(table.task));
  Experiment asked = experiment;
  asked.tasks = {*spec};
  TaskSpec& task = asked.tasks.front();
  if (!table.task_split.empty()) task.split = table.task_split;
  task.languages = table.task_languages;
  std::erase(task.languages, experiment.pivot);
  task.choice = {};
  std::vector<TokenText> texts;
  const auto add = [&](const PreparedLanguage& language) {
    if (std::ranges::find(table.task_languages, language.language) == table.task_languages.end()) return;
    for (std::size_t i = 0; i < language.items.size(); ++i) {
      const Question& question = language.questions[i];
      const std::size_t gold = static_cast<std::size_t>(language.items[i].gold);
      TokenText text{question.context, static_cast<int>(question.context.size() + question.first_scored(gold))};
      text.ids.insert(text.ids.end(), question.options[gold].begin(), question.options[gold].end());
      if (text.prompt < 1) fail("{}: nothing stands before the answer", question.name);
      texts.push_back(std::move(text));
    }
  };
  for (const PreparedTask& prepared : prepare(asked, tokenizer, config)) {
    files.insert(files.end(), prepared.files.begin(), prepared.files.end());
    add(prepared.pivot);
    for (const PreparedLanguage& language : prepared.others) add(language);
  }
  if (texts.empty()) fail("train.task_languages: names no language of the task");
  return texts;
}

std::string number(double value) { return std::isnan(value) ? "–" : fmt::format("{:.4f}", value); }

ordered_json json_of(double value) { return std::isnan(value) ? ordered_json() : ordered_json(value); }

/// Where MEXA, the mean over languages, is highest; of the stream indices that blocks make.
int layer_of_highest_mexa(const Evaluation& evaluation) {
  int best = 1;
  double highest = -1;
  const std::size_t layers = evaluation.mexa.front().size();
  for (std::size_t layer = 1; layer < layers; ++layer) {
    double sum = 0;
    for (const std::vector<double>& of_language : evaluation.mexa) sum += of_language[layer];
    if (sum <= highest) continue;
    highest = sum;
    best = static_cast<int>(layer);
  }
  return best;
}

std::string described(const Evaluation& evaluation, int layer) {
  std::string text = fmt::format("held out: task {}, alignment {}", number(evaluation.task), number(evaluation.alignment));
  for (std::size_t i = 0; i < evaluation.languages.size(); ++i)
    text += fmt::format(", MEXA {} {:.2f}", evaluation.languages[i], evaluation.mexa[i][static_cast<std::size_t>(layer)]);
  return text;
}

/// The mean of what was added since it was last asked for.
class MeanLoss {
 public:
  void add(double loss) {
    if (std::isnan(loss)) return;
    sum_ += loss;
    ++count_;
  }
  double take() {
    const double mean = count_ > 0 ? sum_ / count_ : std::nan("");
    sum_ = count_ = 0;
    return mean;
  }

 private:
  double sum_ = 0, count_ = 0;
};

/// Every step and evaluation of a method, a line each. Lines behind the step that a training goes on from are dropped.
class TrainingLog {
 public:
  explicit TrainingLog(std::filesystem::path file) : file_(std::move(file)) {
    if (is_there(file_)) read_json_lines(file_, [&](const JsonLine& line) { lines_.push_back(line.value); });
  }
  void add(const ordered_json& line) {
    const int step = line.at("step");
    const bool is_step = line.contains("rate");
    std::erase_if(lines_, [&](const nlohmann::json& old) {
      return old.value("step", 0) > step || (old.value("step", 0) == step && old.contains("rate") == is_step);
    });
    lines_.push_back(line);
  }
  /// The losses that were measured last.
  Evaluation last_evaluation() const {
    Evaluation last;
    const auto loss = [](const nlohmann::json& line, const char* key) {
      const auto found = line.find(key);
      return found != line.end() && found->is_number() ? found->get<double>() : std::nan("");
    };
    for (const nlohmann::json& line : lines_)
      if (line.contains("held_out_alignment"))
        last = {.step = line.value("step", 0), .task = loss(line, "held_out_task"),
                .alignment = loss(line, "held_out_alignment")};
    return last;
  }
  void write() const {
    std::string text;
    for (const nlohmann::json& line : lines_) text += line.dump() + "\n";
    if (!replace_file(file_, text)) fail("{}: cannot be written; is the disk full?", file_.string());
  }

 private:
  std::filesystem::path file_;
  std::vector<nlohmann::json> lines_;
};

/// The numbers of all data, so that other data is another training.
std::string fingerprint(const PreparedTraining& training, const InputHashes& hashes, Precision precision, const std::string& text,
                        Method method, int end) {
  Hasher hasher;
  hasher.add("training 1").add(fingerprint_of(hashes, precision)).add(text).add(to_string(method));
  hasher.add(std::int64_t{training.spec.alignment.layer}).add(std::int64_t{end});
  for (const LanguagePairs& language : training.data.languages) {
    hasher.add(language.language).add(static_cast<std::int64_t>(language.pairs.size()));
    for (const std::vector<TokenPair>* pairs : {&language.pairs, &language.held_out})
      for (const TokenPair& pair : *pairs) hasher.add(pair.x).add(pair.pivot);
  }
  for (const std::vector<TokenText>* texts : {&training.data.texts, &training.data.held_out_texts})
    for (const TokenText& one : *texts) hasher.add(one.ids).add(std::int64_t{one.prompt});
  return hasher.hex();
}

void write_provenance(const Experiment& experiment, const PreparedTraining& training, const InputHashes& hashes,
                      const Evaluation& before, const std::filesystem::path& out) {
  ordered_json json = {{"tertium", TERTIUM_VERSION},
                       {"written", utc_now()},
                       {"model", experiment.model.string()},
                       {"experiment", experiment.text},
                       {"layer", training.spec.alignment.layer},
                       {"seed", training.spec.seed},
                       {"texts", training.data.texts.size()}};
  for (const LanguagePairs& language : training.data.languages)
    json["pairs"][language.language] = {{"trained", language.pairs.size()}, {"held_out", language.held_out.size()}};
  for (const auto& [name, hash] : hashes) json["sha256"][name] = hash;
  json["before"] = {{"task", json_of(before.task)}, {"alignment", json_of(before.alignment)}};
  for (std::size_t i = 0; i < before.languages.size(); ++i) json["before"]["mexa"][before.languages[i]] = before.mexa[i];
  if (!replace_file(out / "training.json", json.dump(2) + "\n"))
    fail("{}: cannot be written; is the disk full?", (out / "training.json").string());
}

}  // namespace

double mexa_of(const HeldOutStates& states, std::size_t width) {
  Permutation same(states.x.size() / width);
  for (std::size_t i = 0; i < same.size(); ++i) same[i] = i;
  for (const CorpusMeasure& measure : corpus_measures({states.pivot, width}, {states.x, width}, {same}))
    if (measure.name == "mexa") return measure.value;
  return 0;
}

PreparedTraining prepare_training(const Experiment& experiment, const Tokenizer& tokenizer, const Config& config) {
  const TrainTable table = training_of(experiment);
  const Limits limits{config.context, config.vocabulary};
  PreparedTraining training{.spec = table.spec, .methods = {Method::aligned}};
  training.methods.insert(training.methods.end(), table.baselines.begin(), table.baselines.end());
  read_pairs(table, experiment.pivot, tokenizer, limits, training);
  if (!table.text.empty()) {
    training.data.texts = read_texts(table.text, tokenizer, limits);
    training.files.push_back(table.text);
  } else if (!table.task.empty()) {
    training.data.texts = read_items(experiment, table, tokenizer, config, training.files);
  }
  std::vector<TokenText>& texts = training.data.texts;
  const auto kept = static_cast<std::ptrdiff_t>(texts.size() - held_out_of(texts.size(), table.held_out));
  training.data.held_out_texts.assign(texts.begin() + kept, texts.end());
  texts.erase(texts.begin() + kept, texts.end());
  const bool measures = std::ranges::all_of(training.data.languages, [](const auto& l) { return l.held_out.size() >= 2; });
  if (table.layer_by_mexa && !measures)
    fail("train.layer: \"mexa\" needs at least two held-out pairs of every language; raise train.held_out or name a layer");
  if (table.spec.patience > 0 && !measures)
    fail("train.patience: needs at least two held-out pairs of every language; raise train.held_out");
  return training;
}

std::vector<TrainedAdapter> run_training(const Experiment& experiment, PreparedTraining& training, const Model& model,
                                         const InputHashes& hashes, const std::filesystem::path& out,
                                         const TrainingReport& report) {
  const TrainTable table = training_of(experiment);
  TrainingWatch watch{.mexa = mexa_of, .stop = report.stop};
  demand_trainable(model, training.spec, training.data);
  Evaluation before = evaluation_before(model, training.spec, training.data, watch);
  if (table.layer_by_mexa) {
    training.spec.alignment.layer = layer_of_highest_mexa(before);
    before = evaluation_before(model, training.spec, training.data, watch);  // the loss is that layer's
  }
  const int layer = training.spec.alignment.layer;
  report.say(fmt::format("before: aligned at stream index {}{}; {}", layer,
                         table.layer_by_mexa ? ", where MEXA is highest" : "", described(before, layer)));
  std::error_code ignored;
  std::filesystem::create_directories(out, ignored);
  write_provenance(experiment, training, hashes, before, out);

  std::vector<TrainedAdapter> trained;
  int end = 0;  // the baselines end where the first one did
  for (const Method method : training.methods) {
    const std::string name(to_string(method));
    TrainingLog log(out / (name + ".jsonl"));
    TrainedAdapter result{.method = method, .folder = out / name};
    const TrainingRun run{method, result.folder, experiment.model.string(),
                          fingerprint(training, hashes, model.precision(), experiment.text, method, end), end};
    const int steps = end > 0 ? end : training.spec.steps;
    MeanLoss task, alignment;
    watch.stepped = [&](const StepReport& step) {
      task.add(step.task);
      alignment.add(step.alignment);
      log.add({{"step", step.step},
               {"task", json_of(step.task)},
               {"alignment", json_of(step.alignment)},
               {"gradient", step.gradient},
               {"rate", step.rate}});
      report.progress(name, static_cast<std::size_t>(step.step), static_cast<std::size_t>(steps));
    };
    watch.evaluated = [&](const Evaluation& evaluation) {
      ordered_json line = {{"step", evaluation.step},
                           {"held_out_task", json_of(evaluation.task)},
                           {"held_out_alignment", json_of(evaluation.alignment)}};
      for (std::size_t i = 0; i < evaluation.languages.size(); ++i)
        line["mexa"][evaluation.languages[i]] = evaluation.mexa[i];
      log.add(line);
      log.write();
      report.say(fmt::format("{}, step {}: task {}, alignment {}; {}", name, evaluation.step, number(task.take()),
                             number(alignment.take()), described(evaluation, layer)));
    };
    result.outcome = train_adapter(model, training.spec, training.data, run, watch);
    log.write();
    result.last = log.last_evaluation();
    trained.push_back(result);
    if (result.outcome.stopped) return trained;
    if (method == Method::aligned) end = result.outcome.steps;
  }
  return trained;
}

}  // namespace tertium
