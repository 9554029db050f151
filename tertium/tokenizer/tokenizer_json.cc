#include "tertium/tokenizer/tokenizer_json.h"

namespace tertium {
namespace {

using Json = nlohmann::json;

Json sequence(const char* id, int type) { return {{"Sequence", {{"id", id}, {"type_id", type}}}}; }

}  // namespace

Json added_tokens_json(const std::vector<AddedToken>& tokens) {
  Json list = Json::array();
  for (const AddedToken& token : tokens)
    list.push_back({{"id", token.id},
                    {"content", token.content},
                    {"single_word", token.single_word},
                    {"lstrip", token.lstrip},
                    {"rstrip", token.rstrip},
                    {"normalized", token.normalized},
                    {"special", token.special}});
  return list;
}

Json frame_json(const std::optional<FramingToken>& bos, const std::optional<FramingToken>& eos) {
  Json frame = Json::array(), special = Json::object();
  const auto add = [&](const FramingToken& token) {
    frame.push_back({{"SpecialToken", {{"id", token.content}, {"type_id", 0}}}});
    special[token.content] = {
        {"id", token.content}, {"ids", Json::array({token.id})}, {"tokens", Json::array({token.content})}};
  };
  if (bos) add(*bos);
  frame.push_back(sequence("A", 0));
  if (eos) add(*eos);
  return {{"type", "TemplateProcessing"},
          {"single", frame},
          {"pair", Json::array({sequence("A", 0), sequence("B", 1)})},
          {"special_tokens", special}};
}

}  // namespace tertium
