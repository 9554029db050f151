#include "tertium/experiment/experiment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tertium/base/names.h"
#include "tertium/base/text.h"
#include "tertium/metrics/metric.h"
#include "tertium/patching/control.h"
#include "tertium/patching/direction.h"
#include "tertium/tasks/task.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

namespace fs = std::filesystem;

constexpr std::string_view kLeast = R"(model = "m.gguf"
[[task]]
name = "xcopa"
data = "xcopa"
)";

constexpr std::string_view kTwoTasks = R"(model = "m.gguf"
[[task]]
name = "xcopa"
data = "xcopa"
[[task]]
name = "belebele"
data = "belebele"
)";

class ExperimentFile : public test::FolderTest {
 protected:
  Experiment read(std::string_view toml, const std::vector<std::string>& settings = {}) const {
    return read_experiment(temporary.write("e.toml", toml), settings);
  }
  /// The error, with the file's name for its path.
  std::string error(std::string_view toml, const std::vector<std::string>& settings = {}) const {
    const std::string message = error_of([&] { read(toml, settings); }), path = (folder / "e.toml").string();
    return message.starts_with(path) ? "e.toml" + message.substr(path.size()) : message;
  }
  /// The least experiment with one line more, the fifth.
  std::string error_with(const std::string& line) const { return error(std::string(kLeast) + line); }
};

TEST_F(ExperimentFile, MayHoldEveryKey) {
  const Experiment e = read(R"(
model = "models/m.gguf"
dtype = "bf16"
pivot = "eng_Latn"
[[task]]
name = "belebele"
data = "data"
split = "validation"
languages = ["deu_Latn", "eng_Latn", "ita_Latn"]
protocol = "letters"
prompt = "prompts.toml"
limit = 20
chat = true
[align]
metrics = ["mexat", "dali"]
[patch]
items = "all"
max_items = 7
directions = ["fix"]
sites = ["resid_post"]
positions = ["last"]
controls = ["same_gold", "main"]
draws = 3
seed = 9
)");
  EXPECT_EQ(e.model, folder / "models/m.gguf");
  EXPECT_EQ(e.dtype, "bf16");
  EXPECT_EQ(e.pivot, "eng_Latn");
  ASSERT_EQ(e.tasks.size(), 1u);
  const TaskSpec& task = e.tasks[0];
  EXPECT_EQ(task.name, "belebele");
  EXPECT_EQ(task.data, folder / "data");
  EXPECT_TRUE(task.chat);
  EXPECT_EQ(task.split, "validation");
  EXPECT_THAT(task.languages, ElementsAre("deu_Latn", "ita_Latn")) << "the pivot is not compared with itself";
  EXPECT_EQ(task.protocol, Protocol::letters);
  EXPECT_EQ(task.prompt, folder / "prompts.toml");
  EXPECT_EQ(task.choice.limit, 20u);
  EXPECT_THAT(e.metrics, ElementsAre("mexat", "dali"));
  ASSERT_TRUE(e.patch);
  EXPECT_TRUE(e.patch->all_items);
  EXPECT_EQ(e.patch->max_items, 7);
  EXPECT_THAT(e.patch->controls, ElementsAre("same_gold")) << "main runs anyway";
  EXPECT_EQ(e.patch->draws, 3);
  EXPECT_EQ(e.patch->seed, 9u);
}

constexpr std::string_view kParallel = R"(model = "m.gguf"
pivot = "en"
[[task]]
name = "parallel"
data = "flores200"
languages = ["de", "en"]
)";

TEST_F(ExperimentFile, MayNameAParallelCorpus) {
  const Experiment least = read(kParallel);
  EXPECT_THAT(least.tasks, IsEmpty());
  ASSERT_EQ(least.corpora.size(), 1u);
  EXPECT_EQ(least.corpora[0].data, folder / "flores200");
  EXPECT_EQ(least.corpora[0].corpus(), "flores200");
  EXPECT_THAT(least.corpora[0].languages, ElementsAre("de"));
  EXPECT_EQ(least.corpora[0].limit, 100u);
  EXPECT_THAT(least.corpora[0].poolings, ElementsAre(Pooling::weighted, Pooling::last, Pooling::mean));
  const Experiment all =
      read(std::string(kParallel) +
           "limit = \"all\"\noffset = 7\nsplit = \"dev\"\npooling = [\"mean\"]\nfiles = { de = \"deu\" }\n");
  EXPECT_FALSE(all.corpora[0].limit);
  EXPECT_EQ(all.corpora[0].offset, 7u);
  EXPECT_EQ(all.corpora[0].corpus(), "flores200.dev");
  EXPECT_THAT(all.corpora[0].poolings, ElementsAre(Pooling::mean));
  EXPECT_THAT(all.corpora[0].files, ElementsAre(testing::Pair("de", "deu")));
}

