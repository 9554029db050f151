#include "tertium/tokenizer/tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tertium/base/text.h"
#include "tertium/tokenizer/ffi_text.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Ids = std::vector<TokenId>;
using test::error_of;

const fs::path root = test::source_folder();
const fs::path fixtures = root / "tests/fixtures/tokens";
const fs::path gemma = root / ".deps/models/gemma3-270m/gemma3-270m-q4_k_m.gguf";
const fs::path smollm = root / ".deps/models/smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf";

fs::path shared_tokens() { return test::shared_folder() / "tokens"; }

/// A text and its ids as Hugging Face or SentencePiece gives them.
struct Line {
  std::string text;
  Ids ids;
  Ids ids_special;
};

std::vector<Line> read_lines(const fs::path& path) {
  std::istringstream in(read_text_file(path));
  std::vector<Line> lines;
  for (std::string line; std::getline(in, line);) {
    const Json row = Json::parse(line);
    lines.push_back({row.at("text"), row.at("ids"), row.at("ids_special")});
  }
  return lines;
}

void expect_exact(const Tokenizer& tokenizer, const std::vector<Line>& lines) {
  ASSERT_FALSE(lines.empty());
  for (const Line& line : lines) {
    EXPECT_EQ(tokenizer.encode(line.text, false).ids, line.ids) << line.text;
    EXPECT_EQ(tokenizer.encode(line.text, true).ids, line.ids_special) << line.text;
  }
}

const Tokenizer& llama3() {
  static const Tokenizer tokenizer = Tokenizer::open(fixtures / "llama3");
  return tokenizer;
}

std::vector<Line> llama3_lines() { return read_lines(fixtures / "llama3/expect.jsonl"); }

/// The llama3 fixture, changed.
Tokenizer changed_llama3(const std::function<void(Json&)>& change) {
  Json json = Json::parse(read_text_file(fixtures / "llama3/tokenizer.json"));
  change(json);
  return Tokenizer::from_json(json.dump(), "changed.json");
}

/// It names the culprit and holds `part`.
void expect_error(const std::string& error, const std::string& culprit, const std::string& part) {
  EXPECT_TRUE(error.starts_with(culprit + ": ")) << error;
  EXPECT_NE(error.find(part), std::string::npos) << error;
}

bool is_boundary(const std::string& text, std::size_t at) {
  return at == text.size() || (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
}

void expect_orderly_spans(const std::string& text, const Encoding& encoding) {
  ASSERT_EQ(encoding.offsets.size(), encoding.ids.size());
  TextSpan last;
  for (const TextSpan& span : encoding.offsets) {
    ASSERT_LE(span.begin, span.end) << text;
    ASSERT_LE(span.end, text.size()) << text;
    EXPECT_LE(last.begin, span.begin) << text;
    EXPECT_LE(last.end, span.end) << text;
    EXPECT_TRUE(is_boundary(text, span.begin) && is_boundary(text, span.end)) << text;
    last = span;
  }
}

/// The spans' texts, one after the other, are the text; bytes that several tokens share are one character's, and count
/// once. A text that has no tokens of its own has no spans.
void expect_full_cover(const std::string& text, const Encoding& encoding) {
  std::size_t covered = 0;
  bool stands_for_text = false;
  for (const auto& [begin, end] : encoding.offsets) {
    EXPECT_LE(begin, covered) << text;
    if (begin < covered && covered < end) {
      EXPECT_EQ(code_points(std::string_view(text).substr(begin, covered - begin)), 1U) << text;
    }
    covered = std::max(covered, end);
    stands_for_text |= begin < end;
  }
  if (stands_for_text) {
    EXPECT_EQ(covered, text.size()) << text;
  }
}

void expect_good_spans(const Tokenizer& tokenizer, const std::vector<Line>& lines) {
  for (const Line& line : lines)
    for (const bool add_special : {false, true}) {
      const Encoding encoding = tokenizer.encode(line.text, add_special);
      expect_orderly_spans(line.text, encoding);
      expect_full_cover(line.text, encoding);
    }
}

// ---- Exactness: every tokenizer there is, on every line

struct Case {
  std::string name;
  fs::path model;
  fs::path expectations;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const char* name : {"llama3", "spm_bpe", "spm_unigram"})
    all.push_back({name, fixtures / name, fixtures / name / "expect.jsonl"});
  for (const char* name : {"bloom", "cohere", "gpt2", "llama3", "qwen2", "spm_bpe", "spm_unigram"})
    all.push_back({std::string("shared_") + name, shared_tokens() / name, shared_tokens() / name / "expect.jsonl"});
  for (const auto& [name, model] : {std::pair{"gguf_gemma3", gemma}, std::pair{"gguf_smollm2", smollm}}) {
    all.push_back({name, model, fixtures / name / "expect.jsonl"});
    all.push_back({std::string("shared_") + name, model, shared_tokens() / name / "expect.jsonl"});
  }
  return all;
}

