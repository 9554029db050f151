#include "tertium/experiment/language_means.h"

#include <numeric>
#include <set>

#include "tertium/base/item_error.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/run.h"
#include "tertium/model/config.h"

namespace tertium {
namespace {

const std::vector<std::string> kRows = {"all"};

/// All of a context but the first, if there are more.
NamedRows rows_of_words(const Question& question) {
  const int first = question.context.size() > 1 ? 1 : 0;
  std::vector<int> rows(question.context.size() - static_cast<std::size_t>(first));
  std::iota(rows.begin(), rows.end(), first);
  return {{kRows.front(), std::move(rows)}};
}

Job job_of(const Question& question, const Kept& kept) {
  return {.name = question.name, .strands = {{.tokens = question.context}}, .recordings = kept.recordings(0)};
}

}  // namespace

LanguageMeans::LanguageMeans(const Engine& engine, const PreparedLanguage& language, std::vector<Site> sites)
    : engine_(engine), language_(language) {
  std::set<Quantity> quantities;
  for (const Site site : sites) {
    places_.push_back({0, site});
    quantities.insert(quantity_of(site.kind));
  }
  quantities_.assign(quantities.begin(), quantities.end());
  std::vector<Job> jobs;
  for (std::size_t i = 0; i < language.items.size(); ++i) jobs.push_back(job_of(language.questions[i], kept(i)));
  engine.run(jobs, [&](std::size_t i, JobResult result) {
    const Clean one = clean(i, std::move(result.recordings));
    sums_.add({one.activations, one.rows}, places_, kRows);
  });
}

Kept LanguageMeans::kept(std::size_t item) const {
  return {quantities_, rows_of_words(language_.questions[item]).at(kRows.front())};
}

LanguageMeans::Clean LanguageMeans::clean(std::size_t item, std::vector<std::vector<float>> recorded) const {
  return {Activations(engine_.model().config(), kept(item), recorded), rows_of_words(language_.questions[item])};
}

const std::map<Site, std::vector<float>>& LanguageMeans::without(std::size_t item) {
  if (item_ == item) return means_;
  const Question& question = language_.questions[item];
  const Clean own = clean(item, engine_.run(job_of(question, kept(item))).recordings);
  const Means::One left_out{own.activations, own.rows};
  for (const Place& place : places_) {
    means_[place.site] = sums_.at(place.site, kRows.front(), 0, 0, &left_out);
    if (means_[place.site].empty()) fail_item("{}: there is no other item to take the mean of", question.name);
  }
  item_ = item;
  return means_;
}

}  // namespace tertium
