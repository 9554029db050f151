// What a user does wrong ends the program with one line that names the culprit and says what to do, and costs no
// results.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "tertium/base/hash.h"
#include "tertium/base/text.h"
#include "tertium/model/checkpoint.h"
#include "tertium/store/store.h"
#include "tests/support/gguf_builder.h"
#include "tests/support/small_experiment.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using test::Finished;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr int kFailed = 1;
constexpr int kUsage = 2;

/// The one line on standard error.
std::string error_line(const Finished& finished, int status) {
  EXPECT_EQ(finished.status, status) << finished.err;
  EXPECT_EQ(finished.out, "") << "what looks like a result must not come with an error";
  const std::vector<std::string> lines = test::lines_of(finished.err);
  EXPECT_EQ(lines.size(), 1u) << finished.err;
  const std::string line = lines.empty() ? "" : lines.front();
  EXPECT_THAT(line, StartsWith("Error: "));
  EXPECT_THAT(line, testing::Not(HasSubstr("bug"))) << "a user's mistake is no bug of ours";
  return line;
}

std::string read_bytes(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class BadInput : public test::SmallExperiment {
 protected:
  /// The error of a run that may replace earlier results; they must survive it.
  std::string refusal(const std::vector<std::string>& more = {}) const {
    {
      Store earlier = Store::create(results, true);
      earlier.set_info("seed", "of an earlier run");
      earlier.commit();
    }
    const std::string before = sha256_file(results / "results.db");
    std::vector<std::string> arguments = {"--force"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const std::string line = error_line(run(arguments), kFailed);
    EXPECT_EQ(sha256_file(results / "results.db"), before) << "earlier results were touched";
    return line;
  }

  /// The experiment file with one stretch of text replaced.
  void replace_in_experiment(const std::string& from, const std::string& to) const {
    std::string text = read_text_file(experiment);
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    temporary.write("experiment.toml", text.replace(at, from.size(), to));
  }

  void write_model_again() const { write_tiny_model(model, tiny); }
};

// ---- The model

TEST_F(BadInput, ATruncatedSafetensorsIsNamed) {
  const auto file = model / "model.safetensors";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr(file.string()), HasSubstr("tensor \""), HasSubstr("download or write it again")));
}

TEST_F(BadInput, AGgufWithAnAbsurdTensorCountIsNamed) {
  test::GgufBuilder gguf;
  gguf.claimed_tensors = std::numeric_limits<std::uint64_t>::max();
  const auto file = temporary.write("absurd.gguf", gguf.bytes());
  EXPECT_THAT(refusal({"--set", "model=" + file.string()}),
              AllOf(HasSubstr(file.string()), HasSubstr("18446744073709551615 tensors")));
}

TEST_F(BadInput, AnUnknownFamilyListsTheKnownOnes) {
  tiny.config["model_type"] = "mystery";
  write_model_again();
  EXPECT_THAT(refusal(), AllOf(HasSubstr((model / "config.json").string()), HasSubstr("\"mystery\""),
                               HasSubstr("llama"), HasSubstr("gemma3_text")));
}

TEST_F(BadInput, AMissingModelIsNamed) { EXPECT_THAT(refusal({"--set", "model=nowhere"}), HasSubstr("nowhere: ")); }

TEST_F(BadInput, AMissingTokenizerIsNamedWithAWayToMakeIt) {
  std::filesystem::remove(model / "tokenizer.json");
  EXPECT_THAT(refusal(), AllOf(HasSubstr(model.string()), HasSubstr("no tokenizer.json"), HasSubstr("write one with")));
}

TEST_F(BadInput, AWeightThatIsNotANumberIsNamed) {
  tiny.weights["model.layers.1.mlp.up_proj.weight"] = {NAN};
  write_model_again();
  EXPECT_THAT(refusal(), AllOf(HasSubstr(model.string()), HasSubstr("model.layers.1.mlp.up_proj.weight"),
                               HasSubstr("NaN"), HasSubstr("fetch it again")));
}

TEST_F(BadInput, ATensorThatDoesNotFitTheConfigIsNamed) {
  tiny.config["intermediate_size"] = 2 * tiny.mlp;
  write_model_again();
  EXPECT_THAT(refusal(), AllOf(HasSubstr(model.string()), HasSubstr("model.layers.0.mlp.gate_proj.weight"),
                               HasSubstr("[24, 16]"), HasSubstr("[48, 16]")));
}

