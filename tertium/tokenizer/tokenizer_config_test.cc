#include "tertium/tokenizer/tokenizer_config.h"

#include <gtest/gtest.h>

#include "tertium/tokenizer/chat.h"
#include "tertium/tokenizer/tokenizer.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<TokenId>;
using test::error_of;

constexpr TokenId kBos = 1, kEos = 2;
constexpr TokenId kNew = 805;  // behind the fixture's 800 pieces, with a hole

/// The spm_bpe fixture with configurations beside it.
class SentencepieceFolder : public test::FolderTest {
 protected:
  SentencepieceFolder() {
    fs::copy(test::source_folder() / "tests/fixtures/tokens/spm_bpe/tokenizer.model", folder / "tokenizer.model");
  }
  Ids encode(const std::string& text, bool add_special = true) const {
    return Tokenizer::open(folder).encode(text, add_special).ids;
  }
  void configure(const std::string& json) const { temporary.write("tokenizer_config.json", json); }
  void expect_refused(const std::string& part) const {
    const std::string error = error_of([&] { Tokenizer::open(folder); });
    EXPECT_TRUE(error.starts_with((folder / "tokenizer_config.json").string() + ": ")) << error;
    EXPECT_NE(error.find(part), std::string::npos) << error;
  }
};

TEST_F(SentencepieceFolder, AloneGivesBosBeforeAndFindsNoSpecialTokens) {
  const Ids ids = encode("<s>");
  EXPECT_EQ(ids.front(), kBos);
  EXPECT_GT(ids.size(), 2U);
  EXPECT_EQ(Tokenizer::open(folder).decode(encode("the cat")), "the cat");
}

TEST_F(SentencepieceFolder, WithAConfigurationFindsSpecialTokens) {
  configure("{}");
  EXPECT_EQ(encode("<s>"), (Ids{kBos, kBos}));
  EXPECT_EQ(encode("</s>", false), Ids{kEos});
}

TEST_F(SentencepieceFolder, AddsBosAndEosAsConfigured) {
  configure(R"({"add_bos_token":false,"add_eos_token":true})");
  EXPECT_EQ(encode(""), Ids{kEos});
  configure(R"({"add_bos_token":true,"bos_token":{"content":"</s>"},"add_eos_token":false})");
  EXPECT_EQ(encode(""), Ids{kEos});
}

TEST_F(SentencepieceFolder, TakesTheTokensThatAreAdded) {
  configure(R"({"added_tokens_decoder":{"805":{"content":"<|x|>","special":true,"rstrip":true}}})");
  EXPECT_EQ(encode("<|x|>   ", false), Ids{kNew});
  EXPECT_EQ(Tokenizer::open(folder).piece(kNew), "<|x|>");
  EXPECT_EQ(Tokenizer::open(folder).piece(kNew - 1), "");
  configure("{}");
  temporary.write("added_tokens.json", R"({"<|x|>":805})");
  EXPECT_EQ(encode("<|x|>", false), Ids{kNew});
}

TEST_F(SentencepieceFolder, PutsASpaceBehindSpecialTokensOnlyIfLegacy) {
  configure(R"({"legacy":false})");
  const Ids plain = encode("</s>the", false);
  configure(R"({"legacy":true})");
  const Ids legacy = encode("</s>the", false), word = encode("the", false);
  EXPECT_NE(plain, legacy);
  EXPECT_EQ(Ids(legacy.begin() + 1, legacy.end()), word);
}

TEST_F(SentencepieceFolder, NamesTheFilesThatItsTokenizerWasReadFromAndNoOthers) {
  using Files = std::vector<fs::path>;
  temporary.write("chat_template.jinja", "{{ messages }}");
  EXPECT_EQ(Tokenizer::open(folder).files(), Files{folder / "tokenizer.model"});
  configure("{}");
  temporary.write("added_tokens.json", "{}");
  EXPECT_EQ(Tokenizer::open(folder).files(),
            (Files{folder / "tokenizer.model", folder / "tokenizer_config.json", folder / "added_tokens.json"}));
  EXPECT_EQ(ChatTemplate::open(folder).files,
            (Files{folder / "tokenizer_config.json", folder / "added_tokens.json", folder / "chat_template.jinja"}));
  fs::copy(test::source_folder() / "tests/fixtures/tokens/llama3/tokenizer.json", folder / "tokenizer.json");
  EXPECT_EQ(Tokenizer::open(folder).files(),
            (Files{folder / "tokenizer.json", folder / "tokenizer_config.json", folder / "added_tokens.json"}));
}

/// The llama3 fixture, which has <|begin_of_text|> and <|end|>, with configurations beside it. The ids are what
/// transformers 5.23 gives.
class TokenizerJsonFolder : public test::FolderTest {
 protected:
  TokenizerJsonFolder() {
    fs::copy(test::source_folder() / "tests/fixtures/tokens/llama3/tokenizer.json", folder / "tokenizer.json");
  }
  Ids encode(const std::string& json) const {
    temporary.write("tokenizer_config.json", json);
    return Tokenizer::open(folder).encode("The <|end|>cat<|new|> 123", true).ids;
  }
  const Ids plain = {0, 375, 222, 1, 68, 326, 29, 93, 859, 88, 93, 31, 222, 18, 19, 20};
  const Ids grown = {0, 375, 222, 1, 68, 326, 1500, 222, 18, 19, 20};
};