TEST_F(ExperimentFile, OfAParallelCorpusIsChecked) {
  const auto error_with = [&](const std::string& line) { return error(std::string(kParallel) + line); };
  EXPECT_THAT(error_with("limit = 1"), HasSubstr("a number of sentences from 2 on, or \"all\""));
  EXPECT_THAT(error_with("pooling = [\"max\"]"), HasSubstr("pooling"));
  EXPECT_THAT(error_with("pooling = []"), HasSubstr("names nothing"));
  EXPECT_THAT(error_with("files = { fr = \"fra\" }"), HasSubstr("fr is not among pivot and languages"));
  EXPECT_THAT(error_with("files = { de = 3 }"), HasSubstr("must give each language a name"));
  EXPECT_THAT(error_with("protocol = \"loglik\""), HasSubstr("protocol"));
  EXPECT_THAT(error_with("[[task]]\nname = \"parallel\"\ndata = \"other/flores200\""), HasSubstr("two parallel tasks"));
}

TEST_F(ExperimentFile, HasDefaultsForAllButModelAndTask) {
  const Experiment e = read(kLeast);
  EXPECT_EQ(e.dtype, "auto");
  EXPECT_EQ(e.pivot, "en");
  const TaskSpec& task = e.tasks.at(0);
  EXPECT_EQ(task.split, "");
  EXPECT_THAT(task.languages, IsEmpty());
  EXPECT_EQ(task.protocol, Protocol::loglik);
  EXPECT_EQ(task.prompt, "");
  EXPECT_FALSE(task.choice.limit);
  EXPECT_THAT(e.metrics, IsEmpty());
  EXPECT_FALSE(e.patch);
}

TEST_F(ExperimentFile, EmptyTablesMeanTheirDefaults) {
  const Experiment e = read(std::string(kLeast) + "[align]\n[patch]\n");
  EXPECT_EQ(e.metrics, names_of(metrics()));
  ASSERT_TRUE(e.patch);
  EXPECT_FALSE(e.patch->all_items);
  EXPECT_FALSE(e.patch->max_items);
  EXPECT_THAT(e.patch->directions, ElementsAre("fix"));
  EXPECT_THAT(e.patch->sites, ElementsAre(SiteName{SiteKind::resid_post, {}}));
  EXPECT_THAT(e.patch->positions, ElementsAre("last"));
  EXPECT_THAT(e.patch->controls, ElementsAre("self", "same_gold", "mean_shift", "norm_noise"));
  EXPECT_EQ(e.patch->draws, 1);
  EXPECT_EQ(e.patch->seed, 42u);
}

TEST_F(ExperimentFile, PathsCountFromItsFolder) {
  const Experiment e = read("model = \"../m.gguf\"\n[[task]]\nname = \"xcopa\"\ndata = \"/data/xcopa\"\n");
  EXPECT_EQ(e.model, folder.parent_path() / "m.gguf");
  EXPECT_EQ(e.tasks[0].data, "/data/xcopa") << "an absolute path stays";
}

TEST_F(ExperimentFile, IsKeptAsTextThatReadsBackTheSame) {
  const Experiment e = read(kTwoTasks, {"patch.draws=3", "task.1.limit=20", "model=other.gguf"});
  const test::TempFolder elsewhere;
  const Experiment again = read_experiment(elsewhere.write("again.toml", e.text), {});
  EXPECT_EQ(again.text, e.text);
  EXPECT_EQ(again.model, fs::current_path() / "other.gguf");
  EXPECT_EQ(again.tasks.at(0).data, folder / "xcopa");
  EXPECT_EQ(again.tasks.at(1).choice.limit, 20u);
  EXPECT_EQ(again.patch->draws, 3);
}

