// `tertium screen`, as the real program on a tiny model.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tertium/base/text.h"
#include "tertium/store/store.h"
#include "tests/support/small_experiment.h"

namespace tertium {
namespace {

using nlohmann::json;
using test::Finished;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class Screen : public test::SmallExperiment {
 protected:
  /// The tiny model likes short options: with the lengths the other way around, German fails where English succeeds.
  Screen() {
    const auto file = data / "de.jsonl";
    std::string turned;
    for (const std::string& line : test::lines_of(read_text_file(file))) {
      json item = json::parse(line);
      const std::string shorter = item.at("options")[0], longer = item.at("options")[1];
      item["options"] = {" sehr" + shorter, longer.substr(longer.rfind(' '))};
      turned += item.dump() + "\n";
    }
    temporary.write(file, turned);
  }

  Finished screened(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"screen", experiment.string(), "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return test::run_program(arguments);
  }

  json screened_json(std::vector<std::string> more) const {
    more.emplace_back("--json");
    const Finished finished = screened(more);
    EXPECT_EQ(finished.status, 0) << finished.err;
    return json::parse(finished.out);
  }

  std::string refusal(const std::vector<std::string>& more) const {
    const Finished finished = screened(more);
    EXPECT_EQ(finished.status, 1) << finished.out;
    EXPECT_EQ(test::lines_of(finished.err).size(), 1u) << finished.err;
    EXPECT_EQ(finished.out, "");
    return finished.err;
  }
};

std::string name_of(const json& place) {
  return place.at("site").get<std::string>() + "@" + place.at("block").dump() + "." +
         place.value("head", json()).dump() + " " + place.at("position").get<std::string>();
}

TEST_F(Screen, RanksEveryPlaceAndVerifiesTheBestAndAsManyOthers) {
  for (const char* task : {"0", "items"}) {
    const json shown = screened_json({"--task", task, "--position", "last", "--top", "5", "--items", "3"});
    // attn_out, resid_mid, mlp_out, resid_post; the heads of q and z, of k and v
    const std::size_t in_a_block = 4 + 2 * tiny.heads + 2 * tiny.kv_heads;
    EXPECT_EQ(shown.at("places").size(), tiny.blocks * in_a_block + 1) << "and the embeddings";
    EXPECT_EQ(shown.at("direction"), "fix");
    EXPECT_LE(shown.at("items").size(), 3u);
    EXPECT_LT(shown.at("margin").get<double>(), 0) << "the items are answered wrongly";
    ASSERT_EQ(shown.at("top").size(), 5u);
    ASSERT_EQ(shown.at("drawn").size(), 5u);
    EXPECT_EQ(shown.at("agreement").at("all").at("n"), 10);

    std::set<std::string> verified;
    double before = shown.at("top")[0].at("estimated");
    for (const json& place : shown.at("top")) {
      verified.insert(name_of(place));
      EXPECT_LE(place.at("estimated"), before) << "the largest first";
      before = place.at("estimated");
    }
    for (const json& place : shown.at("drawn")) {
      verified.insert(name_of(place));
      EXPECT_LE(place.at("estimated"), before);
    }
    EXPECT_EQ(verified.size(), 10u) << "no place twice";
  }
}

TEST_F(Screen, VerifiesOnePatchOnceWhateverItsNames) {
  const json shown = screened_json({"--top", "1000", "--items", "2"});
  std::map<std::string, std::set<double>> estimates;  // by site
  for (const json& place : shown.at("top")) {
    const std::string name = name_of(place);
    EXPECT_NE(place.at("estimated"), 0) << name << " leads nowhere";
    EXPECT_TRUE(estimates[name.substr(0, name.find(' '))].insert(place.at("estimated").get<double>()).second) << name;
    EXPECT_NE(place.at("site"), "resid_mid") << name << " is resid_post under another name";
  }
  EXPECT_GT(shown.at("places").size(), shown.at("top").size())
      << "the context's end is last, and where the premise ends";
  EXPECT_EQ(shown.at("drawn").size(), 0u) << "none is left";
}

TEST_F(Screen, IsTheSameAgainAndInAnyDtypeOfTheExperiment) {
  const std::vector<std::string> arguments = {"--top", "3", "--items", "2"};
  const json first = screened_json(arguments);
  EXPECT_EQ(screened_json(arguments), first);
  EXPECT_EQ(screened_json({"--top", "3", "--items", "2", "--set", "dtype=bf16"}), first) << "it computes in f32";
}

TEST_F(Screen, ShowsEstimatedBesideRealAndHowWellTheyAgree) {
  const Finished finished = screened({"--top", "3", "--items", "2"});
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_EQ(finished.err, "");
  EXPECT_THAT(finished.out,
              AllOf(StartsWith("items loglik, direction fix: 2 of the "), HasSubstr("   estimated        real\n"),
                    HasSubstr("\n  all verified   "), HasSubstr(", n = 6\n")));
}

TEST_F(Screen, NamesWhatItDoesNotKnow) {
  EXPECT_THAT(refusal({"--language", "xx"}), AllOf(HasSubstr("--language xx"), HasSubstr("de")));
  EXPECT_THAT(refusal({"--task", "7"}), AllOf(HasSubstr("--task 7"), HasSubstr("1 (items letters)")));
  EXPECT_THAT(refusal({"--position", "lats"}), HasSubstr("last"));
}

TEST_F(Screen, SaysWhereNothingIsToBeRepaired) {
  std::filesystem::copy_file(data / "en.jsonl", data / "de.jsonl", std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(refusal({}), HasSubstr("no item is right in en and wrong in de"));
}

TEST_F(Screen, RanksWhatTakingAPartOutCosts) {
  const json found = screened_json({"--ablate", "zero", "--items", "5", "--top", "4"});
  EXPECT_EQ(found.at("items").size(), 5u);
  EXPECT_EQ(found.at("places").size(), static_cast<std::size_t>(tiny.blocks * (2 + tiny.heads)));
  double before = -1e9;
  for (const json& place : found.at("places")) {
    EXPECT_GE(place.at("margin").get<double>(), before) << "what costs most comes first";
    before = place.at("margin");
  }
  // The same by a run of the experiment, of the same items.
  temporary.write("ablate.toml",
                  "model = \"model\"\ndtype = \"f32\"\n[[task]]\nname = \"items\"\ndata = \"data\"\nlimit = 5\n"
                  "languages = [\"de\"]\n[ablate]\ncomponents = [\"z\", \"attn_out\", \"mlp_out\"]\ndraws = 0\n");
  const auto out = folder / "ablated";
  ASSERT_EQ(test::run_program({"run", (folder / "ablate.toml").string(), "--out", out.string(), "--quiet"}).status, 0);
  const Store store = Store::open(out);
  std::map<std::pair<std::string, int>, double> clean;
  std::map<std::pair<std::string, int>, bool> gold;
  for (const ScoreRow& row : store.scores())
    if (row.language == "de") clean[{row.item, row.option}] = row.score, gold[{row.item, row.option}] = row.is_gold;
  std::map<std::string, double> changes;  // two options: gold's less the other's
  for (const AblationRow& row : store.ablations())
    if (row.language == "de") {
      const std::string place = fmt::format("{} {} {}", row.key.component, row.key.layer, row.key.head);
      const double moved = row.score - clean.at({row.item, row.option});
      changes[place] += (gold.at({row.item, row.option}) ? moved : -moved) / 5;
    }
  std::size_t compared = 0;
  for (const char* group : {"top", "drawn"})
    for (const json& place : found.at(group)) {
      const std::string name = fmt::format("{} {} {}", place.at("site").get<std::string>(),
                                           place.at("block").get<int>(), place.value("head", -1));
      EXPECT_NEAR(place.at("real_margin").get<double>(), changes.at(name), 1e-4) << name;
      ++compared;
    }
  EXPECT_EQ(compared, 8u);
  EXPECT_GT(found.at("agreement").at("margin").at("all").at("spearman").get<double>(), 0.3);
}

TEST_F(Screen, SaysHowToTestTheHeadsItFound) {
  const Finished finished = screened({"--ablate", "mean", "--by", "alignment", "--items", "3", "--top", "6"});
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_THAT(finished.out,
              AllOf(HasSubstr("taken out (mean)"), HasSubstr("costs most alignment"), HasSubstr("heads = [\"")));
  for (const std::string& line : test::lines_of(finished.out)) EXPECT_LE(line.size(), 90u) << line;
  EXPECT_THAT(refusal({"--set", "ablate.components=[\"z\"]", "--set", "ablate.heads=[\"1-2\"]"}),
              HasSubstr("is not block and head"));
}

}  // namespace
}  // namespace tertium