class EveryTokenizer : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    for (const fs::path& file : {GetParam().model, GetParam().expectations})
      if (!fs::exists(file)) GTEST_SKIP() << "SKIPPED: needs " << file;
  }
};

TEST_P(EveryTokenizer, GivesTheKnownIdsOnEveryLineAndSpansThatCoverTheText) {
  const Tokenizer tokenizer = Tokenizer::open(GetParam().model);
  const std::vector<Line> lines = read_lines(GetParam().expectations);
  expect_exact(tokenizer, lines);
  expect_good_spans(tokenizer, lines);
}

INSTANTIATE_TEST_SUITE_P(Tokenizer, EveryTokenizer, testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.name; });

TEST(Tokenizer, DecodesTheIdsOfTheRealModels) {
  for (const auto& [name, file, size] : {std::tuple{"gguf_gemma3", gemma, 262144U}, {"gguf_smollm2", smollm, 49152U}}) {
    if (!fs::exists(file)) GTEST_SKIP() << "SKIPPED: needs " << file;
    const Tokenizer tokenizer = Tokenizer::open(file);
    EXPECT_EQ(tokenizer.vocabulary_size(), size);
    for (const Line& line : read_lines(fixtures / name / "expect.jsonl"))
      EXPECT_EQ(tokenizer.decode(line.ids_special), line.text);
  }
}

// ---- Special tokens

constexpr TokenId bos = 0, end_token = 1;  // of the fixture: <|begin_of_text|>, <|end|>

TEST(Tokenizer, AddsBosOnlyWhenAsked) {
  EXPECT_EQ(llama3().encode("", true).ids, Ids{bos});
  EXPECT_TRUE(llama3().encode("", false).ids.empty());
}

TEST(Tokenizer, TakesASpelledBosForBosAndAddsItsOwnAsHuggingFaceDoes) {
  const Ids plain = llama3().encode("<|begin_of_text|>The cat", false).ids;
  EXPECT_EQ(plain, llama3().encode("The cat", true).ids);
  Ids doubled = plain;
  doubled.insert(doubled.begin(), bos);
  EXPECT_EQ(llama3().encode("<|begin_of_text|>The cat", true).ids, doubled);
}

TEST(Tokenizer, AddsAnEosThatStandsForNoText) {
  const Tokenizer with_eos = changed_llama3([](Json& json) {
    json["post_processor"]["single"].push_back(Json::parse(R"({"SpecialToken":{"id":"<|end|>","type_id":0}})"));
    json["post_processor"]["special_tokens"]["<|end|>"] =
        Json::parse(R"({"id":"<|end|>","ids":[1],"tokens":["<|end|>"]})");
  });
  const Encoding encoding = with_eos.encode("The cat", true);
  EXPECT_EQ(encoding.ids.back(), end_token);
  EXPECT_EQ(encoding.offsets.back().begin, std::string("The cat").size());
  EXPECT_EQ(encoding.offsets.back().end, std::string("The cat").size());
}

TEST(Tokenizer, KeepsATextsOwnRepetitions) {
  EXPECT_EQ(llama3().encode("<|end|><|end|>", true).ids, (Ids{bos, end_token, end_token}));
}

// ---- Spans