TEST_F(BadInput, AnIdThatTheModelHasNoEmbeddingForIsNamedWithItsText) {
  const std::string tokenizer = read_bytes(model / "tokenizer.json"), word = tiny.words.back();
  const int id = tiny.id(word);
  tiny.words.clear();
  write_model_again();
  temporary.write("model/tokenizer.json", tokenizer);
  const std::string told = fmt::format("the tokenizer gives the id {}, but the model embeds 2; do tokenizer", id);
  EXPECT_THAT(error_line(test::run_program({"generate", model.string(), word}), kFailed),
              HasSubstr("the prompt: " + told));
  EXPECT_THAT(error_line(test::run_program({"states", model.string(), word, "-o", (folder / "s").string()}), kFailed),
              HasSubstr("the text: " + told));
  EXPECT_THAT(refusal(), AllOf(HasSubstr(", item "), HasSubstr(": the tokenizer gives the id ")));
}

// A run computes for hours on files that are mapped, not read: what happens to them meanwhile must not become a result.
TEST_F(BadInput, AModelFileThatChangesWhileItRunsIsNamed) {
  const std::filesystem::path file = model / "model.safetensors";
  const auto touch = [&] { fs::last_write_time(file, fs::last_write_time(file) + std::chrono::hours(1)); };
  const auto replace = [&] { fs::rename(temporary.write("other", read_bytes(file)), file); };
  const auto cut = [&] { fs::resize_file(file, 100); };
  for (const std::function<void()>& change : {std::function<void()>(touch), {replace}, {cut}}) {
    write_model_again();
    fs::remove_all(results);
    auto finished = std::async(std::launch::async, [&] { return run({"--set", "patch.draws=100"}); });
    // Results are opened when the model is loaded.
    while (!fs::exists(results / "results.db")) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    change();
    const Finished end = finished.get();
    EXPECT_EQ(end.status, kFailed);
    ASSERT_EQ(test::lines_of(end.err).size(), 1u) << end.err;
    EXPECT_THAT(end.err, AllOf(StartsWith("Error: " + file.string() + ": was "), HasSubstr("while tertium was reading it")));
  }
}

TEST_F(BadInput, PipesAndDevicesInPlaceOfFilesAreNamedAndNotWaitedFor) {
  const auto pipe = [](const fs::path& path) {
    fs::remove(path);
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
  };
  const auto device = [](const fs::path& path) {
    fs::remove(path);
    fs::create_symlink("/dev/zero", path);
  };
  for (const std::function<void(const fs::path&)>& put : {std::function<void(const fs::path&)>(pipe), {device}})
    for (const char* name : {"model/config.json", "model/generation_config.json", "model/model.safetensors",
                             "model/tokenizer.json", "data/de.jsonl", "experiment.toml"}) {
      const fs::path path = folder / name;
      const bool was_there = fs::exists(path);
      const std::string before = was_there ? read_bytes(path) : "";
      put(path);
      EXPECT_THAT(refusal(), AllOf(HasSubstr(path.string()), HasSubstr("not an ordinary file")));
      fs::remove(path);
      if (was_there) temporary.write(name, before);
    }
}

