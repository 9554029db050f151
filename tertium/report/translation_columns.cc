#include "tertium/report/translation_columns.h"

#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "tertium/report/rounded.h"

namespace tertium {
namespace {

using Json = nlohmann::ordered_json;

Json number_or_null(const std::optional<double>& value) { return value ? six_digits(*value) : Json(); }

/// What the texts say, by language and line.
Json sentences_json(const std::vector<TextRow>& texts) {
  Json sentences = Json::object();
  for (const TextRow& row : texts)
    if (row.task == kTranslate && row.option == -1) sentences[row.language][row.item] = row.text;
  return sentences;
}

/// Those of one language, target and condition.
Json texts_json(const std::string& language, const std::string& target, const std::string& condition,
                const std::vector<const GenerationRow*>& rows) {
  Json json = {{"language", language}, {"target", target}, {"condition", condition}};
  for (const char* column : {"items", "texts", "chrfpp", "log_probs", "tokens", "stops", "languages_out"})
    json[column] = Json::array();
  for (const GenerationRow* row : rows) {
    json["items"].push_back(row->item);
    json["texts"].push_back(*row->text);
    json["chrfpp"].push_back(number_or_null(row->chrfpp));
    json["log_probs"].push_back(number_or_null(row->log_prob));
    json["tokens"].push_back(row->reference_tokens);
    json["stops"].push_back(row->stop);
    json["languages_out"].push_back(row->language_out);
  }
  return json;
}

}  // namespace

Json translation_columns(const Store& store) {
  const std::vector<GenerationRow> rows = store.generations();
  std::map<std::tuple<std::string, std::string, std::string>, std::vector<const GenerationRow*>> groups;
  for (const GenerationRow& row : rows)
    if (row.task == kTranslate && row.text) groups[{row.target, row.language, row.condition}].push_back(&row);
  if (groups.empty()) return nullptr;
  Json texts = Json::array();
  for (const auto& [of, some] : groups)
    texts.push_back(texts_json(std::get<1>(of), std::get<0>(of), std::get<2>(of), some));
  return {{"sentences", sentences_json(store.texts())}, {"texts", std::move(texts)}};
}

}  // namespace tertium