std::vector<std::string> spans_of(const fs::path& model, const std::string& text) {
  std::vector<std::string> spans;
  for (const auto& [begin, end] : Tokenizer::open(model).encode(text, false).offsets)
    spans.push_back(text.substr(begin, end - begin));
  return spans;
}

/// Expected: what the Python package sentencepiece 0.2.3 gives as the surfaces of its pieces.
TEST(Tokenizer, SpansAreSentencePiecesOwnWhateverItsRulesComposeExpandOrDrop) {
  const std::pair<const char*, std::vector<std::string>> expected[] = {
      {"the   café x", {"the", "   c", "a", "f", "é", " ", "x"}},
      {"cafe\u0301 the", {"c", "a", "f", "e\u0301", " the"}},
      {"a\u200bb the\u200b cat", {"", "a\u200b", "b", " the\u200b", " c", "a", "t"}},
      {"ﬁnd ﬃ x", {"", "ﬁ", "n", "d", " ", "ﬃ", " ", "x"}},
      {"the \u00a0 cat\t.", {"the", " \u00a0 c", "a", "t", "\t", "."}},
      {"½ the Ⅳ ®", {"", "½", " the", " ", "Ⅳ", " ", "®"}},
      {"é\u0301 the ｃａｔ", {"", "é\u0301", " the", " ", "ｃａｔ"}}};
  for (const auto& [text, spans] : expected) EXPECT_EQ(spans_of(fixtures / "spm_unigram", text), spans) << text;
}

TEST(Tokenizer, DroppedSpacesBelongToTheTokenBeforeThemOrToTheFirst) {
  const std::vector<std::string> spans = spans_of(fixtures / "spm_unigram", "   the   cat   ");
  std::string joined;
  for (const std::string& span : spans) joined += span;
  EXPECT_EQ(joined, "   the   cat   ");
  EXPECT_TRUE(spans.front().starts_with("   ")) << spans.front();
  EXPECT_TRUE(spans.back().ends_with("   ")) << spans.back();
  EXPECT_TRUE(spans_of(fixtures / "spm_unigram", "   ").empty());
}

TEST(Tokenizer, BosStandsForNoText) {
  const Encoding encoding = llama3().encode("cat", true);
  EXPECT_EQ(encoding.offsets.front().begin, 0U);
  EXPECT_EQ(encoding.offsets.front().end, 0U);
  EXPECT_EQ(encoding.offsets.back().end, 3U);
}

TEST(Tokenizer, TokensThatShareACharacterAllHaveIt) {
  const Encoding encoding = llama3().encode("𝔸", false);
  ASSERT_GT(encoding.ids.size(), 1U);
  for (const TextSpan& span : encoding.offsets) {
    EXPECT_EQ(span.begin, 0U);
    EXPECT_EQ(span.end, 4U);
  }
}

TEST(Tokenizer, SpansOfTokensAddedBehindATextStandAtItsEnd) {
  const std::filesystem::path file = test::source_folder() / "fuzz/seeds/tokenizer_json/word_piece.json";
  const Encoding encoding = Tokenizer::from_json(read_text_file(file), file.string()).encode("a ", true);
  ASSERT_EQ(encoding.offsets.size(), 3u);  // one before, the word, one behind
  EXPECT_EQ(encoding.offsets[1].end, 2u);
  EXPECT_EQ(encoding.offsets[2].begin, 2u);
  EXPECT_EQ(encoding.offsets[2].end, 2u);
}

TEST(Tokenizer, SpansKeepTheirSpacesEvenIfTheFileTrimsThem) {
  const Tokenizer trimming = changed_llama3([](Json& json) {
    const Json trim = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
    json["post_processor"] = {{"type", "Sequence"}, {"processors", {trim, json["post_processor"]}}};
  });
  expect_good_spans(trimming, llama3_lines());
}

// ---- Other behaviour

TEST(Tokenizer, DecodesWhatItEncoded) {
  for (const char* text : {"The kettle whistled because the water boiled.", "  two  spaces ", "Кошка спит.", "猫。"}) {
    EXPECT_EQ(llama3().decode(llama3().encode(text, false).ids), text);
    EXPECT_EQ(llama3().decode(llama3().encode(text, true).ids), text);
  }
}

