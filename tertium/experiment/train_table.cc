#include "tertium/experiment/train_table.h"

#include <algorithm>
#include <limits>

#include "tertium/base/error.h"
#include "tertium/experiment/corpus_keys.h"
#include "tertium/experiment/toml_table.h"

namespace tertium {
namespace {

void read_adapter_keys(TomlTable& table, TrainSpec& spec) {
  spec.rank = static_cast<int>(table.integer("rank", 1, 4096).value_or(spec.rank));
  spec.alpha = table.number("alpha", 1e-6, 1e6).value_or(spec.alpha);
  spec.dropout = table.number("dropout", 0, 0.9).value_or(spec.dropout);
  spec.targets = table.texts("targets", {}, "q_proj");
}

void read_alignment_keys(TomlTable& table, AlignmentSpec& spec, bool& layer_by_mexa) {
  const toml::node* layer = table.find("layer");
  layer_by_mexa = !layer || layer->value_exact<std::string>() == "mexa";
  if (!layer_by_mexa) {
    const auto index = layer->value_exact<std::int64_t>();
    if (!index || *index < 1 || *index > 100'000)
      table.refuse(*layer, "layer", "must be a stream index from 1 on, or \"mexa\"");
    spec.layer = static_cast<int>(*index);
  }
  if (table.one_of("state", {"mean", "last"}, "mean") == "last") spec.state = SentenceState::last;
  spec.temperature = table.number("temperature", 1e-3, 100).value_or(spec.temperature);
  spec.both_directions = table.one_of("directions", {"one", "both"}, "one") == "both";
  spec.gradient_to_x_only = table.one_of("gradient", {"both", "x"}, "both") == "x";
}

void read_optimizer_keys(TomlTable& table, OptimizerSpec& spec) {
  spec.rate = table.number("learning_rate", 1e-9, 1).value_or(spec.rate);
  const std::string schedule = table.one_of("schedule", {"inverse_sqrt", "cosine", "constant"}, "inverse_sqrt");
  spec.schedule = schedule == "cosine"     ? Schedule::cosine
                  : schedule == "constant" ? Schedule::constant
                                           : Schedule::inverse_sqrt;
  spec.warm_up = table.number("warm_up", 0, 1).value_or(spec.warm_up);
  spec.decay = table.number("decay", 0, 1).value_or(spec.decay);
  spec.clip = table.number("clip", 0, 1e9).value_or(spec.clip);
}

void read_loop_keys(TomlTable& table, TrainSpec& spec) {
  constexpr int kMost = 10'000'000;
  spec.steps = static_cast<int>(table.integer("steps", 1, kMost).value_or(spec.steps));
  spec.batch = static_cast<int>(table.integer("batch", 2, 4096).value_or(spec.batch));
  spec.accumulate = static_cast<int>(table.integer("accumulate", 1, 4096).value_or(spec.accumulate));
  spec.seed = static_cast<std::uint64_t>(
      table.integer("seed", 0, std::numeric_limits<std::int64_t>::max()).value_or(42));
  spec.evaluate_every = static_cast<int>(table.integer("evaluate_every", 1, kMost).value_or(spec.evaluate_every));
  spec.patience = static_cast<int>(table.integer("patience", 0, kMost).value_or(spec.patience));
  spec.stop_by_mexa = table.one_of("stop_by", {"loss", "mexa"}, "loss") == "mexa";
  spec.dtype = table.one_of("dtype", {"f32", "bf16"}, "f32");
  spec.recompute = table.flag("recompute");
}

}  // namespace

TrainTable read_train_table(const toml::table& node, const std::string& origin, const std::string& pivot) {
  TomlTable table(node, origin, "train");
  TrainTable train;
  train.parallel = read_corpus_keys(table, pivot);
  if (!table.find("limit")) train.parallel.limit.reset();
  read_adapter_keys(table, train.spec);
  read_alignment_keys(table, train.spec.alignment, train.layer_by_mexa);
  read_optimizer_keys(table, train.spec.optimizer);
  read_loop_keys(table, train.spec);
  train.held_out = table.number("held_out", 0, 0.5).value_or(train.held_out);
  train.text = table.text("text", "");
  train.task = table.text("task", "");
  if (!train.text.empty() && !train.task.empty())
    table.refuse(*table.find("text"), "text", "the task's loss comes from text or from a task; leave one out");
  train.task_split = table.text("task_split", "");
  train.task_languages = table.texts("task_languages", {pivot}, "en");
  const std::vector<std::string> baselines = table.some_of("baselines", {"task_only", "shuffled_pairs"}, {});
  for (const Method method : {Method::task_only, Method::shuffled_pairs})
    if (std::ranges::find(baselines, to_string(method)) != baselines.end()) train.baselines.push_back(method);
  if (train.text.empty() && train.task.empty() && !baselines.empty() && train.baselines.front() == Method::task_only)
    table.refuse(*table.find("baselines"), "baselines", "task_only needs a task's loss: give text or task");
  if (train.parallel.languages.empty()) {
    const toml::node* languages = table.find("languages");
    table.refuse(languages ? *languages : node, "languages", fmt::format("must name what is aligned with {}", pivot));
  }
  table.demand_no_other_keys();
  return train;
}

TrainTable training_of(const Experiment& experiment) {
  const toml::table whole = parse_toml(experiment.text, "experiment");
  const toml::table* table = whole["train"].as_table();
  if (!table) fail("the experiment has no [train] table; docs/training.md shows one");
  return read_train_table(*table, "experiment", experiment.pivot);
}

}  // namespace tertium
