#include "tests/support/small_experiment.h"

#include <array>
#include <nlohmann/json.hpp>
#include <set>

namespace tertium::test {
namespace {

/// What the items are made of: things, and pairs of what they may be.
struct Language {
  std::string the, is, very;
  std::array<std::string, 10> things;
  std::array<std::array<std::string, 2>, 2> pairs;
};

const Language english{"the",
                       "is",
                       "very",
                       {"rain", "sun", "snow", "wind", "fire", "cat", "dog", "bird", "fish", "horse"},
                       {{{"wet", "dry"}, {"hot", "cold"}}}};
const Language german{"die",
                      "ist",
                      "sehr",
                      {"Nässe", "Sonne", "Kälte", "Luft", "Glut", "Katze", "Hündin", "Amsel", "Forelle", "Stute"},
                      {{{"nass", "trocken"}, {"warm", "kalt"}}}};

const Language& language_named(const std::string& name) { return name == "en" ? english : german; }

/// Two items a thing; options of one token and of two, gold on either side.
std::vector<std::string> item_lines(const std::string& language) {
  const Language& words = language_named(language);
  std::vector<std::string> lines;
  for (std::size_t thing = 0; thing < words.things.size(); ++thing) {
    for (std::size_t pair = 0; pair < words.pairs.size(); ++pair) {
      const auto& [first, second] = words.pairs[pair];
      lines.push_back(nlohmann::json({{"id", english.things[thing] + "-" + english.pairs[pair][0]},
                                      {"context", words.the + " " + words.things[thing] + " " + words.is},
                                      {"options", {" " + first, " " + words.very + " " + second}},
                                      {"gold", (thing + pair) % 2}})
                          .dump());
    }
  }
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::vector<std::string> all_words() {
  std::set<std::string> words = {"A", "B", ":", "Answer", "Text"};
  for (const Language* language : {&english, &german}) {
    words.insert({language->the, language->is, language->very});
    words.insert(language->things.begin(), language->things.end());
    for (const auto& pair : language->pairs) words.insert(pair.begin(), pair.end());
  }
  return {words.begin(), words.end()};
}

constexpr std::string_view kExperiment = R"(model = "model"
dtype = "f32"

[[task]]
name = "items"
data = "data"
languages = ["de"]

[[task]]
name = "items"
data = "data"
languages = ["de"]
protocol = "letters"

[align]

[patch]
items = "all"
draws = 2
controls = ["self", "same_gold"]
)";

}  // namespace

SmallExperiment::SmallExperiment() {
  tiny.words = all_words();
  write_tiny_model(model, tiny);
  for (const char* language : {"en", "de"})
    temporary.write(std::filesystem::path("data") / (std::string(language) + ".jsonl"), joined(item_lines(language)));
  temporary.write("experiment.toml", kExperiment);
}

Finished SmallExperiment::run(const std::vector<std::string>& more, const std::string& name) const {
  std::vector<std::string> arguments = {"run", experiment.string(), "--out", (folder / name).string(), "--quiet"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_program(arguments);
}

std::filesystem::path SmallExperiment::results_of(const std::string& name, const std::vector<std::string>& more) const {
  const Finished finished = run(more, name);
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_EQ(finished.err, "") << "a quiet run that succeeds says nothing on standard error";
  return folder / name;
}

void SmallExperiment::replace_item(const std::string& language, int line, const std::string& with) const {
  std::vector<std::string> lines = item_lines(language);
  lines.at(line - 1) = with;
  temporary.write(std::filesystem::path("data") / (language + ".jsonl"), joined(lines));
}

}  // namespace tertium::test
