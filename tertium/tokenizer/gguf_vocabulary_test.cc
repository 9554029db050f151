#include "tertium/tokenizer/gguf_vocabulary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "tertium/tokenizer/gguf_splits.h"
#include "tertium/tokenizer/tokenizer.h"
#include "tests/support/files.h"
#include "tests/support/gguf_builder.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Ids = std::vector<TokenId>;
using Texts = std::vector<std::string>;
using Floats = std::vector<float>;
using Integers = std::vector<std::int32_t>;
using Value = std::variant<std::uint32_t, bool, std::string, Texts, Floats, Integers>;
using Keys = std::map<std::string, Value>;
using test::encoded;
using test::encoded_text;
using test::GgufBuilder;

const fs::path root = test::source_folder();

// ---- A GGUF file with metadata and no tensors

enum : std::uint32_t { u32_type = 4, i32_type = 5, f32_type = 6, bool_type = 7, text_type = 8 };

/// Adds a key with a value of any of the types.
struct PairAdder {
  GgufBuilder& gguf;
  const std::string& key;

  void operator()(std::uint32_t value) const { gguf.pair(key, u32_type, encoded(value)); }
  void operator()(bool value) const { gguf.pair(key, bool_type, encoded<std::uint8_t>(value)); }
  void operator()(const std::string& value) const { gguf.text(key, value); }
  void operator()(const Texts& values) const { array(text_type, values); }
  void operator()(const Floats& values) const { array(f32_type, values); }
  void operator()(const Integers& values) const { array(i32_type, values); }

 private:
  template <class Element>
  void array(std::uint32_t type, const std::vector<Element>& values) const {
    std::string bytes;
    for (const Element& value : values) {
      if constexpr (std::is_same_v<Element, std::string>)
        bytes += encoded_text(value);
      else
        bytes += encoded(value);
    }
    gguf.array(key, type, values.size(), bytes);
  }
};

std::string gguf_of(const Keys& keys) {
  GgufBuilder gguf;
  for (const auto& [key, value] : keys) std::visit(PairAdder{gguf, key}, value);
  return gguf.bytes();
}

/// token_type: normal, unknown, control, user-defined, byte
enum : std::int32_t { N = 1, U = 2, C = 3, D = 4, B = 6 };

class GgufVocabulary : public test::FolderTest {
 protected:
  Tokenizer open(const Keys& keys) const { return Tokenizer::open(temporary.write(name, gguf_of(keys))); }
  Ids encode(const Keys& keys, const std::string& text, bool add_special = false) const {
    return open(keys).encode(text, add_special).ids;
  }
  /// The keys must be refused with a message that names the file, `key`, and holds `part`.
  void expect_refused(const Keys& keys, const std::string& key, const std::string& part) const {
    const std::string message = test::error_of([&] { open(keys); });
    EXPECT_TRUE(message.starts_with((folder / name).string() + ": ")) << message;
    EXPECT_NE(message.find(key), std::string::npos) << message;
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }

  const std::string name = "vocabulary.gguf";
};

const std::string tokens_key = "tokenizer.ggml.tokens", types_key = "tokenizer.ggml.token_type",
                  scores_key = "tokenizer.ggml.scores", merges_key = "tokenizer.ggml.merges",
                  model_key = "tokenizer.ggml.model", pre_key = "tokenizer.ggml.pre",
                  bos_key = "tokenizer.ggml.bos_token_id", add_bos_key = "tokenizer.ggml.add_bos_token",
                  eos_key = "tokenizer.ggml.eos_token_id", add_eos_key = "tokenizer.ggml.add_eos_token",
                  unknown_key = "tokenizer.ggml.unknown_token_id", space_prefix_key = "tokenizer.ggml.add_space_prefix";

/// Ids: 0 <unk>, 1 <s>, 2 </s>, 3 "  ", 4 "ab", 5 "bc", 6 a, 7 b, 8 c, 9 ▁, 10 "▁a"
Keys sentencepiece() {
  return {{model_key, std::string("llama")},
          {tokens_key, Texts{"<unk>", "<s>", "</s>", "  ", "ab", "bc", "a", "b", "c", "▁", "▁a"}},
          {types_key, Integers{U, C, C, D, N, N, N, N, N, N, N}},
          {scores_key, Floats{0, 0, 0, 0, -2, -1, -4, -5, -6, -7, -3}},
          {unknown_key, 0U},
          {bos_key, 1U},
          {eos_key, 2U},
          {space_prefix_key, false}};
}

