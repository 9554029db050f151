// chrF, chrF++ and BLEU are sacrebleu's, to 1e-6 (tests/fixtures/translation/scores.jsonl;
// tools/make_translation_scores.py).
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "tertium/base/text.h"
#include "tertium/translation/bleu.h"
#include "tertium/translation/chrf.h"
#include "tests/support/files.h"
#include "tests/support/program.h"

namespace tertium {
namespace {

using nlohmann::json;

constexpr double kTolerance = 1e-6;

struct Counts {
  ChrfCounts chrf;
  BleuCounts v13a, zh;
};

Counts counts_of(const std::string& hypothesis, const std::string& reference) {
  return {chrf_counts(hypothesis, reference), bleu_counts(hypothesis, reference, BleuTokenizer::v13a),
          bleu_counts(hypothesis, reference, BleuTokenizer::zh)};
}

TEST(TranslationScores, AreSacrebleus) {
  std::map<std::string, Counts> groups;
  std::size_t segments = 0, corpora = 0;
  for (const std::string& line :
       test::lines_of(read_text_file(test::source_folder() / "tests/fixtures/translation/scores.jsonl"))) {
    const json row = json::parse(line);
    if (row.contains("corpus")) {
      const Counts& all = groups.at(row.at("corpus"));
      EXPECT_NEAR(chrf(all.chrf), row.at("chrf"), kTolerance) << line;
      EXPECT_NEAR(chrf_plus_plus(all.chrf), row.at("chrfpp"), kTolerance) << line;
      EXPECT_NEAR(corpus_bleu(all.v13a), row.at("bleu_13a"), kTolerance) << line;
      EXPECT_NEAR(corpus_bleu(all.zh), row.at("bleu_zh"), kTolerance) << line;
      ++corpora;
      continue;
    }
    const Counts one = counts_of(row.at("hypothesis"), row.at("reference"));
    EXPECT_NEAR(chrf(one.chrf), row.at("chrf"), kTolerance) << line;
    EXPECT_NEAR(chrf_plus_plus(one.chrf), row.at("chrfpp"), kTolerance) << line;
    EXPECT_NEAR(sentence_bleu(one.v13a), row.at("bleu_13a"), kTolerance) << line;
    EXPECT_NEAR(sentence_bleu(one.zh), row.at("bleu_zh"), kTolerance) << line;
    Counts& all = groups[row.at("group")];
    all.chrf += one.chrf, all.v13a += one.v13a, all.zh += one.zh;
    ++segments;
  }
  EXPECT_GE(segments, 300u);
  EXPECT_GE(corpora, 14u);
}

}  // namespace
}  // namespace tertium
