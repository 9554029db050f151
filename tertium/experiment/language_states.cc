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
  std::vector<std::size_t> texts;
  for (const Question& question : language.questions) texts.push_back(count_texts(question, wanted));
  const Config& config = engine.model().config();
  spill_.emplace(file, keys, std::move(texts), layers_kept(config), static_cast<std::size_t>(config.hidden));
}

std::vector<TextStates> LanguageStates::texts_of(const ItemRun& run) const {
  std::vector<TextStates> texts = run.statements;
  if (wanted_.premise) texts.push_back(run.premise);
  return texts;
}

void LanguageStates::keep(std::size_t item, const ItemRun& run) {
  if (spill_ && !spill_->has(item)) (void)spill_->write(item, texts_of(run));  // else it is computed again
}

std::vector<std::vector<TextStates>> LanguageStates::statements(std::span<const std::size_t> items) {
  std::map<std::size_t, std::vector<TextStates>> found;
  std::vector<std::size_t> lacking;
  for (const std::size_t item : items) {
    if (spill_ && spill_->has(item))
      found[item] = spill_->read(item);
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
  spill_->read(item, count_texts(language_.questions[item], wanted_) - 1, layer, into);
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