class Settings : public ExperimentFile {};

TEST_F(Settings, ReplaceAndAddKeys) {
  const Experiment e = read(kLeast, {"dtype=f32", "patch.draws=3", "patch.controls=[\"self\"]", "patch.draws=5"});
  EXPECT_EQ(e.dtype, "f32");
  ASSERT_TRUE(e.patch) << "a missing table is made";
  EXPECT_EQ(e.patch->draws, 5) << "the last one counts";
  EXPECT_THAT(e.patch->controls, ElementsAre("self"));
}

TEST_F(Settings, OfTaskReachEveryTask) {
  const Experiment e = read(kTwoTasks, {"task.limit=20"});
  EXPECT_EQ(e.tasks.at(0).choice.limit, 20u);
  EXPECT_EQ(e.tasks.at(1).choice.limit, 20u);
}

TEST_F(Settings, WithANumberReachThatTaskFromZero) {
  const Experiment e = read(kTwoTasks, {"task.1.limit=20"});
  EXPECT_FALSE(e.tasks.at(0).choice.limit);
  EXPECT_EQ(e.tasks.at(1).choice.limit, 20u);
}

TEST_F(Settings, TakeBareWordsAndQuotedOnesAsText) {
  EXPECT_EQ(read(kLeast, {"pivot=it"}).pivot, "it");
  EXPECT_EQ(read(kLeast, {"pivot=\"it\""}).pivot, "it");
  EXPECT_EQ(read(kLeast, {"pivot=zh-Hans é"}).pivot, "zh-Hans é");
  EXPECT_EQ(read(kLeast, {"model=/m/a=b.gguf"}).model, "/m/a=b.gguf") << "only the first equals sign parts";
}

TEST_F(Settings, GivePathsFromTheCurrentFolder) {
  const Experiment e = read(kTwoTasks, {"model=m.gguf", "task.1.data=\"sub/../data\""});
  EXPECT_EQ(e.model, fs::current_path() / "m.gguf");
  EXPECT_EQ(e.tasks.at(0).data, folder / "xcopa");
  EXPECT_EQ(e.tasks.at(1).data, fs::current_path() / "data");
}

TEST_F(Settings, ThatSayNothingAreRefused) {
  EXPECT_EQ(error(kLeast, {"patch.draws"}), "--set patch.draws: write key=value, for example --set patch.draws=3");
  EXPECT_THAT(error(kLeast, {"=3"}), StartsWith("--set =3: write key=value"));
  EXPECT_EQ(error(kLeast, {"align.metrics=[\"dali\""}), "--set align.metrics=[\"dali\": the value is no TOML");
}

TEST_F(Settings, OfNoSuchPlaceAreRefused) {
  EXPECT_EQ(error(kTwoTasks, {"task.2.limit=3"}), "--set task.2.limit=3: \"task\" has no such element");
  EXPECT_THAT(error(kTwoTasks, {"task.99999999999999999999.limit=3"}), EndsWith("has no such element"));
  EXPECT_THAT(error(kTwoTasks, {"task.1=3"}), EndsWith("has no such element"));
  EXPECT_EQ(error(kLeast, {"model.x=3"}), "--set model.x=3: \"model\" is no table");
}

TEST_F(Settings, AreNamedAsTheCulprit) {
  EXPECT_EQ(error(kLeast, {"patch.draw=3"}), "--set: unknown key \"draw\" in [patch]; did you mean \"draws\"?");
  EXPECT_EQ(error(kLeast, {"patch.draws=many"}), "--set: \"draws\": must be an integer from 1 to 1000");
  EXPECT_THAT(error(kLeast, {"dtype=f64"}), StartsWith("--set: \"dtype\": "));
}

TEST_F(ExperimentFile, UnknownKeyIsToldWithItsLineAndTheNearest) {
  EXPECT_EQ(error_with("limti = 3"), "e.toml:5: unknown key \"limti\" in [task]; did you mean \"limit\"?");
  EXPECT_EQ(error("modle = \"m\"\n" + std::string(kLeast)), "e.toml:1: unknown key \"modle\"; did you mean \"model\"?");
  EXPECT_THAT(error_with("[patch]\nxyz = 3"), StartsWith("e.toml:6: unknown key \"xyz\" in [patch]; known: items, "));
  EXPECT_EQ(error_with("[algin]"), "e.toml:5: unknown key \"algin\"; did you mean \"align\"?");
}

