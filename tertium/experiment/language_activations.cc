#include "tertium/experiment/language_activations.h"

#include <fmt/format.h>

#include <algorithm>

#include "tertium/base/hash.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/run.h"
#include "tertium/model/config.h"

namespace tertium {

LanguageActivations::LanguageActivations(const Engine& engine, const PreparedLanguage& language, const Wanted& wanted,
                                         const Place& place)
    : engine_(engine), language_(language), wanted_(wanted) {
  if (place.folder.empty()) return;
  const auto is_kept = [&](const Question& question) { return are_kept(question, wanted); };
  if (std::ranges::none_of(language.questions, is_kept)) return;
  std::string what = place.run;
  for (const Quantity quantity : wanted.quantities) what += fmt::format(" {}", static_cast<int>(quantity));
  for (const std::string& position : wanted.positions) what += " " + position;
  Hasher name;
  name.add(what);
  std::vector<std::string> keys;
  std::vector<std::size_t> counts;
  for (std::size_t i = 0; i < language.questions.size(); ++i) {
    const Question& question = language.questions[i];
    keys.push_back(Hasher().add(what).add(place.asked[i]).hex());
    counts.push_back(is_kept(question) ? kept_of(question, wanted).size(engine.model().config()) / sizeof(float) : 0);
    name.add(keys.back());
  }
  spill_.emplace(place.folder / (name.hex().substr(0, 16) + ".activations"), std::move(keys), std::move(counts));
}

Wanted LanguageActivations::recorded() const { return spill_ ? wanted_ : Wanted{}; }

void LanguageActivations::keep(std::size_t item, const Activations& clean) {
  if (spill_ && are_kept(language_.questions[item], wanted_) && !spill_->has(item))
    (void)spill_->write(item, clean.numbers());  // else it is computed again
}

std::map<std::size_t, Activations> LanguageActivations::of(const std::set<std::size_t>& items) {
  const Config& config = engine_.model().config();
  std::map<std::size_t, Activations> all;
  std::vector<std::size_t> lacking;
  std::vector<Kept> kept;
  std::vector<Job> jobs;
  for (const std::size_t item : items) {
    const Question& question = language_.questions[item];
    Kept of_item = kept_of(question, wanted_);
    if (spill_ && are_kept(question, wanted_) && spill_->has(item)) {
      all.emplace(item, Activations::from_numbers(config, of_item, spill_->read(item)));
      continue;
    }
    lacking.push_back(item);
    jobs.push_back(
        {.name = question.name, .strands = {{.tokens = question.context}}, .recordings = of_item.recordings(0)});
    kept.push_back(std::move(of_item));
  }
  engine_.run(jobs, [&](std::size_t j, JobResult result) {
    const auto [made, is_new] = all.emplace(lacking[j], Activations(config, kept[j], result.recordings));
    keep(lacking[j], made->second);
  });
  return all;
}

void LanguageActivations::remove() {
  if (spill_) spill_->remove();
}

bool LanguageActivations::are_kept(const Question& question, const Wanted& wanted) {
  return kept_of(question, wanted).rows.size() * wanted.quantities.size() <= question.context.size();
}

double LanguageActivations::bytes(const PreparedLanguage& language, const Wanted& wanted, const Config& config) {
  double all = 0;
  for (const Question& question : language.questions)
    if (are_kept(question, wanted)) all += static_cast<double>(kept_of(question, wanted).size(config));
  return all;
}

}  // namespace tertium