TEST(Tokenizer, KnowsThePiecesOfItsVocabulary) {
  EXPECT_EQ(llama3().vocabulary_size(), 1500U);
  EXPECT_EQ(llama3().piece(bos), "<|begin_of_text|>");
  EXPECT_EQ(llama3().piece(222), "Ġ");
  EXPECT_EQ(llama3().piece(1500), "");
  EXPECT_EQ(llama3().piece(-1), "");
  EXPECT_EQ(llama3().decode(Ids{-1, 1500}), "");
}

TEST(Tokenizer, IgnoresTheTruncationAndPaddingOfItsFile) {
  const Tokenizer cut = changed_llama3([](Json& json) {
    json["truncation"] = {{"direction", "Right"}, {"max_length", 2}, {"strategy", "LongestFirst"}, {"stride", 0}};
    json["padding"] = {{"strategy", {{"Fixed", 99}}},
                       {"direction", "Right"},
                       {"pad_to_multiple_of", nullptr},
                       {"pad_id", 1},
                       {"pad_type_id", 0},
                       {"pad_token", "<|end|>"}};
  });
  expect_exact(cut, llama3_lines());
}

// ---- Errors

TEST(Tokenizer, RefusesATextThatIsNotUtf8) {
  const std::string error = error_of([] { llama3().encode("caf\xe9", true); });
  expect_error(error, (fixtures / "llama3/tokenizer.json").string(), "not UTF-8");
}

TEST(Tokenizer, RefusesATokenizerJsonThatIsCutShortAnywhere) {
  const std::string json = read_text_file(fixtures / "llama3/tokenizer.json");
  for (std::size_t size = 0; size < json.size() - 1; size += 1 + json.size() / 64)
    expect_error(error_of([&] { Tokenizer::from_json(json.substr(0, size), "cut.json"); }), "cut.json",
                 "save it again");
}

TEST(Tokenizer, RefusesAModelThatCutsWordsAtRandom) {
  const auto with_dropout = [](const Json& dropout) {
    return changed_llama3([&](Json& json) { json["model"]["dropout"] = dropout; });
  };
  expect_error(error_of([&] { with_dropout(0.1); }), "changed.json",
               "\"dropout\" of its \"model\" is 0.1, which cuts words at random; set it to null");
  for (const Json& none : {Json(), Json(0.0)}) expect_exact(with_dropout(none), llama3_lines());
}

TEST(Tokenizer, RefusesSettingsThatItDoesNotKnowByTheirNames) {
  expect_error(error_of([] { changed_llama3([](Json& json) { json["sampling"] = true; }); }), "changed.json",
               "\"sampling\" is no part that is known");
  expect_error(error_of([] { changed_llama3([](Json& json) { json["model"]["alpha"] = 0.2; }); }), "changed.json",
               "\"alpha\" of its \"model\" is no setting that is known");
}

TEST(Tokenizer, RefusesPartsThatNestWithoutEnd) {
  std::string json = R"({"version":"1.0","normalizer":)", end;
  for (int i = 0; i < 10000; ++i) {
    json += R"({"type":"Sequence","normalizers":[)";
    end += "]}";
  }
  json += R"({"type":"NFC"})" + end + R"(,"model":{"type":"BPE","vocab":{"a":0},"merges":[]}})";
  expect_error(error_of([&] { Tokenizer::from_json(json, "deep.json"); }), "deep.json", "recursion limit");
}

TEST(Tokenizer, RefusesATextLongerThanAnyContext) {
  const std::string text((1 << 24) + 1, 'a');
  EXPECT_NE(error_of([&] { llama3().encode(text, false); }).find("has 16777217 bytes"), std::string::npos);
}

