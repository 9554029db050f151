#include "tertium/interchange/lm_eval_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tertium/base/hash.h"
#include "tertium/base/text.h"
#include "tertium/experiment/inputs.h"
#include "tertium/interchange/lm_eval.h"
#include "tertium/store/store.h"
#include "tests/support/files.h"
#include "tests/support/program.h"

namespace tertium {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> keys_of(const ordered_json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

/// Results of a run that was never made: files, the experiment on them and scores by hand.
class LmEvalExport : public test::FolderTest {
 protected:
  LmEvalExport() {
    for (const char* language : {"en", "it"}) {
      const std::string file = std::string("x/") + language + "/val." + language + ".jsonl";
      temporary.write(file, line(language, "Lui cadde.", 0) + line(language, "Il bicchiere è caduto.", 1));
    }
  }

  /// Keys in an order that no sorting gives.
  static std::string line(const std::string& language, const std::string& premise, int idx) {
    return R"({"premise": ")" + premise + R"(", "choice1": "È vero.", "choice2": "No )" + language +
           R"(.", "question": "cause", "label": 1, "idx": )" + std::to_string(idx) + ", \"changed\": false}\n";
  }

  /// `keys`: of the [[task]]. `files`: of the items.
  void write_run(const std::string& task, const std::string& keys, std::vector<std::filesystem::path> files,
                 const std::vector<ScoreRow>& scores) {
    Store store = Store::create(folder / "run", true);
    store.set_info("experiment", "model = \"/models/m.gguf\"\n[[task]]\nname = \"" + task + "\"\n" + keys);
    for (const ScoreRow& score : scores) store.add(score);
    PreparedTask prepared;
    prepared.spec.name = task;
    prepared.files = std::move(files);
    store_hashes(store, hashes_of(inputs_of({}, {}, {prepared}, {})));
    store.set_info("started", "2025-01-01T00:00:00Z");
    store.set_info("finished", "2025-01-01T00:00:09Z");
    store.commit();
  }

  /// `more`: further keys of the [[task]], or tables.
  std::filesystem::path results(const std::string& more = "") {
    std::vector<ScoreRow> scores;
    for (const char* language : {"en", "it"})
      for (const int item : {0, 1})
        for (const int option : {0, 1})
          scores.push_back({"xcopa", language, std::to_string(item), "loglik", option,
                            option == item ? -2.0 : -10.444902420043945, 3, option == 1, 7, 8});
    write_run("xcopa", "languages = [\"it\"]\ndata = \"" + (folder / "x").string() + "\"\n" + more,
              {folder / "x/en/val.en.jsonl", folder / "x/it/val.it.jsonl"}, scores);
    return folder / "run";
  }

  std::vector<ordered_json> samples(const std::string& task) {
    std::ifstream file(folder / "out/m.gguf" / ("samples_" + task + "_2025-01-01T00-00-09.jsonl"));
    std::vector<ordered_json> samples;
    for (std::string line; std::getline(file, line);) samples.push_back(ordered_json::parse(line));
    return samples;
  }
  ordered_json summary() {
    return ordered_json::parse(read_text_file(folder / "out/m.gguf/results_2025-01-01T00-00-09.json"));
  }
};

TEST_F(LmEvalExport, WritesSamplesWithTheirTextsScoresAndHashes) {
  const LmEvalFiles files = export_lm_eval(results(), folder / "out");
  EXPECT_THAT(files.tasks, ElementsAre("xcopa_en", "xcopa_it"));
  EXPECT_THAT(files.left_out, ElementsAre());
  const std::vector<ordered_json> it = samples("xcopa_it");
  ASSERT_EQ(it.size(), 2u);
  EXPECT_THAT(keys_of(it[0]),
              ElementsAre("doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics",
                          "doc_hash", "prompt_hash", "target_hash", "acc", "acc_norm", "acc_bytes"));
  EXPECT_THAT(keys_of(it[0]["doc"]),
              ElementsAre("premise", "choice1", "choice2", "question", "label", "idx", "changed"))
      << "as the file orders them";
  EXPECT_EQ(it[0]["target"], "1");
  EXPECT_EQ(it[0]["arguments"], json::parse(R"({"gen_args_0": {"arg_0": "Lui cadde perché", "arg_1": " è vero."},
                                                "gen_args_1": {"arg_0": "Lui cadde perché", "arg_1": " no it."}})"));
  EXPECT_EQ(it[0]["resps"], json::parse(R"([[["-2.0", null]], [["-10.444902420043945", null]]])"));
  EXPECT_EQ(it[0]["filtered_resps"], json::parse(R"([["-2.0", null], ["-10.444902420043945", null]])"));
  EXPECT_EQ(it[0]["acc"], 0.0);
  EXPECT_EQ(it[1]["acc"], 1.0);
  // sha256sum of what json.dumps(doc, indent=2, ensure_ascii=False) gives, of the context and of "1".
  EXPECT_EQ(it[0]["doc_hash"], "0a0a0236112a0334d7c1211aa2022b4a5a51d26fc41125bf909372661fc1e8ea");
  EXPECT_EQ(it[0]["prompt_hash"], sha256_text("Lui cadde perché"));
  EXPECT_EQ(it[0]["target_hash"], "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b");
}

