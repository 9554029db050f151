#include "tertium/experiment/language_states.h"

#include <map>

#include "tertium/base/error.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/run.h"
#include "tertium/model/config.h"

namespace tertium {
namespace {

/// How many texts of each item are kept.
std::size_t count_texts(const Question& question, const Wanted& wanted) {
  return (wanted.statements ? question.options.size() : 0) + (wanted.premise ? 1 : 0);
}

std::size_t layers_kept(const Config& config) { return config.layers.size() + 2; }

}  // namespace

LanguageStates::LanguageStates(const Engine& engine, const PreparedLanguage& language,
                               const std::vector<std::string>& keys, const Wanted& wanted,
                               const std::filesystem::path& file)
    : engine_(engine), language_(language), wanted_(wanted) {
  if (file.empty()) return;
  const Config& config = engine.model().config();
  std::vector<std::size_t> counts;
  for (const Question& question : language.questions)
    counts.push_back(count_texts(question, wanted) * layers_kept(config) * static_cast<std::size_t>(config.hidden));
  spill_.emplace(file, keys, std::move(counts));
}

std::vector<float> LanguageStates::record_of(const ItemRun& run) const {
  std::vector<float> record;
  const auto add = [&](const TextStates& text) {
    record.insert(record.end(), text.resid.begin(), text.resid.end());
    record.insert(record.end(), text.final_norm.begin(), text.final_norm.end());
  };
  for (const TextStates& text : run.statements) add(text);
  if (wanted_.premise) add(run.premise);
  return record;
}

std::vector<TextStates> LanguageStates::texts_in(const std::vector<float>& record) const {
  const Config& config = engine_.model().config();
  const auto width = static_cast<std::ptrdiff_t>(config.hidden);
  const std::ptrdiff_t of_stream = (static_cast<std::ptrdiff_t>(layers_kept(config)) - 1) * width;
  std::vector<TextStates> texts;
  for (auto next = record.begin(); next != record.end(); next += of_stream + width)
    texts.push_back({{next, next + of_stream}, {next + of_stream, next + of_stream + width}});
  return texts;
}

void LanguageStates::keep(std::size_t item, const ItemRun& run) {
  if (spill_ && !spill_->has(item)) (void)spill_->write(item, record_of(run));  // else it is computed again
}

std::vector<std::vector<TextStates>> LanguageStates::statements(std::span<const std::size_t> items) {
  std::map<std::size_t, std::vector<TextStates>> found;
  std::vector<std::size_t> lacking;
  for (const std::size_t item : items) {
    if (spill_ && spill_->has(item))
      found[item] = texts_in(spill_->read(item));
    else
      lacking.push_back(item);
  }
  if (!lacking.empty())
    run_some(engine_, language_, lacking, wanted_, [&](std::size_t item, const ItemRun& run) {
      keep(item, run);
      found[item] = run.statements;
    });
  std::vector<std::vector<TextStates>> all;
  for (const std::size_t item : items) {
    all.push_back(std::move(found.at(item)));
    all.back().resize(language_.questions[item].options.size());
  }
  return all;
}

void LanguageStates::keep_all(double most_rows) {
  std::vector<std::size_t> lacking;
  double rows = 0;
  const auto run = [&] {
    run_some(engine_, language_, lacking, wanted_, [&](std::size_t item, const ItemRun& one) {
      keep(item, one);
      if (!spill_ || !spill_->has(item))
        fail(
            "{} {}: states cannot be kept; free some space on the disk of the results, or leave mexat out of "
            "align.metrics",
            language_.language, language_.items[item].id);
    });
    lacking.clear();
    rows = 0;
  };
  for (std::size_t item = 0; item < language_.items.size(); ++item) {
    if (!spill_ || !spill_->has(item)) {
      lacking.push_back(item);
      rows += rows_of(language_.questions[item]);
    }
    if (rows >= most_rows) run();
  }
  if (!lacking.empty()) run();
}

void LanguageStates::read_premise(std::size_t item, std::size_t layer, std::span<float> into) const {
  const std::size_t text = count_texts(language_.questions[item], wanted_) - 1;
  spill_->read(item, (text * layers_kept(engine_.model().config()) + layer) * into.size(), into);
}

void LanguageStates::remove() {
  if (spill_) spill_->remove();
}

double LanguageStates::bytes(const PreparedLanguage& language, const Wanted& wanted, const Config& config) {
  double texts = 0;
  for (const Question& question : language.questions) texts += static_cast<double>(count_texts(question, wanted));
  return texts * static_cast<double>(layers_kept(config)) * config.hidden * sizeof(float);
}

}  // namespace tertium