TEST(TokenizersFfi, GivesAnErrorForNoTokenizerAndForMemoryThatIsNone) {
  std::string text, reason;
  std::vector<tokenizers_ffi_token> tokens;
  const tokenizers_ffi_token_sink token_sink{&tokens, keep<std::vector<tokenizers_ffi_token>, tokenizers_ffi_token>};
  EXPECT_FALSE(tokenizers_ffi_encode(nullptr, "a", 1, false, token_sink, sink(reason)));
  EXPECT_EQ(reason, "there is no tokenizer");
  EXPECT_FALSE(tokenizers_ffi_decode(nullptr, nullptr, 0, sink(text), sink(reason)));
  EXPECT_FALSE(tokenizers_ffi_piece(nullptr, 0, sink(text)));
  EXPECT_EQ(tokenizers_ffi_vocabulary_size(nullptr), 0u);
  tokenizers_ffi_free(nullptr);
  EXPECT_EQ(tokenizers_ffi_load(nullptr, 7, nullptr, 0, sink(reason)), nullptr);
  EXPECT_EQ(reason, "no memory is where the caller says");
}

TEST(TokenizersFfi, FailsWithoutUnwindingWhereAResultCannotBeKept) {
  const std::string json = read_text_file(fixtures / "llama3/tokenizer.json");
  std::string reason;
  tokenizers_ffi* tokenizer = tokenizers_ffi_load(json.data(), json.size(), nullptr, 0, sink(reason));
  ASSERT_NE(tokenizer, nullptr) << reason;
  const tokenizers_ffi_token_sink full{nullptr,
                                       [](void*, const tokenizers_ffi_token*, std::size_t) noexcept { return false; }};
  EXPECT_FALSE(tokenizers_ffi_encode(tokenizer, "a", 1, false, full, sink(reason)));
  EXPECT_EQ(crate_reason(reason), "there is not enough memory");
  tokenizers_ffi_free(tokenizer);
}

TEST(Tokenizer, RefusesGarbage) {
  const std::string deep(100000, '[');
  for (const std::string& json : {std::string("\x01\xff\n\x7f"), std::string("[]"), std::string("{}"), deep,
                                  std::string(R"({"version":"9.9"})"), std::string(R"({"model":{"type":"None"}})")})
    expect_error(error_of([&] { Tokenizer::from_json(json, "bad.json"); }), "bad.json", "save it again");
}

TEST(Tokenizer, RefusesAMergeThatThePackageWouldPanicOn) {
  const std::string json = R"({"version":"1.0","model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[["a","b"]]}})";
  expect_error(error_of([&] { Tokenizer::from_json(json, "bad.json"); }), "bad.json", "failed on it");
}

TEST(Tokenizer, RefusesIdsThatNoModelHas) {
  const Tokenizer huge = Tokenizer::from_json(
      R"({"version":"1.0","model":{"type":"BPE","vocab":{"a":4294967295},"merges":[]}})", "bad.json");
  expect_error(error_of([&] { huge.encode("a", false); }), "bad.json", "4294967295");
}

class TokenizerFolder : public test::FolderTest {
 protected:
  std::string error_opening(const std::string& name) const {
    return error_of([&] { Tokenizer::open(folder / name); });
  }
};

TEST_F(TokenizerFolder, WithoutATokenizerJsonIsNamedWithAWayOut) {
  const std::string error = error_of([&] { Tokenizer::open(folder); });
  expect_error(error, folder.string(), "tokenizer.json");
  expect_error(error, folder.string(), "save_pretrained");
}

TEST_F(TokenizerFolder, WithABadTokenizerJsonIsRefusedByItsName) {
  const std::string file = (folder / "tokenizer.json").string();
  for (const char* content : {"", "{\"version\":", "caf\xe9"}) {
    temporary.write("tokenizer.json", content);
    expect_error(error_of([&] { Tokenizer::open(folder); }), file, "");
  }
}

TEST_F(TokenizerFolder, IsNotTheOnlyThingThatCanBeMissing) {
  expect_error(error_opening("none.gguf"), (folder / "none.gguf").string(), "no such file");
  temporary.write("model.bin", "x");
  expect_error(error_opening("model.bin"), (folder / "model.bin").string(), ".gguf");
  temporary.write("short.gguf", "GGUF");
  expect_error(error_opening("short.gguf"), (folder / "short.gguf").string(), "");
}

}  // namespace
}  // namespace tertium
