#include "tertium/analysis/corpus_results.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "tertium/stats/rates.h"

namespace tertium {
namespace {

using Key = std::tuple<std::string, std::string, std::string>;  // corpus, language, pooling

Key key_of(const CorpusRow& row) { return {row.corpus, row.language, row.pooling}; }

Estimate estimate(double share, std::size_t n) {
  const auto count = static_cast<double>(n);
  const Rate rate = wilson(static_cast<std::size_t>(std::lround(std::clamp(share, 0.0, 1.0) * count)), n);
  return {rate.value, rate.low, rate.high, n};
}

/// The rows of one corpus, language and pooling.
CorpusResult result_of(const std::vector<const CorpusRow*>& rows, std::size_t n) {
  std::vector<const CorpusRow*> layers;
  for (const CorpusRow* row : rows)
    if (row->measure == kMexa) layers.push_back(row);
  const CorpusRow& best = **std::ranges::max_element(layers, {}, [](const CorpusRow* row) { return row->value; });
  CorpusResult result{.corpus = best.corpus, .language = best.language, .pooling = best.pooling, .layer = best.layer};
  result.mexa = estimate(best.value, n);
  result.chance = best.chance;
  for (const CorpusRow* layer : layers) result.mean += layer->value / static_cast<double>(layers.size());
  for (const CorpusRow* row : rows)
    if (row->layer == best.layer) result.beside[row->measure] = row->value;
  return result;
}

}  // namespace

std::vector<CorpusResult> corpus_results(const Observations& observations) {
  std::vector<Key> order;
  std::map<Key, std::vector<const CorpusRow*>> all;
  for (const CorpusRow& row : observations.corpora) {
    if (row.stream != "resid") continue;
    const Key key = key_of(row);
    if (row.measure == kMexa && std::ranges::find(order, key) == order.end()) order.push_back(key);
    all[key].push_back(&row);
  }
  std::vector<CorpusResult> results;
  for (const Key& key : order) {
    const auto sentences = observations.sentences.find(std::get<0>(key));
    if (sentences != observations.sentences.end() && sentences->second > 0)
      results.push_back(result_of(all.at(key), sentences->second));
  }
  return results;
}

}  // namespace tertium
