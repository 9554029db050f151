#include "tertium/interchange/paper.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tertium/analysis/pivots.h"
#include "tertium/base/error.h"
#include "tertium/base/json.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr char kPivot[] = "en", kXcopa[] = "xcopa", kMeans[] = "xstorycloze";

/// One digit an item.
std::string digits(const json& value, const std::string& file, const std::string& name, std::size_t items) {
  if (!value.is_string()) fail("{}: {} is no text of digits 0 and 1", file, name);
  std::string text = value.get<std::string>();
  if (text.empty() || text.find_first_not_of("01") != text.npos)
    fail("{}: {} holds something else than the digits 0 and 1", file, name);
  if (items > 0 && text.size() != items)
    fail("{}: {} has {} digits, but correct_en has {}", file, name, text.size(), items);
  return text;
}

const json& field(const json& object, const std::string& file, const char* name) {
  if (!object.contains(name)) fail("{}: no field \"{}\"; is it a file of the study's outputs?", file, name);
  return object.at(name);
}

void add_answers(Store& store, const std::string& language, const std::string& right) {
  for (std::size_t item = 0; item < right.size(); ++item)
    for (const int option : {0, 1})
      store.add(ScoreRow{kXcopa, language, std::to_string(item), kOnlyCorrect, option,
                         (right[item] == '1') == (option == 0) ? 1.0 : 0.0, 0, option == 0});
}

/// The file of one language. English was translated from each language by itself, so each has a pivot of its own.
void add_language(const fs::path& path, Store& store) {
  const std::string file = path.string(), language = path.stem().string();
  const json content = read_json_object(path);
  const std::string english = digits(field(content, file, "correct_en"), file, "correct_en", 0);
  const std::string other = digits(field(content, file, "correct_x"), file, "correct_x", english.size());
  const std::string pivot = fmt::format("{}_{}", kPivot, language);
  store.set_info(pivot_key(kXcopa, language), pivot);
  add_answers(store, pivot, english);
  add_answers(store, language, other);
  for (const auto& [metric, layers] : content.items()) {
    if (!layers.is_array()) continue;
    for (std::size_t layer = 0; layer < layers.size(); ++layer) {
      const std::string aligned =
          digits(layers[layer], file, fmt::format("{}[{}]", printable(metric), layer), english.size());
      for (std::size_t item = 0; item < aligned.size(); ++item)
        store.add(AlignmentRow{kXcopa, language, std::to_string(item), metric, "resid", static_cast<int>(layer),
                               aligned[item] == '1' ? 1.0 : 0.0});
    }
  }
}

double share(const json& value, const std::string& file, const std::string& name) {
  if (!value.is_number() || value.get<double>() < 0 || value.get<double>() > 1)
    fail("{}: {} is no number from 0 to 1", file, name);
  return value.get<double>();
}

void add_means(const fs::path& path, Store& store) {
  const std::string file = path.string();
  const json content = read_json_object(path);
  for (const auto& [language, means] : content.items()) {
    if (!means.is_object()) fail("{}: {} is no object", file, printable(language));
    store.add(CorpusRow{kMeans, language, "last", "resid", 0, kAccuracy,
                        share(field(means, file, kAccuracy), file, printable(language) + " accuracy"), 0});
    for (const auto& [metric, layers] : means.items()) {
      if (!layers.is_array()) continue;
      for (std::size_t layer = 0; layer < layers.size(); ++layer)
        store.add(CorpusRow{
            kMeans, language, "last", "resid", static_cast<int>(layer), metric,
            share(layers[layer], file, fmt::format("{} {}[{}]", printable(language), printable(metric), layer)), 0});
    }
  }
}

}  // namespace

void import_paper(const fs::path& folder, Store& store) {
  std::vector<fs::path> files;
  std::error_code problem;
  for (const auto& entry : fs::directory_iterator(folder / kXcopa, problem))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  std::ranges::sort(files);
  const fs::path means = folder / "xstorycloze_by_language.json";
  if (files.empty() && !fs::exists(means))
    fail("{}: holds neither xcopa/<language>.json nor {}", folder.string(), means.filename().string());
  store.set_info("pivot", kPivot);
  for (const fs::path& file : files) add_language(file, store);
  if (fs::exists(means)) add_means(means, store);
}

}  // namespace tertium
