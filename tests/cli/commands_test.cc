// The commands beside `run`, as the real program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tertium/model/site.h"
#include "tertium/store/store.h"
#include "tests/support/small_experiment.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Finished;
using test::lines_of;
using test::output_of;
using test::run_program;
using test::TinyModel;
using test::write_tiny_model;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// ---- --help and --version

TEST(Help, OfEveryCommandHasAnExampleOfIt) {
  for (const std::string& command : test::command_names()) {
    const std::string help = output_of({command, "--help"});
    EXPECT_THAT(help, HasSubstr("Example:\n  tertium " + command + " "));
  }
}

TEST(Help, ShowsTheVersion) {
  EXPECT_THAT(output_of({"--version"}), testing::MatchesRegex("tertium [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(StandardOutput, ThatCannotBeWrittenIsAnError) {
  const std::string model = (test::source_folder() / "tests/fixtures/golden/llama").string();
  const Finished finished = run_program({"inspect", model}, "/dev/full");
  EXPECT_EQ(finished.status, 1);
  EXPECT_THAT(finished.err, AllOf(StartsWith("Error: "), HasSubstr("disk"), Not(HasSubstr("bug"))));
}

// ---- export

class Export : public test::SmallExperiment {
 protected:
  std::string exported(const std::string& table, const std::string& format) const {
    return output_of({"export", results.string(), "--table", table, "--format", format});
  }
};

TEST_F(Export, GivesEveryTableAsJsonLinesThatReadBackExactly) {
  results_of("results");
  for (const std::string& table : table_names())
    for (const std::string& line : lines_of(exported(table, "jsonl")))
      EXPECT_TRUE(json::parse(line).is_object()) << line;
  const std::vector<ScoreRow> rows = Store::open(results).scores();
  const std::vector<std::string> lines = lines_of(exported("scores", "jsonl"));
  ASSERT_EQ(lines.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const json line = json::parse(lines[i]);
    EXPECT_EQ(line.at("item"), rows[i].item);
    EXPECT_EQ(line.at("score").get<double>(), rows[i].score);
    EXPECT_EQ(line.at("is_gold"), rows[i].is_gold ? 1 : 0);
  }
}

TEST_F(Export, GivesEveryTableAsCsvWithAHeader) {
  results_of("results");
  const Store store = Store::open(results);
  const auto expect_rows = [&](const std::string& table, std::size_t rows) {
    const std::vector<std::string> lines = lines_of(exported(table, "csv"));
    ASSERT_EQ(lines.size(), 1 + rows) << table;
    const auto commas = std::count(lines.front().begin(), lines.front().end(), ',');
    for (const std::string& line : lines) EXPECT_EQ(std::count(line.begin(), line.end(), ','), commas) << line;
  };
  expect_rows("scores", store.scores().size());
  expect_rows("alignment", store.alignment().size());
  expect_rows("patches", store.patches().size());
  EXPECT_THAT(exported("scores", "csv"),
              StartsWith("task,language,item,protocol,option,score,tokens,is_gold,characters,bytes\r\n"));
  EXPECT_THAT(exported("runs", "csv"), StartsWith("key,value\r\n"));
}

// ---- inspect

class Inspect : public test::FolderTest {};

TEST_F(Inspect, ShowsShapesAndSites) {
  write_tiny_model(folder, {.blocks = 3, .words = {"a", "b"}});
  const std::string shown = output_of({"inspect", folder.string()});
  for (const char* line : {"family       llama\n", "blocks       3\n", "width        16 (MLP 24)\n", "vocabulary   4\n",
                           "heads        2 of 8, 1 for keys and values\n", "context      128 tokens\n"})
    EXPECT_THAT(shown, HasSubstr(line));
  for (const SiteInfo& site : site_kinds()) EXPECT_THAT(shown, HasSubstr(site.name));
}

TEST_F(Inspect, IsReadByProgramsAsJson) {
  write_tiny_model(folder, {.blocks = 3, .words = {"a", "b"}});
  const nlohmann::json shown = nlohmann::json::parse(output_of({"inspect", folder.string(), "--json"}));
  EXPECT_EQ(shown.at("family"), "llama");
  EXPECT_EQ(shown.at("blocks"), 3);
  EXPECT_EQ(shown.at("vocabulary"), 4);
  EXPECT_EQ(shown.at("sites").size(), site_kinds().size());
}

TEST_F(Inspect, ShowsTheRopeInForceForEachKindOfBlock) {
  const fs::path golden = test::source_folder() / "tests/fixtures/golden";
  EXPECT_THAT(output_of({"inspect", (golden / "olmo3").string()}),
              AllOf(HasSubstr("rope         default, theta 500000; 8 of a head's 8 dimensions (blocks 0, 1)\n"),
                    HasSubstr("yarn, theta 500000, factor 4, original context 8, attention factor 1.13863; 8 of a "
                              "head's 8 dimensions (block 2)\n")));
  EXPECT_THAT(output_of({"inspect", (golden / "smollm3").string()}), HasSubstr("none (block 1)\n"));
  const nlohmann::json shown =
      nlohmann::json::parse(output_of({"inspect", (golden / "llama3").string(), "--json"})).at("ropes");
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(shown[0].at("kind"), "llama3");
  EXPECT_EQ(shown[0].at("factor"), 8);
  EXPECT_EQ(shown[0].at("original_context"), 16);
}

TEST_F(Inspect, ListsWhatWasLeftAsideAndWhy) {
  write_tiny_model(
      folder, {.config = {{"use_cache", true}, {"rope_theta", 500.0}, {"rope_parameters", {{"rope_theta", 1e4}}}}});
  const std::string shown = output_of({"inspect", folder.string()});
  EXPECT_THAT(shown, HasSubstr("left aside   rope_theta: the rope's table says it too, and wins\n"));
  EXPECT_THAT(shown, HasSubstr("use_cache"));
  const nlohmann::json aside =
      nlohmann::json::parse(output_of({"inspect", folder.string(), "--json"})).at("keys_left_aside");
  EXPECT_TRUE(std::any_of(aside.begin(), aside.end(), [](const auto& one) { return one.at("key") == "use_cache"; }));
}

TEST_F(Inspect, DoesNotNeedATokenizer) {
  write_tiny_model(folder, {});
  fs::remove(folder / "tokenizer.json");
  EXPECT_THAT(output_of({"inspect", folder.string()}), HasSubstr("llama"));
}

// ---- tokenize

class Tokenize : public test::FolderTest {
 protected:
  Tokenize() { write_tiny_model(folder, tiny); }
  std::vector<json> tokens(const std::string& text, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"tokenize", folder.string(), text, "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    std::vector<json> tokens;
    for (const std::string& line : lines_of(output_of(arguments))) tokens.push_back(json::parse(line));
    return tokens;
  }
  json token(std::string_view piece, std::size_t begin, std::string_view text) const {
    return {{"id", tiny.id(piece)}, {"piece", piece}, {"begin", begin}, {"end", begin + text.size()}, {"text", text}};
  }

  const TinyModel tiny{.words = {"grün", "ist", "."}};
};

TEST_F(Tokenize, GivesIdsPiecesAndByteOffsetsAsJson) {
  const json bos = {{"id", TinyModel::kBos}, {"piece", "<s>"}, {"begin", 0}, {"end", 0}, {"text", ""}};
  const json unknown = {{"id", TinyModel::kUnknown}, {"piece", "<unk>"}, {"begin", 9}, {"end", 14}, {"text", " Gras"}};
  EXPECT_THAT(tokens("grün ist Gras."),
              ElementsAre(bos, token("grün", 0, "grün"), token("ist", 5, " ist"), unknown, token(".", 14, ".")));
}

TEST_F(Tokenize, LeavesSpecialTokensOutOnRequest) {
  EXPECT_THAT(tokens("ist", {"--no-special"}), ElementsAre(token("ist", 0, "ist")));
}

TEST_F(Tokenize, GivesBosForTheEmptyText) {
  const json bos = {{"id", TinyModel::kBos}, {"piece", "<s>"}, {"begin", 0}, {"end", 0}, {"text", ""}};
  EXPECT_THAT(tokens(""), ElementsAre(bos));
  EXPECT_THAT(tokens("", {"--no-special"}), testing::IsEmpty());
}

TEST_F(Tokenize, PutsNoSecondBosBeforeATextThatBeginsWithOneAndSaysSo) {
  const Finished finished = run_program({"tokenize", folder.string(), "<s>ist", "--json"});
  const std::vector<std::string> lines = lines_of(finished.out);
  ASSERT_EQ(lines.size(), 2u);
  const json bos = {{"id", TinyModel::kBos}, {"piece", "<s>"}, {"begin", 0}, {"end", 3}, {"text", "<s>"}};
  EXPECT_EQ(json::parse(lines[0]), bos);
  EXPECT_THAT(finished.err, HasSubstr("begins with the tokenizer's BOS already"));
  EXPECT_EQ(run_program({"tokenize", folder.string(), "ist"}).err, "");
}

TEST_F(Tokenize, ShowsATableToPeople) {
  const std::vector<std::string> lines = lines_of(output_of({"tokenize", folder.string(), "grün ist"}));
  ASSERT_EQ(lines.size(), 4u);  // heading, BOS, two words
  EXPECT_THAT(lines[0], HasSubstr("piece"));
  EXPECT_THAT(lines[2], HasSubstr("0..5"));
}

TEST_F(Tokenize, RefusesATextThatIsNotUtf8) {
  const Finished finished = run_program({"tokenize", folder.string(), "gr\xfcn"});
  EXPECT_EQ(finished.status, 1);
  EXPECT_THAT(finished.err, StartsWith("Error: \"gr\\xfcn\" on the command line is not UTF-8"));
}

// ---- parity

class Parity : public testing::TestWithParam<const char*> {
 protected:
  const fs::path golden = test::source_folder() / "tests/fixtures/golden" / GetParam();
  const std::string expect = (golden / "expect.safetensors").string();
};

TEST_P(Parity, WithTransformersIsWithinTheTolerance) {
  const std::string shown = output_of({"parity", golden.string(), expect, "--tolerance", "2e-4"});
  for (const char* quantity : {"resid.0", "attn_out.0", "mlp_out.0", "final_norm.0", "logits.0", "resid.1",
                               "patched.last", "patched.span", "patched.attn_out", "patched.mlp_out"})
    EXPECT_THAT(shown, HasSubstr(quantity));
}

TEST(ParityOfEffects, IsOfEveryOperation) {
  const fs::path golden = test::source_folder() / "tests/fixtures/golden/gpt_neox";
  const std::string shown = output_of({"parity", golden.string(), (golden / "effects.safetensors").string()});
  for (const char* quantity : {"ablated.block", "ablated.attn_out", "ablated.mlp_out", "ablated.z ", "ablated.z_mean",
                               "added.resid_post", "renormed.resid_post", "projected.resid_post", "mapped.resid_post"})
    EXPECT_THAT(shown, HasSubstr(quantity));
  EXPECT_THAT(shown, HasSubstr("within"));
}

TEST_P(Parity, IsReadByProgramsAsJson) {
  const nlohmann::json shown = nlohmann::json::parse(output_of({"parity", golden.string(), expect, "--json"}));
  EXPECT_TRUE(shown.at("passed").get<bool>());
  EXPECT_LE(shown.at("differences").at("patched.span").get<double>(), shown.at("worst").get<double>());
}

TEST_P(Parity, HoldsForTheConfigAsOlderTransformersSpellIt) {
  const test::TempFolder older;
  fs::copy(golden / "model.safetensors", older.path());
  fs::copy(golden / "config.v4.json", older.path() / "config.json");
  EXPECT_THAT(output_of({"parity", older.path().string(), expect, "--tolerance", "2e-4"}), HasSubstr("within"));
}

TEST_P(Parity, FailsAboveTheTolerance) {
  const Finished finished = run_program({"parity", golden.string(), expect, "--tolerance", "1e-12"});
  EXPECT_EQ(finished.status, 1);
  EXPECT_THAT(finished.out, HasSubstr("above the tolerance 1e-12"));
  EXPECT_EQ(finished.err, "");
}

INSTANTIATE_TEST_SUITE_P(Families, Parity, testing::Values("llama", "llama3", "gemma3"));

TEST(ParityOfAll, IsATableOfEveryModelInAFolder) {
  const fs::path all = test::source_folder() / "tests/fixtures/golden";
  const auto models =
      std::count_if(fs::directory_iterator(all), {}, [](const auto& one) { return one.is_directory(); });
  const std::vector<std::string> lines = lines_of(output_of({"parity", "--all", all.string()}));
  ASSERT_GE(lines.size(), static_cast<std::size_t>(models) + 2);  // heading, models, sum; what is not compared
  EXPECT_THAT(lines[1], StartsWith("apertus "));
  EXPECT_THAT(lines[models + 1], HasSubstr(fmt::format("{0} of {0}", models)));
}

TEST(ParityOfAll, GoesOnBehindAModelThatFailsAndThenFails) {
  const test::TempFolder folder;
  const fs::path golden = test::source_folder() / "tests/fixtures/golden";
  fs::copy(golden / "llama", folder.path() / "z_llama");
  fs::copy(golden / "llama", folder.path() / "a_broken");
  fs::remove(folder.path() / "a_broken/config.json");
  const Finished finished = run_program({"parity", "--all", folder.path().string()});
  EXPECT_EQ(finished.status, 1);
  EXPECT_THAT(finished.out, AllOf(HasSubstr("a_broken"), HasSubstr("config.json"), HasSubstr("1 of 2")));
}

// ---- generate

class Generate : public test::FolderTest {
 protected:
  /// Each word is followed by the next one: the head is the embedding of the word before.
  void SetUp() override {
    TinyModel tiny{.blocks = 1, .width = 8, .heads = 1, .kv_heads = 1, .head_dim = 8, .words = {"a", "b", "c"}};
    const int words = tiny.vocabulary();
    std::vector<float> embedding(words * tiny.width), head(words * tiny.width);
    for (int w = 0; w < words; ++w) {
      embedding[w * tiny.width + w] = 1;
      head[(w + 1) % words * tiny.width + w] = 1;
    }
    tiny.weights = {{"model.embed_tokens.weight", embedding},
                    {"lm_head.weight", head},
                    {"model.layers.0.self_attn.o_proj.weight", {0}},
                    {"model.layers.0.mlp.down_proj.weight", {0}}};
    write_tiny_model(folder, tiny);
  }
};

TEST_F(Generate, ContinuesByTheLikeliestToken) {
  const nlohmann::json shown =
      nlohmann::json::parse(output_of({"generate", folder.string(), "a", "-n", "2", "--json"}));
  EXPECT_EQ(shown.at("prompt_ids"), nlohmann::json({0, 2}));
  EXPECT_EQ(shown.at("ids"), nlohmann::json({3, 4}));
}

TEST_F(Generate, RefusesWhatExceedsTheContext) {
  const Finished finished = run_program({"generate", folder.string(), "a", "-n", "500"});
  EXPECT_EQ(finished.status, 1);
  EXPECT_THAT(finished.err, HasSubstr("context of 128"));
}

TEST_F(Generate, NamesAModelWithoutChatTemplate) {
  const Finished finished = run_program({"generate", folder.string(), "a", "--chat"});
  EXPECT_EQ(finished.status, 1);
  EXPECT_THAT(finished.err, HasSubstr("template"));
}

class ParityOfAnotherModel : public test::FolderTest {};

TEST_F(ParityOfAnotherModel, NamesFileAndTensorThatDoNotFit) {
  write_tiny_model(folder, {.words = {"a"}});
  const fs::path expect = test::source_folder() / "tests/fixtures/golden/llama/expect.safetensors";
  const Finished finished = run_program({"parity", folder.string(), expect.string()});
  EXPECT_EQ(finished.status, 1);
  EXPECT_THAT(finished.err, StartsWith("Error: " + expect.string() + ": tensor \"ids.0\""));
}

}  // namespace
}  // namespace tertium