TEST_F(ExperimentFile, ItemsAreChosenByNumberShareOffsetOrId) {
  EXPECT_EQ(read(std::string(kLeast) + "limit = 0.25\noffset = 3\n").tasks[0].choice,
            (ItemChoice{.offset = 3, .share = 0.25}));
  EXPECT_EQ(read(kLeast, {"task.ids=[\"12\", \"40\"]"}).tasks[0].choice, (ItemChoice{.ids = {"12", "40"}}));
  EXPECT_EQ(error_with("ids = []"), "e.toml:5: \"ids\": names no item; leave the key out for all of them");
  EXPECT_EQ(error_with("ids = [\"1\"]\nlimit = 2"),
            "e.toml:5: \"ids\": names the items already; leave limit and offset out");
  EXPECT_EQ(error_with("ids = [\"1\", \"1\"]"), "e.toml:5: \"ids\": names \"1\" twice");
}

TEST_F(ExperimentFile, WhatIsTooLongIsRefusedCutOrLeftOut) {
  EXPECT_EQ(read(kLeast).tasks[0].too_long, TooLong::error);
  EXPECT_EQ(read(kLeast, {"task.too_long=cut"}).tasks[0].too_long, TooLong::cut);
  EXPECT_EQ(read(kLeast, {"task.too_long=leave_out"}).tasks[0].too_long, TooLong::leave_out);
  EXPECT_EQ(error_with("truncate_left = true"), "e.toml:5: \"truncate_left\": is now too_long = \"cut\"");
}

TEST_F(ExperimentFile, MissingKeyIsNamed) {
  EXPECT_EQ(error("[[task]]\nname = \"xcopa\"\ndata = \"d\"\n"), "e.toml: no key \"model\"");
  EXPECT_EQ(error("model = \"m\"\n"), "e.toml: no [[task]] table");
  EXPECT_EQ(error("model = \"m\"\n[[task]]\nname = \"xcopa\"\n"), "e.toml: no key in [task] \"data\"");
  EXPECT_EQ(error("model = \"m\"\n[[task]]\ndata = \"d\"\n"), "e.toml: no key in [task] \"name\"");
}

TEST_F(ExperimentFile, WrongTypeIsToldWithItsLine) {
  for (const char* limit : {"\"3\"", "3.0", "0", "-0.5", "1.0", "nan", "0.0"})
    EXPECT_EQ(error_with(std::string("limit = ") + limit),
              "e.toml:5: \"limit\": must be a number of items from 1 on, or a share of them between 0 and 1");
  EXPECT_THAT(error_with("offset = -1"), StartsWith("e.toml:5: \"offset\": must be an integer from 0"));
  EXPECT_EQ(error_with("split = 3"), "e.toml:5: \"split\": must be a string");
  for (const char* languages : {"\"it\"", "[\"it\", 3]"})
    EXPECT_EQ(error_with(std::string("languages = ") + languages),
              "e.toml:5: \"languages\": must be a list of strings, such as languages = [\"it\"]");
  EXPECT_EQ(error("patch = 3\n" + std::string(kLeast)), "e.toml:1: \"patch\": must be a table: [patch]");
  EXPECT_EQ(error("model = \"m\"\ntask = []\n"), "e.toml:2: \"task\": must be a list of tables: [[task]]");
  EXPECT_EQ(error("model = \"\"\n"), "e.toml:1: \"model\": must be a string");
}

