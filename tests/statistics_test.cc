// tertium/stats against SciPy and statsmodels, on tables of items that shared/stats holds, and on the answers and
// alignments that the study published (shared/paper).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tertium/base/text.h"
#include "tertium/stats/corrections.h"
#include "tertium/stats/correlation.h"
#include "tertium/stats/layer_choice.h"
#include "tertium/stats/rates.h"
#include "tertium/stats/sign_flip.h"
#include "tertium/stats/two_rates.h"
#include "tests/support/files.h"
#include "tests/support/program.h"

namespace tertium {
namespace {

using nlohmann::json;
using Cells = std::vector<std::string>;
using Values = std::vector<double>;

constexpr double kExact = 1e-9;

#define SKIP_WITHOUT(folder)                                      \
  if (!std::filesystem::exists(test::shared_folder() / (folder))) \
  GTEST_SKIP() << "SKIPPED: needs " << (folder) << "/ in " << test::shared_folder() << ", or where TERTIUM_SHARED says"

json read_json(const std::string& name) { return json::parse(read_text_file(test::shared_folder() / name)); }

/// The rows of a table behind its header, none of whose cells is quoted.
std::vector<Cells> read_csv(const std::string& name) {
  std::vector<Cells> rows;
  for (const std::string& line : test::lines_of(read_text_file(test::shared_folder() / name))) {
    Cells& cells = rows.emplace_back();
    std::istringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
  }
  rows.erase(rows.begin());
  return rows;
}

/// One is null where the other is undefined.
void expect_equal(double value, const json& expected, const std::string& what) {
  if (expected.is_null())
    EXPECT_TRUE(std::isnan(value)) << what << ": " << value;
  else
    EXPECT_NEAR(value, expected.get<double>(), kExact) << what;
}

Group group(bool pivot_right, bool right) {
  if (!pivot_right) return Group::neither;
  return right ? Group::first : Group::second;
}

/// Hits of one group at a layer.
Counts counts(const LayerValues& table, std::size_t layer, Group group) {
  Counts counts;
  for (std::size_t item = 0; item < table.groups.size(); ++item)
    if (table.groups[item] == group) {
      ++counts.n;
      counts.hits += table.values[item * table.layers + layer] == 1;
    }
  return counts;
}

/// What the largest of the layers' means over all items is.
double largest_mean(const LayerValues& table) {
  Values sums(table.layers);
  for (std::size_t i = 0; i < table.values.size(); ++i) sums[i % table.layers] += table.values[i];
  return *std::max_element(sums.begin(), sums.end()) / static_cast<double>(table.groups.size());
}

/// By language: alignments and answers of all items, which both files list in the same order.
std::map<std::string, LayerValues> shared_tables(std::size_t layers) {
  std::map<std::string, LayerValues> tables;
  for (const Cells& row : read_csv("stats/answers.csv"))
    tables[row[0]].groups.push_back(group(row[2] == "1", row[3] == "1"));
  for (const Cells& row : read_csv("stats/alignment.csv")) tables[row[0]].values.push_back(std::stod(row[5]));
  for (auto& [language, table] : tables) table.layers = layers;
  return tables;
}

TEST(SharedStatistics, OfAnswersAgreeWithStatsmodels) {
  SKIP_WITHOUT("stats");
  const json expected = read_json("stats/expected.json")["languages"];
  std::map<std::string, Counts> answers;
  for (const Cells& row : read_csv("stats/answers.csv")) answers[row[0]].hits += row[3] == "1", ++answers[row[0]].n;
  EXPECT_EQ(answers.size(), expected.size());
  for (const auto& [language, count] : answers) {
    const Rate rate = wilson(count.hits, count.n);
    expect_equal(rate.value, expected[language]["accuracy"], language);
    expect_equal(rate.low, expected[language]["accuracy_ci"][0], language);
    expect_equal(rate.high, expected[language]["accuracy_ci"][1], language);
  }
}

TEST(SharedStatistics, OfGroupsAtEachLayerAgreeWithSciPyAndStatsmodels) {
  SKIP_WITHOUT("stats");
  const json expected = read_json("stats/expected.json")["languages"];
  int compared = 0;
  for (const auto& [language, table] : shared_tables(expected["xa"]["layers"].size()))
    for (std::size_t layer = 0; layer < table.layers; ++layer, ++compared) {
      const json& want = expected[language]["layers"][layer];
      const std::string what = language + ", layer " + std::to_string(layer);
      const Counts first = counts(table, layer, Group::first), second = counts(table, layer, Group::second);
      ASSERT_EQ(json({first.hits, first.n, second.hits, second.n}),
                json({want["ts_k"], want["ts_n"], want["tf_k"], want["tf_n"]}))
          << what;
      const Estimate difference = risk_difference(first, second);
      expect_equal(difference.value, want["difference"], what);
      expect_equal(difference.low, want["difference_ci"].is_null() ? json() : want["difference_ci"][0], what);
      expect_equal(difference.high, want["difference_ci"].is_null() ? json() : want["difference_ci"][1], what);
      expect_equal(fisher_exact(first, second), want["fisher_p"], what);
      expect_equal(two_proportion_z(first, second).z, want["z"], what);
      expect_equal(two_proportion_z(first, second).greater, want["z_p"], what);
    }
  EXPECT_EQ(compared, 63);
}

TEST(SharedStatistics, OfTheStudysLayerAndItsFamilyAgree) {
  SKIP_WITHOUT("stats");
  const json all = read_json("stats/expected.json"), family = all["study_family"];
  Values p;
  std::vector<std::string> languages;
  for (const auto& [language, table] : shared_tables(all["languages"]["xa"]["layers"].size())) {
    const LayerChoice choice = study_choice(table);
    EXPECT_EQ(choice.layer, all["languages"][language]["study_layer"]) << language;
    p.push_back(choice.p);
    if (!std::isnan(choice.p)) languages.push_back(language);
  }
  EXPECT_EQ(json(languages), family["languages"]);
  EXPECT_EQ(family_size(p), languages.size());
  Values by_holm = holm(p), by_rate = benjamini_hochberg(p);
  for (Values* values : {&by_holm, &by_rate}) std::erase_if(*values, [](double one) { return std::isnan(one); });
  for (std::size_t i = 0; i < languages.size(); ++i) {
    expect_equal(by_holm[i], family["holm"][i], languages[i]);
    expect_equal(by_rate[i], family["bh"][i], languages[i]);
  }
}

TEST(SharedStatistics, AcrossLanguagesAgreeWithSciPy) {
  SKIP_WITHOUT("stats");
  const json all = read_json("stats/expected.json"), across = all["across"];
  Values alignment, accuracy;
  for (const auto& [language, table] : shared_tables(all["languages"]["xa"]["layers"].size())) {
    alignment.push_back(largest_mean(table));
    accuracy.push_back(all["languages"][language]["accuracy"]);
    expect_equal(alignment.back(), all["languages"][language]["max_alignment"], language);
  }
  const Correlation r = pearson(alignment, accuracy);
  EXPECT_EQ(r.n, across["n"]);
  expect_equal(r.value, across["pearson"], "pearson");
  expect_equal(r.low, across["pearson_ci"][0], "pearson");
  expect_equal(r.high, across["pearson_ci"][1], "pearson");
  expect_equal(spearman(alignment, accuracy).value, across["spearman"], "spearman");
}

TEST(SharedStatistics, OfFlipsAgreeWithStatsmodels) {
  SKIP_WITHOUT("stats");
  const json expected = read_json("stats/expected.json")["languages"];
  std::map<std::pair<std::string, std::size_t>, std::map<std::string, Values>> flips;  // by control, in order of items
  for (const Cells& row : read_csv("stats/flips.csv"))
    flips[{row[0], std::stoul(row[2])}][row[3]].push_back(std::stod(row[5]));
  int compared = 0;
  for (const auto& [place, sides] : flips) {
    const auto& [language, layer] = place;
    const Values &main = sides.at("main"), &control = sides.at("same_gold");
    ASSERT_EQ(main.size(), control.size());
    Values differences;
    std::size_t only_main = 0, only_control = 0;
    for (std::size_t i = 0; i < main.size(); ++i) {
      differences.push_back(main[i] - control[i]);
      only_main += differences[i] > 0, only_control += differences[i] < 0;
    }
    const json& want = expected[language]["flips"][layer];
    const std::string what = language + ", layer " + std::to_string(layer);
    EXPECT_EQ(json({main.size(), only_main, only_control}), json({want["items"], want["b"], want["c"]})) << what;
    expect_equal(mcnemar_exact(only_main, only_control), want["p"], what);
    if (only_main + only_control <= 16) expect_equal(sign_flip(differences), want["p"], what + ", by sign flips");
    ++compared;
  }
  EXPECT_EQ(compared, 54) << "six languages with transfer failures";
}

/// The study's answers and alignments of one language.
LayerValues paper_table(const std::string& language, const std::string& metric) {
  const json study = read_json("paper/xcopa/" + language + ".json");
  const std::string pivot = study["correct_en"], right = study["correct_x"];
  const std::vector<std::string> layers = study[metric];
  LayerValues table{.layers = layers.size()};
  for (std::size_t item = 0; item < right.size(); ++item) {
    table.groups.push_back(group(pivot[item] == '1', right[item] == '1'));
    for (const std::string& layer : layers) table.values.push_back(layer.at(item) - '0');
  }
  return table;
}

TEST(PaperStatistics, OfXcopaAreTheStudysOwn) {
  SKIP_WITHOUT("paper");
  const json expected = read_json("paper/expected.json")["xcopa_ts_tf"];
  Values p;
  for (const auto& [language, want] : expected.items()) {
    const LayerValues table = paper_table(language, "dali");
    const LayerChoice choice = study_choice(table);
    const Counts first = counts(table, choice.layer, Group::first), second = counts(table, choice.layer, Group::second);
    EXPECT_EQ(json({choice.layer, first.n, second.n}), json({want["layer"], want["n_ts"], want["n_tf"]})) << language;
    expect_equal(choice.difference, want["gap"], language);
    expect_equal(choice.z, want["z"], language);
    expect_equal(choice.p, want["p_one_sided"], language);
    expect_equal(fisher_exact(first, second), want["fisher_two_sided"], language);
    p.push_back(choice.p);
  }
  ASSERT_EQ(p.size(), 8u);
  const Values by_holm = holm(p), by_rate = benjamini_hochberg(p);
  std::size_t i = 0;
  for (const auto& [language, want] : expected.items()) {
    expect_equal(by_holm[i], want["p_holm"], language);
    expect_equal(by_rate[i++], want["p_bh"], language);
  }
}

TEST(PaperStatistics, AcrossLanguagesAreTheStudysOwn) {
  SKIP_WITHOUT("paper");
  const json all = read_json("paper/expected.json"), stories = read_json("paper/xstorycloze_by_language.json");
  for (const std::string metric : {"dali", "dalist"}) {
    Values alignment, accuracy;
    for (const auto& [language, of_language] : all["xcopa_ts_tf"].items()) {
      alignment.push_back(largest_mean(paper_table(language, metric)));
      accuracy.push_back(of_language["accuracy"]);
    }
    const json& want = all["correlation_of_max_over_layers_with_accuracy"]["xcopa"][metric];
    expect_equal(correlation(alignment, accuracy, CorrelationKind::pearson), want["pearson"], metric);
    expect_equal(correlation(alignment, accuracy, CorrelationKind::spearman), want["spearman"], metric);
  }
  for (const std::string metric : {"dali", "dalist"}) {
    Values alignment, accuracy;
    for (const auto& [language, of_language] : stories.items()) {
      const Values by_layer = of_language[metric];
      alignment.push_back(*std::max_element(by_layer.begin(), by_layer.end()));
      accuracy.push_back(of_language["accuracy"]);
    }
    const json& want = all["correlation_of_max_over_layers_with_accuracy"]["xstorycloze"][metric];
    expect_equal(correlation(alignment, accuracy, CorrelationKind::pearson), want["pearson"], metric);
    expect_equal(correlation(alignment, accuracy, CorrelationKind::spearman), want["spearman"], metric);
  }
}

}  // namespace
}  // namespace tertium