/// Ids: 0 <|end|>, 1 a, 2 b, 3 Ġ, 4 "ab", 5 "Ġa", 6 "1", 7 "11"
Keys byte_level() {
  return {{model_key, std::string("gpt2")},
          {pre_key, std::string("gpt-2")},
          {tokens_key, Texts{"<|end|>", "a", "b", "Ġ", "ab", "Ġa", "1", "11"}},
          {types_key, Integers{C, N, N, N, N, N, N, N}},
          {merges_key, Texts{"a b", "Ġ a", "1 1"}},
          {bos_key, 0U},
          {eos_key, 0U}};
}

Keys with(Keys keys, const std::string& key, Value value) {
  keys[key] = std::move(value);
  return keys;
}

Keys without(Keys keys, const std::string& key) {
  keys.erase(key);
  return keys;
}

// ---- SentencePiece

TEST_F(GgufVocabulary, MergesTheBestPieceFirst) {
  EXPECT_EQ(encode(sentencepiece(), "abc"), (Ids{6, 5}));  // bc (-1) before ab (-2)
  const Floats other_way = {0, 0, 0, 0, -1, -2, -4, -5, -6, -7, -3};
  EXPECT_EQ(encode(with(sentencepiece(), scores_key, other_way), "abc"), (Ids{4, 8}));
}

TEST_F(GgufVocabulary, BreaksTiesOfScoreByTheLeftmost) {
  const Floats tied = {0, 0, 0, 0, -1, -1, -4, -5, -6, -7, -3};
  EXPECT_EQ(encode(with(sentencepiece(), scores_key, tied), "abc"), (Ids{4, 8}));
}

TEST_F(GgufVocabulary, PutsASpaceInFrontOnlyWhereTheFileWantsIt) {
  EXPECT_EQ(encode(sentencepiece(), "a b"), (Ids{6, 9, 7}));
  EXPECT_EQ(encode(with(sentencepiece(), space_prefix_key, true), "a b"), (Ids{10, 9, 7}));
  EXPECT_EQ(encode(without(sentencepiece(), space_prefix_key), "a b"), (Ids{10, 9, 7}));  // as llama.cpp defaults
  EXPECT_EQ(open(with(sentencepiece(), space_prefix_key, true)).decode(Ids{1, 10, 9, 7}), "a b");
}

TEST_F(GgufVocabulary, CutsOutUserDefinedTokensFirst) {
  EXPECT_EQ(encode(sentencepiece(), "a  b"), (Ids{6, 3, 7}));
  EXPECT_EQ(encode(sentencepiece(), "a▁▁b"), (Ids{6, 3, 7}));
  EXPECT_EQ(open(sentencepiece()).decode(Ids{6, 3, 7}), "a  b");
}

TEST_F(GgufVocabulary, TakesSpelledControlTokensForThemselves) {
  EXPECT_EQ(encode(sentencepiece(), "a<s>b"), (Ids{6, 1, 7}));
}

TEST_F(GgufVocabulary, GivesTheUnknownTokenForWhatItCannotSpell) {
  EXPECT_EQ(encode(sentencepiece(), "aéb"), (Ids{6, 0, 7}));
}

TEST_F(GgufVocabulary, FallsBackToBytesThatCoverTheirCharacter) {
  Texts tokens = std::get<Texts>(sentencepiece().at(tokens_key));
  Integers types = std::get<Integers>(sentencepiece().at(types_key));
  Floats scores = std::get<Floats>(sentencepiece().at(scores_key));
  for (int byte = 0; byte < 256; ++byte) {
    tokens.push_back(fmt::format("<0x{:02X}>", byte));
    types.push_back(B);
    scores.push_back(0);
  }
  const Keys keys = with(with(with(sentencepiece(), tokens_key, tokens), types_key, types), scores_key, scores);
  const Tokenizer tokenizer = open(without(keys, unknown_key));
  const Encoding encoding = tokenizer.encode("aéb", false);
  EXPECT_EQ(encoding.ids, (Ids{6, 11 + 0xC3, 11 + 0xA9, 7}));
  for (const std::size_t i : {1, 2}) {
    EXPECT_EQ(encoding.offsets[i].begin, 1U);
    EXPECT_EQ(encoding.offsets[i].end, 3U);
  }
  EXPECT_EQ(tokenizer.decode(encoding.ids), "aéb");
}

