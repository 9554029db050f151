#include "tertium/report/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tertium/analysis/observations.h"
#include "tertium/analysis/table_text.h"
#include "tests/support/files.h"
#include "tests/support/report_results.h"

namespace tertium {
namespace {

using nlohmann::ordered_json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class ReportDocument : public test::FolderTest {
 protected:
  ordered_json document(const test::MadeUp& what = {}) {
    test::write_made_up_results(folder / "made", what);
    const Store store = Store::open(folder / "made");
    return report_document({{"made", &store, false, {"xcopa loglik it: scoring"}}}, "1.2.3");
  }
  Store store() const { return Store::open(folder / "made"); }
};

/// To six digits, as the document has them.
void expect_same(const ordered_json& shown, const ordered_json& exact, const std::string& where) {
  if (exact.is_number_float()) {
    ASSERT_TRUE(shown.is_number()) << where;
    EXPECT_NEAR(shown.get<double>(), exact.get<double>(), 1e-5 * std::abs(exact.get<double>()) + 1e-300) << where;
  } else if (exact.is_array()) {
    ASSERT_EQ(shown.size(), exact.size()) << where;
    for (std::size_t i = 0; i < exact.size(); ++i) expect_same(shown[i], exact[i], where);
  } else {
    EXPECT_EQ(shown, exact) << where;
  }
}

TEST_F(ReportDocument, HasTheTablesAndConclusionsOfTheAnalysis) {
  const ordered_json run = document()["runs"][0];
  const ordered_json exact = to_json(analyse(observations_of(store())));
  EXPECT_EQ(run["conclusions"], exact["conclusions"]);
  EXPECT_FALSE(run["conclusions"].empty());
  for (const char* name : {"languages", "alignment", "across", "across_points", "flips", "places"}) {
    const ordered_json& table = run["tables"][name];
    ASSERT_EQ(table["rows"].size(), exact[name].size()) << name;
    EXPECT_FALSE(exact[name].empty()) << name;
    for (std::size_t r = 0; r < exact[name].size(); ++r)
      for (std::size_t c = 0; c < table["columns"].size(); ++c) {
        const std::string column = table["columns"][c];
        expect_same(table["rows"][r][c], exact[name][r][column], fmt::format("{} {} {}", name, r, column));
      }
  }
}

TEST_F(ReportDocument, TellsWhatChanceGives) {
  const ordered_json part = document()["runs"][0]["parts"][0];
  EXPECT_EQ(part["options"], 2);
  EXPECT_THAT(part["pivots"], ElementsAre("en"));
  EXPECT_EQ(part["chance"]["accuracy"], 0.5);
  EXPECT_NEAR(part["chance"]["dali"].get<double>(), 1. / 6, 1e-6);
  EXPECT_TRUE(part["chance"]["dali_margin"].is_null());
}

TEST_F(ReportDocument, NamesTheVersionThatMadeIt) { EXPECT_EQ(document()["tertium"], "1.2.3"); }

TEST_F(ReportDocument, SaysWhatIsMissingAndWhatTheRunNoted) {
  const ordered_json run = document()["runs"][0];
  EXPECT_EQ(run["finished"], false);
  EXPECT_THAT(run["missing"], ElementsAre("xcopa loglik it: scoring"));
  ASSERT_THAT(run["warnings"], SizeIs(1));
  EXPECT_THAT(run["warnings"][0]["where"], ElementsAre("xcopa loglik zh: 3"));
}

TEST_F(ReportDocument, HasEveryAnswerItemByItem) {
  const ordered_json items = document()["runs"][0]["items"];
  const std::vector<std::string> ids = items["tasks"][0]["ids"];
  EXPECT_THAT(ids, SizeIs(24));
  EXPECT_EQ(ids[0], "<b>0</b>");
  std::size_t scores = 0;
  for (const ordered_json& answers : items["answers"]) {
    scores += answers["scores"].size();
    for (std::size_t i = 0; i < answers["items"].size(); ++i) {
      const double gold = answers["scores"][2 * i + answers["gold"][i].get<std::size_t>()];
      const double other = answers["scores"][2 * i + 1 - answers["gold"][i].get<std::size_t>()];
      EXPECT_EQ(answers["chosen"][i] == answers["gold"][i], gold > other);
      EXPECT_NEAR(answers["margins"][i].get<double>(), gold - other, 1e-3);
      EXPECT_EQ(answers["transfer"][i] == -1, answers["language"] == "en");
    }
  }
  EXPECT_EQ(scores, store().scores().size());
}

TEST_F(ReportDocument, HasTheTextsOfEachItemInEachLanguage) {
  const ordered_json texts = document()["runs"][0]["items"]["tasks"][0]["texts"];
  ASSERT_EQ(texts.size(), 5u);
  for (const auto& [language, of_items] : texts.items()) {
    ASSERT_THAT(of_items, SizeIs(24)) << language;
    for (const ordered_json& pieces : of_items) EXPECT_THAT(pieces, SizeIs(3)) << "the context, then the options";
  }
  EXPECT_THAT(texts["it"][3][0].get<std::string>(), HasSubstr("Pioveva, quindi (3)"));
}

TEST_F(ReportDocument, HasEveryPatchAndWhetherItChangedTheAnswer) {
  const ordered_json run = document()["runs"][0];
  std::size_t trials = 0;
  for (const ordered_json& at : run["items"]["patches"]) {
    trials += at["items"].size();
    EXPECT_EQ(at["changed"].get<std::string>().size(), at["items"].size());
    // What changed by control and block is what the table of flips counts.
    for (std::size_t g = 0; g < at["groups"].size(); ++g) {
      const ordered_json& group = at["groups"][g];
      const std::size_t begin = group["begin"], end = g + 1 < at["groups"].size()
                                                          ? at["groups"][g + 1]["begin"].get<std::size_t>()
                                                          : at["items"].size();
      const std::string changed = at["changed"].get<std::string>().substr(begin, end - begin);
      const double rate = static_cast<double>(std::ranges::count(changed, '1')) / static_cast<double>(end - begin);
      const ordered_json& table = run["tables"]["flips"];
      const auto value = [&](const ordered_json& row, const char* name) {
        return row[static_cast<std::size_t>(std::ranges::find(table["columns"], name) - table["columns"].begin())];
      };
      const auto row = std::ranges::find_if(table["rows"], [&](const ordered_json& one) {
        return value(one, "language") == at["language"] && value(one, "direction") == at["direction"] &&
               value(one, "control") == group["control"] && value(one, "layer") == group["layer"];
      });
      ASSERT_NE(row, table["rows"].end());
      EXPECT_NEAR(value(*row, "rate").get<double>(), rate, 1e-5);
    }
  }
  EXPECT_EQ(2 * trials, store().patches().size());
}

TEST_F(ReportDocument, HasAlignmentAsBitsByLayer) {
  const ordered_json items = document()["runs"][0]["items"];
  bool has_bits = false, has_numbers = false;
  for (const ordered_json& at : items["alignment"]) {
    ASSERT_EQ(at["values"].size(), at["layers"].size());
    for (const ordered_json& layer : at["values"]) {
      has_bits |= layer.is_string();
      has_numbers |= layer.is_array();
      EXPECT_EQ(layer.is_string(), at["metric"] != "dali_margin");
      EXPECT_EQ(layer.is_string() ? layer.get<std::string>().size() : layer.size(), at["items"].size());
    }
  }
  EXPECT_TRUE(has_bits && has_numbers);
}

TEST_F(ReportDocument, ComparesSeveralResults) {
  test::write_made_up_results(folder / "a", {.seed = 1});
  test::write_made_up_results(folder / "b", {.seed = 2});
  const Store a = Store::open(folder / "a"), b = Store::open(folder / "b");
  const ordered_json both = report_document({{"a", &a}, {"b", &b}}, "1");
  EXPECT_THAT(both["runs"], SizeIs(2));
  EXPECT_FALSE(both["comparison"]["tables"]["items"]["rows"].empty());
  EXPECT_FALSE(both["comparison"]["conclusions"].empty());
  EXPECT_FALSE(report_document({{"a", &a}}, "1").contains("comparison"));
}

}  // namespace
}  // namespace tertium