TEST_F(LmEvalExport, SummarizesThem) {
  export_lm_eval(results(), folder / "out");
  const ordered_json all = summary();
  const ordered_json& it = all["results"]["xcopa_it"];
  EXPECT_THAT(keys_of(it), ElementsAre("name", "alias", "sample_len", "acc,none", "acc_stderr,none", "acc_norm,none",
                                       "acc_norm_stderr,none", "acc_bytes,none", "acc_bytes_stderr,none"));
  EXPECT_EQ(it["acc,none"], 0.5);
  EXPECT_EQ(it["acc_stderr,none"], 0.5) << "of 0 and 1: deviation √½, by √2";
  std::string hashes;
  for (const ordered_json& sample : samples("xcopa_it"))
    for (const char* hash : {"doc_hash", "prompt_hash", "target_hash"}) hashes += sample[hash].get<std::string>();
  EXPECT_EQ(all["task_hashes"]["xcopa_it"], sha256_text(hashes));
  EXPECT_EQ(all["n-shot"]["xcopa_it"], 0);
  EXPECT_EQ(all["n-samples"]["xcopa_it"], ordered_json({{"original", 2}, {"effective", 2}}));
  EXPECT_EQ(all["model_name"], "m.gguf") << "not where it lies";
  EXPECT_EQ(all["date"], 1735689600.0);
  EXPECT_TRUE(all["lm_eval_version"].is_null());
}

TEST_F(LmEvalExport, PutsTheExamplesOfFewShotBeforeTheContext) {
  export_lm_eval(results("shots = 1\n"), folder / "out");
  const std::vector<ordered_json> it = samples("xcopa_it");
  EXPECT_EQ(it[0]["arguments"]["gen_args_0"]["arg_0"], "Il bicchiere è caduto perché no it.\n\nLui cadde perché");
  EXPECT_EQ(it[1]["arguments"]["gen_args_0"]["arg_0"], "Lui cadde perché no it.\n\nIl bicchiere è caduto perché");
  EXPECT_EQ(summary()["n-shot"]["xcopa_it"], 1);
}

TEST_F(LmEvalExport, WritesABlanksFillingsIntoContextsThatDiffer) {
  const std::string line =
      R"({"sentence": "It fell as _ was loose.", "option1": "he", "option2": "she", "answer": "2"})";
  const auto file = temporary.write("w/en.jsonl", line + "\n\n" + line + "\n");
  std::vector<ScoreRow> scores;
  for (const char* item : {"0", "1"})
    for (const int option : {0, 1})
      scores.push_back({"xwinograd", "en", item, "loglik", option, -1.5, 3, option == 1, 10, 10});
  write_run("xwinograd", "data = \"" + (folder / "w").string() + "\"\n", {file}, scores);
  export_lm_eval(folder / "run", folder / "out");
  const std::vector<ordered_json> en = samples("xwinograd_en");
  ASSERT_EQ(en.size(), 2u);
  EXPECT_EQ(en[1]["doc_id"], 1) << "the row, which is the item's id";
  EXPECT_EQ(en[1]["arguments"], json::parse(R"({"gen_args_0": {"arg_0": "It fell as he", "arg_1": " was loose."},
                                                "gen_args_1": {"arg_0": "It fell as she", "arg_1": " was loose."}})"));
  EXPECT_EQ(en[1]["target"], "was loose.");
  Store store = Store::create(folder / "back", false);
  import_lm_eval({folder / "out"}, "en", store);
  store.commit();
  ASSERT_EQ(store.scores().size(), 4u);
  EXPECT_EQ(store.scores()[3].item, "1");
  EXPECT_EQ(store.scores()[3].characters, 10);
}

TEST_F(LmEvalExport, ReadBackGivesTheSameScores) {
  const std::vector<ScoreRow> before = Store::open(results()).scores();
  export_lm_eval(folder / "run", folder / "out");
  Store store = Store::create(folder / "back", false);
  import_lm_eval({folder / "out"}, "en", store);
  store.commit();
  const std::vector<ScoreRow> after = store.scores();
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(after[i].language + after[i].item + after[i].protocol,
              before[i].language + before[i].item + before[i].protocol);
    EXPECT_EQ(after[i].score, before[i].score);
    EXPECT_EQ(after[i].is_gold, before[i].is_gold);
  }
}

TEST_F(LmEvalExport, NamesTheFilesThatHaveChanged) {
  results();
  temporary.write("x/it/val.it.jsonl", line("it", "Lui cadeva.", 0) + line("it", "Il bicchiere è caduto.", 1));
  EXPECT_THAT(test::error_of([&] { export_lm_eval(folder / "run", folder / "out"); }),
              HasSubstr("these results were made from other files: xcopa val.it.jsonl (changed)"));
  EXPECT_FALSE(std::filesystem::exists(folder / "out"));
}

TEST_F(LmEvalExport, LeavesOutWhatLmEvaluationHarnessDoesNotHave) {
  const std::string task = "\n[[task]]\nname = \"xcopa\"\nlanguages = [\"it\"]\ndata = \"" + (folder / "x").string();
  results(task + "\"\nprotocol = \"letters\"\n" + task + "\"\nprotocol = \"loglik:norm\"\n");
  EXPECT_THAT(export_lm_eval(folder / "run", folder / "out").left_out,
              ElementsAre("xcopa letters: lm-evaluation-harness has log-likelihoods only",
                          "xcopa loglik:norm: xcopa is written already"));
  results("protocol = \"letters\"\n");
  EXPECT_THAT(test::error_of([&] { export_lm_eval(folder / "run", folder / "out"); }),
              HasSubstr("has no task in protocol loglik"));
}

TEST_F(LmEvalExport, RefusesAnswersOfOtherTools) {
  Store::create(folder / "run", true).commit();
  EXPECT_THAT(test::error_of([&] { export_lm_eval(folder / "run", folder / "out"); }),
              HasSubstr("holds no experiment"));
}

}  // namespace
}  // namespace tertium
