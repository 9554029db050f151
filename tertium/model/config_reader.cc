#include "tertium/model/config_reader.h"

#include <algorithm>
#include <cmath>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/model/sizes.h"

namespace tertium {

bool ConfigReader::has(std::string_view key) const {
  return json_->contains(key) && !json_->at(std::string(key)).is_null();
}

bool ConfigReader::is_null(std::string_view key) const { return json_->contains(key) && !has(key); }

const nlohmann::json& ConfigReader::at(std::string_view key) const {
  if (!has(key)) fail("{}: no \"{}\"", origin_, key);
  account_->read.insert(full(key));
  return json_->at(std::string(key));
}

int ConfigReader::count(std::string_view key) const {
  const nlohmann::json& value = at(key);
  if (!value.is_number_integer() || value < 1 || value > kLargestCount)
    refuse(key, fmt::format("must be a positive integer of at most {}", kLargestCount));
  return value.get<int>();
}

double ConfigReader::number(std::string_view key) const {
  const nlohmann::json& value = at(key);
  if (!value.is_number() || !std::isfinite(value.get<double>())) refuse(key, "must be a finite number");
  return value.get<double>();
}

bool ConfigReader::flag_or(std::string_view key, bool fallback) const {
  if (!has(key)) return fallback;
  if (!at(key).is_boolean()) refuse(key, "must be true or false");
  return at(key).get<bool>();
}

std::string ConfigReader::text_or(std::string_view key, std::string fallback) const {
  if (!has(key)) return fallback;
  if (!at(key).is_string()) refuse(key, "must be a string");
  return at(key).get<std::string>();
}

std::vector<std::string> ConfigReader::texts(std::string_view key) const {
  const nlohmann::json& value = at(key);
  std::vector<std::string> words;
  if (!value.is_array()) refuse(key, "must be a list of strings");
  for (const nlohmann::json& word : value) {
    if (!word.is_string()) refuse(key, "must be a list of strings");
    words.push_back(word.get<std::string>());
  }
  return words;
}

std::vector<float> ConfigReader::numbers(std::string_view key) const {
  const nlohmann::json& list = at(key);
  std::vector<float> numbers;
  if (!list.is_array()) refuse(key, "must be a list of numbers");
  for (const nlohmann::json& value : list) {
    if (!value.is_number() || !std::isfinite(value.get<float>())) refuse(key, "must be a list of finite numbers");
    numbers.push_back(value.get<float>());
  }
  return numbers;
}

std::vector<int> ConfigReader::indices(std::string_view key) const {
  std::vector<int> indices;
  if (!has(key)) return indices;
  for (const float value : numbers(key)) {
    if (value < 0 || value > kLargestCount || value != std::floor(value))
      refuse(key, "must be a list of block indices");
    indices.push_back(static_cast<int>(value));
  }
  return indices;
}

ConfigReader ConfigReader::table(std::string_view key) const {
  if (!at(key).is_object()) refuse(key, "must be a table");
  ConfigReader inner = *this;
  inner.json_ = &at(key);
  inner.prefix_ = full(key) + ".";
  inner.origin_ = origin_ + ": " + std::string(key);
  account_->tables.insert(full(key));
  return inner;
}

std::string_view ConfigReader::standing(const Spellings& spellings) const {
  const auto first = std::find_if(spellings.begin(), spellings.end(), [&](std::string_view key) { return has(key); });
  if (first == spellings.end()) return spellings.front();
  for (auto later = first + 1; later != spellings.end(); ++later)
    if (has(*later) && at(*later) != at(*first))
      pass_over(*later, fmt::format("{} stands beside it, and wins", *first));
  return *first;
}

void ConfigReader::demand(std::string_view key, const nlohmann::json& only) const {
  if (has(key) && at(key) != only) refuse(key, "only " + only.dump() + " is supported for this family");
}

void ConfigReader::pass_over(std::string_view key, std::string why) const {
  if (has(key)) account_->passed_over.emplace(full(key), std::move(why));
}

void ConfigReader::pass_over_unread(std::string_view key, std::string why) const {
  if (!account_->read.contains(full(key))) pass_over(key, std::move(why));
}

void ConfigReader::pass_over_others(const Spellings& others, std::string_view standing,
                                    const nlohmann::json& value) const {
  for (const std::string_view key : others) {
    if (!has(key) || account_->read.contains(full(key)) || at(key) == value) continue;
    const std::string instead = standing.empty() ? "other keys decide it" : fmt::format("{} is what counts", standing);
    if (!standing.empty() && !has(standing))
      refuse(key, fmt::format("this family does not read it; {}, and is missing", instead));
    pass_over(key, instead + " for this family");
  }
}

void ConfigReader::pass_over_shadowed(const ConfigReader& inner) const {
  for (const auto& [key, value] : json_->items())
    if (inner.json_->contains(key) && value != inner.json_->at(key))
      pass_over_unread(key, fmt::format("{} says it too, and wins", inner.prefix_.substr(0, inner.prefix_.size() - 1)));
    else if (inner.json_->contains(key))
      account_->read.insert(full(key));
}

std::vector<bool> ConfigReader::sliding(const Config& config, const std::function<bool(int)>& otherwise) const {
  std::vector<bool> sliding;
  if (!has("layer_types")) {
    for (int b = 0; b < config.block_count(); ++b) sliding.push_back(otherwise(b));
    return sliding;
  }
  for (const std::string& type : texts("layer_types")) {
    if (type != "full_attention" && type != "sliding_attention")
      refuse("layer_types", "\"" + printable(type) +
                                "\" is not supported; tertium knows full_attention and "
                                "sliding_attention");
    sliding.push_back(type == "sliding_attention");
  }
  if (sliding.size() != config.layers.size()) refuse("layer_types", "must name one type for each hidden layer");
  return sliding;
}

std::vector<bool> ConfigReader::sliding_by_pattern(const Config& config, int pattern) const {
  pattern = count_or("sliding_window_pattern", pattern);
  if (has("layer_types")) pass_over("sliding_window_pattern", "layer_types says which blocks slide");
  pass_over_others({"_sliding_window_pattern"}, has("layer_types") ? "layer_types" : "sliding_window_pattern", pattern);
  return sliding(config, [&](int b) { return (b + 1) % pattern != 0; });
}

void ConfigReader::refuse(std::string_view key, std::string_view why) const {
  fail("{}: \"{}\": {}", origin_, key, why);
}

std::vector<LeftAside> ConfigReader::left_aside() const {
  std::vector<LeftAside> aside;
  for (const auto& [key, value] : json_->items()) {
    const std::string name = full(key);
    if (const auto passed = account_->passed_over.find(name); passed != account_->passed_over.end()) {
      aside.push_back({name, passed->second});
    } else if (account_->tables.contains(name) && harmless(key, value).empty()) {
      const std::vector<LeftAside> inner = table(key).left_aside();
      aside.insert(aside.end(), inner.begin(), inner.end());
    } else if (!account_->read.contains(name) || account_->tables.contains(name)) {
      const std::string why = harmless(key, value);
      if (why.empty())
        fail(
            "{}: \"{}\" is a setting that tertium does not know and that may change what the model computes; remove it "
            "if it does not",
            origin_, printable(key));
      aside.push_back({name, why});
    }
  }
  return aside;
}

}  // namespace tertium