TEST_F(BadInput, DamagedFilesOfAModelAreNamed) {
  struct Damage {
    const char* file;
    std::string bytes;
    const char* said;
  };
  const std::string long_header = test::encoded<std::uint64_t>(1 << 20) + "{}";
  for (const Damage& damage : {Damage{"config.json", "", "not valid JSON"},
                               Damage{"config.json", "\xff\xfe", "not UTF-8"},
                               Damage{"config.json", "[]", "must hold a JSON object"},
                               Damage{"config.json", std::string(200'000, '['), "nests more than"},
                               Damage{"generation_config.json", "{\"eos_token_id\": " + std::string(200'000, '['), "nests"},
                               Damage{"model.safetensors", "", "is empty"},
                               Damage{"model.safetensors", "1234", "too short"},
                               Damage{"model.safetensors", long_header, "cut short"}}) {
    write_model_again();
    temporary.write(fs::path("model") / damage.file, damage.bytes);
    EXPECT_THAT(refusal(), AllOf(HasSubstr((model / damage.file).string()), HasSubstr(damage.said)));
    fs::remove(model / "generation_config.json");
  }
}

TEST_F(BadInput, AnIndexOfShardsThatIsDamagedIsNamed) {
  fs::rename(model / "model.safetensors", model / "a.safetensors");
  const fs::path index = model / "model.safetensors.index.json";
  const auto refused = [&](const std::string& text) {
    temporary.write("model/model.safetensors.index.json", text);
    const std::string line = refusal();
    EXPECT_THAT(line, HasSubstr(model.string())) << text;
    return line;
  };
  EXPECT_THAT(refused("{}"), HasSubstr("weight_map"));
  EXPECT_THAT(refused(R"({"weight_map": {}})"), HasSubstr("weight_map"));
  EXPECT_THAT(refused(R"({"weight_map": {"x": "../a.safetensors"}})"), HasSubstr("no file name"));
  EXPECT_THAT(refused(R"({"weight_map": {"x": ".."}})"), HasSubstr("no file name"));
  EXPECT_THAT(refused(R"({"weight_map": {"x": ""}})"), HasSubstr("no file name"));
  EXPECT_THAT(refused(R"({"weight_map": {"x": "b.safetensors"}})"), HasSubstr("b.safetensors: "));
}

TEST_F(BadInput, APathThatIsNotUtf8IsNamed) {
  const fs::path odd = folder / "mod\xe9l";
  fs::rename(model, odd);
  const std::string line = error_line(test::run_program({"inspect", odd.string()}), kFailed);
  EXPECT_THAT(line, AllOf(HasSubstr("mod\\xe9l"), HasSubstr("not UTF-8")));
  const fs::path odd_folder = folder / "dossi\xe9r";
  fs::create_directory(odd_folder);
  fs::current_path(odd_folder);
  fs::copy_file(experiment, odd_folder / "x.toml");
  EXPECT_THAT(error_line(test::run_program({"run", "x.toml", "--out", results.string()}), kFailed),
              AllOf(HasSubstr("dossi\\xe9r"), HasSubstr("not UTF-8")));
  fs::current_path(test::source_folder());
  EXPECT_THAT(test::error_of([&] { const Checkpoint checkpoint(odd); }), AllOf(HasSubstr("mod\\xe9l"), HasSubstr("not UTF-8")))
      << "as found through an environment variable";
}

// ---- The data

TEST_F(BadInput, AMissingDataFolderIsNamed) {
  EXPECT_THAT(refusal({"--set", "task.data=nowhere"}),
              AllOf(HasSubstr("nowhere: no such folder"), HasSubstr("task.data must name")));
}

TEST_F(BadInput, ALineWithoutAFieldIsNamedByFileAndLine) {
  replace_item("de", 3, R"({"id": "sun-wet", "options": [" nass", " trocken"], "gold": 1})");
  EXPECT_THAT(refusal(), HasSubstr((data / "de.jsonl").string() + ":3: no field \"context\""));
}

TEST_F(BadInput, AGoldOutOfRangeIsNamedByFileAndLine) {
  replace_item("en", 5, R"({"id": "snow-wet", "context": "the snow is", "options": [" wet", " dry"], "gold": 2})");
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr((data / "en.jsonl").string() + ":5: "), HasSubstr("\"gold\""), HasSubstr("2")));
}

TEST_F(BadInput, ItemsThatAreNotParallelAreNamed) {
  replace_item("de", 1,
               R"({"id": "hail-wet", "context": "die Luft ist", "options": [" nass", " trocken"], "gold": 0})");
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr("item \"rain-wet\" is in en but not in de"), HasSubstr("add it there or drop it here")));
}

TEST_F(BadInput, APromptLongerThanTheContextNamesTheItem) {
  std::string context;
  for (int word = 0; word < tiny.context; ++word) context += "die ";
  replace_item("de", 1,
               R"({"id": "rain-wet", "context": ")" + context + R"(", "options": [" nass", " trocken"], "gold": 0})");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("items de, item rain-wet"), HasSubstr(std::to_string(tiny.context)),
                               HasSubstr("shorten")));
}

// ---- The experiment

TEST_F(BadInput, AMissingExperimentIsNamed) {
  std::filesystem::remove(experiment);
  EXPECT_THAT(refusal(), HasSubstr(experiment.string()));
}

TEST_F(BadInput, AnExperimentThatIsNoTomlIsNamedByFileAndLine) {
  replace_in_experiment("[align]", "[align");
  EXPECT_THAT(refusal(), HasSubstr(experiment.string() + ":15: "));
}

TEST_F(BadInput, AnUnknownKeyIsNamedByFileAndLineWithTheNearest) {
  replace_in_experiment("draws = 2", "drows = 2");
  EXPECT_THAT(refusal(),
              HasSubstr(experiment.string() + ":19: unknown key \"drows\" in [patch]; did you mean \"draws\"?"));
}