TEST_F(GgufVocabulary, AddsBosAndEosAsTheFileSays) {
  EXPECT_EQ(encode(sentencepiece(), "a", true), (Ids{1, 6}));  // SentencePiece models add BOS by default
  EXPECT_EQ(encode(with(sentencepiece(), add_bos_key, false), "a", true), (Ids{6}));
  EXPECT_EQ(encode(with(sentencepiece(), add_eos_key, true), "a", true), (Ids{1, 6, 2}));
}

// ---- Byte-level BPE

TEST_F(GgufVocabulary, MergesBytesInTheGivenOrder) {
  EXPECT_EQ(encode(byte_level(), "ab ab"), (Ids{4, 3, 4}));
  EXPECT_EQ(encode(with(byte_level(), merges_key, Texts{"Ġ a", "a b"}), "ab ab"), (Ids{4, 5, 2}));
}

TEST_F(GgufVocabulary, FramesByteLevelTextsOnlyIfTheFileSaysSo) {
  EXPECT_EQ(encode(byte_level(), "ab", true), (Ids{4}));
  EXPECT_EQ(encode(with(with(byte_level(), add_bos_key, true), add_eos_key, true), "ab", true), (Ids{0, 4, 0}));
  EXPECT_EQ(encode(with(byte_level(), pre_key, std::string("llama-bpe")), "ab", true), (Ids{0, 4}));
}

TEST_F(GgufVocabulary, SplitsDigitsAsPreSays) {
  EXPECT_EQ(encode(byte_level(), "111"), (Ids{7, 6}));
  EXPECT_EQ(encode(with(byte_level(), pre_key, std::string("default")), "111"), (Ids{7, 6}));
  EXPECT_EQ(encode(with(byte_level(), pre_key, std::string("llama-bpe")), "111"), (Ids{7, 6}));
  EXPECT_EQ(encode(with(byte_level(), pre_key, std::string("smollm")), "111"), (Ids{6, 6, 6}));
  EXPECT_EQ(encode(with(byte_level(), pre_key, std::string("qwen2")), "111"), (Ids{6, 6, 6}));
}

TEST_F(GgufVocabulary, TakesWholeWordsOfLlama3AsTheyAre) {
  const Keys no_merges = with(byte_level(), merges_key, Texts{});
  EXPECT_EQ(encode(no_merges, "ab"), (Ids{1, 2}));
  EXPECT_EQ(encode(with(no_merges, pre_key, std::string("llama-bpe")), "ab"), (Ids{4}));
}

/// The vocabulary of a folder's tokenizer.json as a GGUF has it.
Keys rewritten(const fs::path& folder, const std::string& pre) {
  const Json json = Json::parse(std::ifstream(folder / "tokenizer.json"));
  Texts tokens(json["model"]["vocab"].size());
  for (const auto& [token, id] : json["model"]["vocab"].items()) tokens.at(id) = token;
  Integers types(tokens.size(), N);
  types[0] = types[1] = C;
  Texts merges;
  for (const Json& merge : json["model"]["merges"])
    merges.push_back(merge[0].get<std::string>() + " " + merge[1].get<std::string>());
  return {{model_key, std::string("gpt2")},
          {pre_key, pre},
          {tokens_key, tokens},
          {types_key, types},
          {merges_key, merges},
          {add_bos_key, true},
          {bos_key, 0U}};
}

/// A tokenizer.json written as a GGUF must give its ids.
struct Rewritten {
  fs::path folder;
  std::string pre;
};

class RewrittenAsGguf : public GgufVocabulary, public testing::WithParamInterface<Rewritten> {};

TEST_P(RewrittenAsGguf, GivesTheIdsOfTheTokenizerJsonItWasMadeFrom) {
  const auto& [folder, pre] = GetParam();
  if (!fs::exists(folder)) GTEST_SKIP() << "SKIPPED: needs " << folder;
  const Tokenizer tokenizer = open(rewritten(folder, pre));
  std::ifstream lines(folder / "expect.jsonl");
  for (std::string line; std::getline(lines, line);) {
    const Json row = Json::parse(line);
    EXPECT_EQ(tokenizer.encode(row["text"].get<std::string>(), true).ids, row["ids_special"].get<Ids>()) << line;
  }
}