TEST_F(TokenizerJsonFolder, GetsTheTokensThatItsConfigurationAdds) {
  EXPECT_EQ(encode("{}"), plain);
  EXPECT_EQ(encode(R"({"bos_token":"<|begin_of_text|>","eos_token":"<|end|>"})"), plain);
  EXPECT_EQ(encode(R"({"pad_token":"<|new|>"})"), grown);
  EXPECT_EQ(encode(R"({"additional_special_tokens":["<|new|>"]})"), grown);
  EXPECT_EQ(encode(R"({"added_tokens_decoder":{"1500":{"content":"<|new|>","special":true}}})"), grown);
}

TEST_F(TokenizerJsonFolder, GetsTheFlagsOfTokensThatItsConfigurationChanges) {
  EXPECT_EQ(encode(R"({"added_tokens_decoder":{"1":{"content":"<|end|>","lstrip":true,"special":true}}})"),
            (Ids{0, 375, 1, 68, 326, 29, 93, 859, 88, 93, 31, 222, 18, 19, 20}));
  EXPECT_EQ(encode(R"({"split_special_tokens":true})"),
            (Ids{0, 375, 222, 29, 93, 634, 93, 31, 68, 326, 29, 93, 859, 88, 93, 31, 222, 18, 19, 20}));
}

TEST_F(TokenizerJsonFolder, WithAnotherSplitInItsConfigurationIsRefused) {
  const std::string error = error_of([&] { encode(R"({"fix_mistral_regex":true})"); });
  EXPECT_TRUE(error.starts_with((folder / "tokenizer_config.json").string() + ": \"fix_mistral_regex\" wants")) << error;
}

TEST_F(SentencepieceFolder, RefusesABadConfigurationByItsKey) {
  configure("[");
  expect_refused("not valid JSON");
  configure(R"({"add_bos_token":"yes"})");
  expect_refused("\"add_bos_token\" must be true or false");
  configure(R"({"bos_token":{"content":7}})");
  expect_refused("\"bos_token\" must be a text");
  configure(R"({"added_tokens_decoder":{"x":{"content":"a"}}})");
  expect_refused("\"x\" is no id");
  configure(R"({"added_tokens_decoder":{"99999999":{"content":"a"}}})");
  expect_refused("far outside the vocabulary");
  configure(R"({"added_tokens_decoder":{"5":{"content":"<s>"}}})");
  expect_refused("has the ids 1 and 5");
}

TEST_F(SentencepieceFolder, SplitsSpecialTokensIfConfigured) {
  configure(R"({"split_special_tokens":false})");
  EXPECT_EQ(encode("<s>", false), Ids{kBos});
  configure(R"({"split_special_tokens":true})");
  EXPECT_GT(encode("<s>", false).size(), 2U);
}

TEST_F(SentencepieceFolder, KeysThatTransformersIgnoresChangeNothing) {
  const std::string text = "Hello the Cat\n<s>x  y";
  configure("{}");
  const Ids ids = encode(text);
  configure(R"({"sp_model_kwargs":{"enable_sampling":true,"alpha":0.1},"do_lower_case":true,"remove_space":true,)"
            R"("keep_accents":false,"spaces_between_special_tokens":true,"clean_up_tokenization_spaces":true,)"
            R"("add_dummy_prefix":false,"model_max_length":1,"padding_side":"left"})");
  EXPECT_EQ(encode(text), ids);
}

TEST_F(SentencepieceFolder, RefusesADeepConfiguration) {
  configure(std::string(200000, '['));
  expect_refused("nests more than");
}

// What transformers 5.23 makes of the same files.

TEST_F(SentencepieceFolder, OlderFilesCountMoreThanAConfigurationWithoutAddedTokens) {
  temporary.write("special_tokens_map.json", R"({"bos_token":"</s>","eos_token":null,"unk_token":{"content":"<unk>"}})");
  configure(R"({"bos_token":"<s>","eos_token":"</s>"})");
  EXPECT_EQ(read_tokenizer_config(folder).special_tokens,
            (std::map<std::string, std::string>{{"bos_token", "</s>"}, {"unk_token", "<unk>"}}));
  configure(R"({"bos_token":"<s>","eos_token":"</s>","added_tokens_decoder":{}})");
  EXPECT_EQ(read_tokenizer_config(folder).special_tokens,
            (std::map<std::string, std::string>{{"bos_token", "<s>"}, {"eos_token", "</s>"}}));
}

TEST_F(SentencepieceFolder, ExtraSpecialTokensMayHaveNames) {
  configure(R"({"bos_token":"<s>","image_token":"<i>","extra_special_tokens":{"audio_token":"<a>"}})");
  EXPECT_EQ(read_tokenizer_config(folder).special_tokens,
            (std::map<std::string, std::string>{
                {"audio_token", "<a>"}, {"bos_token", "<s>"}, {"image_token", "<i>"}}));
}

TEST_F(TokenizerJsonFolder, IgnoresWhatTransformersIgnoresBesideIt) {
  const std::string text = "the cat";
  const Ids ids = Tokenizer::open(folder).encode(text, true).ids;
  temporary.write("tokenizer_config.json",
                  R"({"add_bos_token":false,"add_eos_token":true,"add_prefix_space":true,"legacy":true,"do_lower_case":true,)"
                  R"("clean_up_tokenization_spaces":true,"model_max_length":1,"padding_side":"left"})");
  EXPECT_EQ(Tokenizer::open(folder).encode(text, true).ids, ids);
}

}  // namespace
}  // namespace tertium
