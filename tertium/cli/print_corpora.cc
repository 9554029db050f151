#include "tertium/cli/print_corpora.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

#include "tertium/analysis/results.h"
#include "tertium/base/text.h"
#include "tertium/cli/analysis_parts.h"
#include "tertium/cli/wrapped.h"

namespace tertium {
namespace {

/// MEXA of one corpus: stream and layer, then language and pooling.
using Layers = std::map<std::pair<std::string, int>, std::map<std::pair<std::string, std::string>, double>>;

Layers layers_of(const Analysis& analysis, const std::string& corpus) {
  Layers layers;
  for (const CorpusRow& row : analysis.corpora)
    if (row.corpus == corpus && row.measure == kMexa)
      layers[{row.stream == "resid" ? "" : "norm", row.layer}][{row.language, row.pooling}] = row.value;
  return layers;
}

/// The different values of a member of a corpus' results, in the order in which they came.
std::vector<std::string> names(const Analysis& analysis, const std::string& corpus, std::string CorpusResult::*member) {
  std::vector<std::string> names;
  for (const CorpusResult& result : analysis.nearest)
    if (result.corpus == corpus && std::ranges::find(names, result.*member) == names.end())
      names.push_back(result.*member);
  return names;
}

void print_corpus(const Analysis& analysis, const std::string& corpus) {
  constexpr std::size_t kCell = 3;
  const std::vector<std::string> poolings = names(analysis, corpus, &CorpusResult::pooling);
  const std::size_t width = std::max<std::size_t>(5 * poolings.size() + 1, 10);
  fmt::print("\nMEXA on {} by stream index (norm: after the final norm), %: {}\n", printable(corpus),
             fmt::join(poolings, " | "));
  for (const auto& page : pages(names(analysis, corpus, &CorpusResult::language), width)) {
    fmt::print("  layer");
    for (const std::string& language : page) fmt::print("{}", cell(printable(language), width));
    fmt::print("\n");
    for (const auto& [at, values] : layers_of(analysis, corpus)) {
      fmt::print("  {}", cell(at.first.empty() ? std::to_string(at.second) : at.first, 5));
      for (const std::string& language : page) {
        std::string cells;
        for (const std::string& pooling : poolings) {
          const auto found = values.find({language, pooling});
          cells += (cells.empty() ? "" : " |") + cell(percent(found == values.end() ? kUnknown : found->second), kCell);
        }
        fmt::print("{}", cell(cells, width));
      }
      fmt::print("\n");
    }
  }
}

}  // namespace

void print_nearest(const Analysis& analysis) {
  std::string corpus;
  const auto beside = [](const CorpusResult& result, const char* measure, int digits) {
    return result.beside.contains(measure) ? number(result.beside.at(measure), digits) : number(kUnknown);
  };
  for (const CorpusResult& result : analysis.nearest) {
    if (std::exchange(corpus, result.corpus) != result.corpus) {
      fmt::print("\n── parallel, {}: {} sentences{} ──\n\n{}\n", printable(corpus), result.mexa.n,
                 analysis.pivot.empty() ? "" : ", pivot " + printable(analysis.pivot),
                 wrapped("MEXA [95 %] at the stream index where it is largest (at), and its mean over all; there "
                         "retrieval of here from the pivot (P@1) and back, CSLS margin, linear CKA; chance of MEXA"));
      fmt::print("  {:<10}{:<10}{:>5} {:<13}{:>3}{:>6}{:>6}{:>6}{:>7}{:>6}{:>8}\n", "language", "pooling", "MEXA", "",
                 "at", "mean", "P@1", "back", "CSLS", "CKA", "chance");
    }
    const Estimate& mexa = result.mexa;
    fmt::print("  {:<10}{:<10}{:>5} {:<13}{:>3}{:>6}{:>6}{:>6}{:>7}{:>6}{:>8}\n", printable(result.language),
               result.pooling, number(mexa.value), fmt::format("[{:.2f}, {:.2f}]", mexa.low, mexa.high), result.layer,
               number(result.mean), beside(result, "p1_row", 2), beside(result, "p1_col", 2), beside(result, "csls", 3),
               beside(result, "cka", 2), number(result.chance, 3));
  }
}

void print_corpora(const Analysis& analysis) {
  std::string corpus;
  for (const CorpusResult& result : analysis.nearest)
    if (std::exchange(corpus, result.corpus) != result.corpus) print_corpus(analysis, result.corpus);
}

}  // namespace tertium