INSTANTIATE_TEST_SUITE_P(GgufVocabulary, RewrittenAsGguf,
                         testing::Values(Rewritten{root / "tests/fixtures/tokens/llama3", "llama-bpe"},
                                         Rewritten{test::shared_folder() / "tokens/llama3", "llama3"},
                                         Rewritten{test::shared_folder() / "tokens/qwen2", "qwen2"},
                                         Rewritten{test::shared_folder() / "tokens/gpt2", "gpt-2"},
                                         Rewritten{test::shared_folder() / "tokens/bloom", "bloom"},
                                         Rewritten{test::shared_folder() / "tokens/cohere", "command-r"}));

TEST_F(GgufVocabulary, SplitsTextsAsLlamaCppDoes) {
  std::ifstream lines(root / "tests/fixtures/tokens/splits.jsonl");
  std::vector<Json> rows;
  for (std::string line; std::getline(lines, line);) rows.push_back(Json::parse(line));
  ASSERT_FALSE(rows.empty());
  for (const auto& [pre, first_ids] : rows.front()["ids"].items()) {
    const Tokenizer tokenizer = open(rewritten(root / "tests/fixtures/tokens/llama3", pre));
    for (const Json& row : rows)
      EXPECT_EQ(tokenizer.encode(row["text"].get<std::string>(), false).ids, row["ids"][pre].get<Ids>())
          << pre << ": " << row["text"];
  }
}

TEST_F(GgufVocabulary, SplitsByDefaultWithPunctuationAloneAndDigitsByThree) {
  const Keys keys = with(with(with(byte_level(), pre_key, std::string("default")), tokens_key,
                              Texts{"<|end|>", "a", "'", "1", "'a", "11", "111", "1111"}),
                         merges_key, Texts{"' a", "1 1", "11 1", "111 1"});
  EXPECT_EQ(encode(keys, "a'a"), (Ids{1, 2, 1}));
  EXPECT_EQ(encode(keys, "11111"), (Ids{6, 5}));
}

TEST_F(GgufVocabulary, SplitsATextByEveryPreItKnows) {
  for (const std::string& pre : split_names())
    EXPECT_EQ(encode(with(byte_level(), pre_key, pre), "ab"), (Ids{4})) << pre;
  EXPECT_EQ(encode(with(byte_level(), pre_key, std::string("viking")), "111"), (Ids{6, 6, 6}));
  EXPECT_EQ(encode(with(byte_level(), pre_key, std::string("tekken")), "111"), (Ids{6, 6, 6}));
  EXPECT_EQ(encode(with(byte_level(), pre_key, std::string("gpt-4o")), "111"), (Ids{7, 6}));
}

TEST_F(GgufVocabulary, LetsPhi3sTokensSwallowTheSpaceBehindThem) {
  const Keys phi = with(sentencepiece(), "general.architecture", std::string("phi3"));
  EXPECT_EQ(encode(phi, "a</s> b"), (Ids{6, 2, 7}));
  EXPECT_EQ(encode(phi, "a<s> b"), (Ids{6, 1, 9, 7}));
  EXPECT_EQ(encode(sentencepiece(), "a</s> b"), (Ids{6, 2, 9, 7}));
}

// ---- Errors

TEST_F(GgufVocabulary, RefusesAnUnknownModelOrPreByNameAndListsTheKnown) {
  expect_refused(with(sentencepiece(), model_key, std::string("bert")), model_key,
                 "\"bert\", tertium knows llama and gpt2");
  expect_refused(with(byte_level(), pre_key, std::string("mystery")), pre_key,
                 "\"mystery\", tertium knows default, gpt-2, ");
  expect_refused(with(byte_level(), pre_key, std::string("two\nlines")), pre_key, "tertium knows");
}