TEST_F(BadInput, AnUnknownKeyInASettingIsNamedWithTheNearest) {
  EXPECT_THAT(refusal({"--set", "patch.drows=2"}),
              HasSubstr("--set: unknown key \"drows\" in [patch]; did you mean \"draws\"?"));
  EXPECT_THAT(refusal({"--set", "tsak.limit=2"}), HasSubstr("--set: unknown key \"tsak\"; did you mean \"task\"?"));
}

TEST_F(BadInput, ASettingOfAnotherTypeIsNamedWithTheRightOne) {
  EXPECT_THAT(refusal({"--set", "patch.draws=many"}), HasSubstr("--set: \"draws\": must be an integer from 1 to 1000"));
  EXPECT_THAT(refusal({"--set", "pivot=3"}), HasSubstr("--set: \"pivot\": must be a string"));
}

TEST_F(BadInput, ASettingWithoutAValueIsNamedWithAnExample) {
  EXPECT_THAT(refusal({"--set", "patch.draws"}), HasSubstr("--set patch.draws: write key=value, for example"));
}

TEST_F(BadInput, AnUnknownNameListsTheKnownOnes) {
  EXPECT_THAT(refusal({"--set", "patch.controls=[\"shuffled\"]"}),
              AllOf(HasSubstr("\"shuffled\""), HasSubstr("same_gold")));
  EXPECT_THAT(refusal({"--set", "align.metrics=[\"dolly\"]"}), AllOf(HasSubstr("\"dolly\""), HasSubstr("dali")));
}

// ---- The results folder

TEST_F(BadInput, AFolderThatCannotBeWrittenIsNamed) {
  const std::string out =
      (experiment / "below").string();  // the experiment is a file; not even root can write below it
  const std::string line = error_line(test::run_program({"run", experiment.string(), "--out", out}), kFailed);
  EXPECT_THAT(line, AllOf(HasSubstr(out), HasSubstr("give another --out")));
}

TEST_F(BadInput, EarlierResultsOfSomethingElseAreKeptUnlessForced) {
  const auto out = results_of("results", {"--set", "task.limit=4"});
  const std::string before = sha256_file(out / "results.db");
  EXPECT_THAT(error_line(run({"--set", "task.limit=2"}), kFailed), AllOf(HasSubstr(out.string()), HasSubstr("--force")));
  EXPECT_EQ(sha256_file(out / "results.db"), before);
  results_of("results", {"--set", "task.limit=3", "--force"});
  EXPECT_EQ(Store::open(out).scores().size(), 2u * 2 * 3 * kOptions);  // languages, protocols, items
}

TEST_F(BadInput, ARefusedRunLeavesNothingInTheWayOfTheNext) {
  error_line(run({"--set", "task.data=nowhere"}), kFailed);
  EXPECT_EQ(run({"--set", "task.limit=2"}).status, 0);
}

TEST_F(BadInput, ExportingAFolderWithoutResultsNamesIt) {
  const Finished finished = test::run_program({"export", data.string(), "--table", "scores"});
  EXPECT_THAT(error_line(finished, kFailed), AllOf(HasSubstr(data.string()), HasSubstr("--out")));
}

// ---- The command line

std::string usage_error(const std::vector<std::string>& arguments) {
  return error_line(test::run_program(arguments), kUsage);
}

TEST(Usage, AMisspeltCommandGivesTheNearest) {
  EXPECT_THAT(usage_error({"exprot"}), HasSubstr("\"exprot\" is no command; did you mean \"export\"?"));
}

TEST(Usage, NoCommandListsThem) { EXPECT_THAT(usage_error({}), AllOf(HasSubstr("run"), HasSubstr("tokenize"))); }

TEST(Usage, AMissingArgumentIsNamed) {
  EXPECT_THAT(usage_error({"run"}), AllOf(HasSubstr("experiment"), HasSubstr("tertium run --help")));
  EXPECT_THAT(usage_error({"run", "experiment.toml"}), AllOf(HasSubstr("--out"), HasSubstr("tertium run --help")));
}

TEST(Usage, AnUnknownOptionIsNamed) {
  EXPECT_THAT(usage_error({"inspect", "model", "--colour"}), HasSubstr("--colour"));
}

TEST(Usage, AValueOutOfRangeIsNamed) {
  EXPECT_THAT(usage_error({"run", "experiment.toml", "--out", "results", "--threads", "-1"}),
              HasSubstr("--threads: Value -1 not in range 0 to 1024"));
  EXPECT_THAT(usage_error({"export", "results", "--table", "score"}), AllOf(HasSubstr("--table"), HasSubstr("scores")));
}

}  // namespace
}  // namespace tertium