TEST_F(ExperimentFile, UnknownValueIsToldWithTheKnownOnes) {
  EXPECT_EQ(error("dtype = \"f64\"\n" + std::string(kLeast)),
            "e.toml:1: \"dtype\": \"f64\": tertium knows f32, bf16, f16, auto");
  EXPECT_EQ(error("model = \"m\"\n[[task]]\nname = \"copa\"\n"),
            "e.toml:3: \"name\": \"copa\": tertium knows " + join(task_names()) + ", parallel, translate, generate");
  EXPECT_EQ(error_with("protocol = \"letter\""),
            "e.toml:5: \"protocol\": \"letter\": tertium knows loglik, loglik:norm, loglik:bytes, letters");
  EXPECT_EQ(error_with("[align]\nmetrics = [\"dali\", \"mexa\"]"),
            "e.toml:6: \"metrics\": \"mexa\": tertium knows " + join(names_of(metrics())));
  EXPECT_EQ(error_with("[patch]\ncontrols = [\"other\"]"),
            "e.toml:6: \"controls\": \"other\": tertium knows " + join(names_of(controls())) + ", other_target");
  EXPECT_EQ(error_with("[patch]\nitems = \"ts\""), "e.toml:6: \"items\": \"ts\": tertium knows pool, all");
  EXPECT_EQ(error_with("[patch]\ndirections = [\"heal\"]"),
            "e.toml:6: \"directions\": \"heal\": tertium knows " + join(names_of(directions())));
  EXPECT_EQ(error_with("[patch]\nsites = [\"hook_resid_pots\"]"),
            "e.toml:6: \"sites\": site \"hook_resid_pots\": did you mean \"resid_post\"?");
}

TEST_F(ExperimentFile, ListNamesNothingTwice) {
  EXPECT_EQ(error_with("languages = [\"it\", \"it\"]"), "e.toml:5: \"languages\": names \"it\" twice");
}

TEST_F(ExperimentFile, SaysWherePatchesGo) {
  const Experiment e = read(std::string(kLeast) + R"([patch]
directions = ["fix", "break"]
sites = ["attn_out", "blocks.7.hook_resid_post", "z@3"]
blocks = "4-6"
heads = [1, 0]
window = 2
doses = [1, 0.5]
missing = "skip"
)");
  EXPECT_THAT(e.patch->directions, ElementsAre("fix", "break"));
  EXPECT_THAT(e.patch->sites, ElementsAre(SiteName{SiteKind::attn_out, {}}, SiteName{SiteKind::resid_post, 7},
                                          SiteName{SiteKind::z, 3}));
  EXPECT_THAT(e.patch->blocks.value(), ElementsAre(4, 5, 6));
  EXPECT_THAT(e.patch->heads.value(), ElementsAre(0, 1));
  EXPECT_EQ(e.patch->window, 2);
  EXPECT_THAT(e.patch->doses, ElementsAre(0.5, 1));
  EXPECT_TRUE(e.patch->skip_missing);
  EXPECT_FALSE(read(std::string(kLeast) + "[patch]\nblocks = \"all\"\n").patch->blocks);
}

TEST_F(ExperimentFile, RefusesPatchesThatGoNowhere) {
  const auto refusal = [&](const std::string& line) { return error_with("[patch]\n" + line); };
  const std::string numbers =
      "must be a list of different whole numbers, such as blocks = [0, 5], a range like \"4-12\", or \"all\"";
  for (const char* blocks : {"[]", "[1, 1]", "[-1]", "\"6-4\"", "\"some\"", "[\"a\"]", "3"})
    EXPECT_EQ(refusal(std::string("blocks = ") + blocks), "e.toml:6: \"blocks\": " + numbers) << blocks;
  for (const char* doses : {"[]", "[0.5, 0.5]", "[1.5]", "0.5", "[\"a\"]"})
    EXPECT_EQ(refusal(std::string("doses = ") + doses),
              "e.toml:6: \"doses\": must be a list of different numbers from 0 to 1, such as doses = [0.25, 0.5]");
  EXPECT_EQ(refusal("sites = []"), "e.toml:6: \"sites\": names nothing; leave the key out for its default");
  EXPECT_EQ(refusal("heads = [1]"), "e.toml:6: \"heads\": only the sites q, k, v and z have heads");
  EXPECT_EQ(refusal("items = \"all\"\ndirections = [\"keep\", \"fix\"]"),
            "e.toml:7: \"directions\": with items = \"all\", fix and keep are the same runs; name one of them");
}