TEST_F(GgufVocabulary, RefusesAKeyThatMayChangeIdsAndLetsAloneTheOthers) {
  for (const char* key : {"remove_extra_whitespaces", "add_sep_token", "add_padding_token", "normalizer.lowercase",
                          "normalizer.strip_accents"}) {
    const std::string full = std::string("tokenizer.ggml.") + key;
    expect_refused(with(sentencepiece(), full, true), full, "may change the ids");
    EXPECT_EQ(encode(with(sentencepiece(), full, false), "abc"), (Ids{6, 5}));
  }
  expect_refused(with(byte_level(), "tokenizer.ggml.lowercase", true), "tokenizer.ggml.lowercase",
                 "Hugging Face folder");
  for (const char* key : {"escape_whitespaces", "add_prefix_space"})  // off may not be what is usual
    expect_refused(with(byte_level(), std::string("tokenizer.ggml.") + key, false), key, "may change the ids");
  for (const char* key : {"fim_pre_token_id", "image_token_id", "eot_token_id"})
    EXPECT_EQ(encode(with(byte_level(), std::string("tokenizer.ggml.") + key, 3U), "ab"), (Ids{4})) << key;
}

TEST_F(GgufVocabulary, RefusesFilesThatLackAKey) {
  for (const std::string& key : {model_key, tokens_key, types_key, scores_key})
    expect_refused(without(sentencepiece(), key), key, "no metadata key");
  for (const std::string& key : {pre_key, merges_key})
    expect_refused(without(byte_level(), key), key, "no metadata key");
}

TEST_F(GgufVocabulary, RefusesArraysThatDisagreeInLength) {
  expect_refused(with(sentencepiece(), types_key, Integers{N, N}), types_key, "2 entries for 11 tokens");
  expect_refused(with(sentencepiece(), scores_key, Floats{0}), scores_key, "1 entries for 11 tokens");
  expect_refused(with(with(sentencepiece(), tokens_key, Texts{}), types_key, Integers{}), tokens_key, "is empty");
}

TEST_F(GgufVocabulary, RefusesValuesThatMakeNoSense) {
  expect_refused(with(byte_level(), types_key, Integers{C, N, N, 7, N, N, N, N}), types_key, "[3] is 7");
  expect_refused(with(byte_level(), types_key, Integers{0, N, N, N, N, N, N, N}), types_key, "[0] is 0");
  Floats scores = std::get<Floats>(sentencepiece().at(scores_key));
  scores[5] = std::nanf("");
  expect_refused(with(sentencepiece(), scores_key, scores), scores_key, "[5] is not a finite number");
}

TEST_F(GgufVocabulary, RefusesAPieceOfAbsurdLength) {
  Texts tokens = std::get<Texts>(sentencepiece().at(tokens_key));
  tokens[10] = std::string(2000, 'a');
  expect_refused(with(sentencepiece(), tokens_key, tokens), tokens_key, "[10] has 2000 bytes");
}

TEST_F(GgufVocabulary, RefusesATokenGivenTwice) {
  expect_refused(with(byte_level(), tokens_key, Texts{"<|end|>", "a", "b", "Ġ", "ab", "a", "1", "11"}), tokens_key,
                 "[1] and [5] are both \"a\"");
}

TEST_F(GgufVocabulary, RefusesIdsOutOfRange) {
  expect_refused(with(sentencepiece(), bos_key, 11U), bos_key, "is 11, but there are 11 tokens");
  expect_refused(with(with(sentencepiece(), eos_key, 99U), add_eos_key, true), eos_key, "is 99");
  expect_refused(with(sentencepiece(), unknown_key, 4000000000U), unknown_key, "is 4000000000");
}

TEST_F(GgufVocabulary, RefusesToAddATokenThatIsNotNamed) {
  expect_refused(without(sentencepiece(), bos_key), bos_key, "is missing");
  expect_refused(without(with(byte_level(), add_eos_key, true), eos_key), eos_key, "is missing");
}

TEST_F(GgufVocabulary, RefusesAVocabularyThatWouldSilentlyDropText) {
  expect_refused(without(sentencepiece(), unknown_key), unknown_key, "is missing");
}

TEST_F(GgufVocabulary, RefusesMergesOfNoTokens) {
  expect_refused(with(byte_level(), merges_key, Texts{"a b", "ab"}), merges_key, "[1] is \"ab\", not two tokens");
  expect_refused(with(byte_level(), merges_key, Texts{"a z"}), merges_key, "not all tokens");
  expect_refused(with(byte_level(), merges_key, Texts{"b a"}), merges_key, "not all tokens");
  expect_refused(with(byte_level(), merges_key, Texts{""}), merges_key, "not two tokens");
}

}  // namespace
}  // namespace tertium