TEST_F(ExperimentFile, ProtocolSaysWhichScoreDecides) {
  const TaskSpec task = read(std::string(kLeast) + "protocol = \"loglik:norm\"\n").tasks.at(0);
  EXPECT_EQ(task.protocol, Protocol::loglik);
  EXPECT_EQ(task.rule, ScoreRule::per_character);
  EXPECT_EQ(task.stored_protocol(), "loglik:norm");
  EXPECT_EQ(read(std::string(kLeast)).tasks.at(0).rule, ScoreRule::sum);
  EXPECT_THAT(error_with("protocol = \"loglik:norms\""), HasSubstr("loglik:norm"));
  const std::string other = "[[task]]\nname = \"xcopa\"\ndata = \"xcopa\"\nprotocol = \"loglik:bytes\"\n";
  EXPECT_EQ(read(std::string(kLeast) + other).tasks.size(), 2u) << "a protocol of its own";
}

TEST_F(ExperimentFile, ShotsOfLmEvalAreChosenAsItsTaskDoes) {
  EXPECT_EQ(read(std::string(kLeast) + "shots_choice = \"lm-eval\"\n").tasks.at(0).shots.lm_eval, LmEvalShots::drawn);
  EXPECT_FALSE(read(std::string(kLeast)).tasks.at(0).shots.lm_eval);
  EXPECT_THAT(error_with("shots_choice = \"lm-eval\"\nshots_seed = 1"), HasSubstr("needs shots_choice = \"seeded\""));
}

TEST_F(ExperimentFile, TextRulesAreThoseThatTheTaskHas) {
  const TaskSpec task = read(std::string(kLeast) + "compat = \"fixed\"\nstatements = \"2504.09378v1\"\n").tasks.at(0);
  EXPECT_TRUE(task.rules.fixed);
  EXPECT_TRUE(task.rules.study_statements);
  const std::string items = "[[task]]\nname = \"items\"\ndata = \"x\"\n";
  EXPECT_THAT(error_with(items + "compat = \"fixed\"\n"), HasSubstr("\"compat\": items has nothing that is fixed"));
  EXPECT_THAT(error_with(items + "statements = \"2504.09378v1\"\n"), HasSubstr("the study has no statements of items"));
}

TEST_F(ExperimentFile, OnlyLettersHaveAPrompt) {
  EXPECT_EQ(error_with("prompt = \"p.toml\""), "e.toml:5: \"prompt\": only protocol = \"letters\" has that");
}

TEST_F(ExperimentFile, TwoTablesOfOneTaskMustDifferInProtocolAlone) {
  const std::string same = "[[task]]\nname = \"xcopa\"\ndata = \"xcopa\"\n";
  EXPECT_EQ(error_with(same),
            "e.toml: two [[task]] tables of xcopa with the same protocol; merge them, or run two files");
  EXPECT_EQ(read(std::string(kLeast) + same + "protocol = \"letters\"\n").tasks.size(), 2u);
  EXPECT_THAT(
      error_with(same + "protocol = \"letters\"\nlimit = 3\n"),
      HasSubstr("two [[task]] tables of xcopa with different data, split, limit, offset, ids, compat or statements"));
}

TEST_F(ExperimentFile, ParseErrorNamesTheLine) {
  EXPECT_THAT(error("model = \"m\"\ndtype = = \"f32\"\n"), StartsWith("e.toml:2: "));
  EXPECT_THAT(error("model = \"m\"\nmodel = \"n\"\n"), StartsWith("e.toml:2: "));
}

TEST_F(ExperimentFile, ThatIsNotThereIsNamed) {
  EXPECT_THAT(error_of([&] { read_experiment(folder / "absent.toml", {}); }), HasSubstr("absent.toml: cannot be read"));
}

TEST_F(ExperimentFile, ASettingMayBeTooLongForAPathAndMustBeUtf8) {
  const std::string longest(5000, 'a');  // toml_fuzz found that to look for it threw another exception
  EXPECT_TRUE(read(kLeast, {"model=" + longest}).model.string().ends_with(longest));
  EXPECT_EQ(error(kLeast, {"model=a\xff"}), "--set model=a\\xff: is not UTF-8; check the terminal's encoding");
}

// Found by toml_fuzz.
TEST_F(ExperimentFile, ASettingOfSeveralLinesIsRefusedInOne) {
  for (const char* setting : {"a\nb=[", "task.0\n=1", "model\nx.y=\"", "model.x\ny=1", "task.7\nx=1"})
    EXPECT_NE(error_of([&] { read(kTwoTasks, {setting}); }), "") << setting;
}

}  // namespace
}  // namespace tertium
