#include "tertium/protocols/question.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tertium/base/text.h"
#include "tertium/tasks/prompts.h"
#include "tertium/tokenizer/chat.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// Ids of the fixture's vocabulary, as its tokenizer.json lists them; BOS stands before every text.
constexpr TokenId kBos = 0, kColon = 27, kA = 34, kB = 35, a = 66, _ = 222, _c = 280, _a = 283, _b = 285, _an = 470,
                  _and = 1410;

const Tokenizer& tokenizer() {
  static const std::filesystem::path file = test::source_folder() / "tests/fixtures/tokens/llama3/tokenizer.json";
  static const Tokenizer tokenizer = Tokenizer::from_json(read_text_file(file), file.string());
  return tokenizer;
}

Question encode(std::string context, const std::vector<std::string>& options) {
  return encode_continuations(tokenizer(), "xcopa it, item 12", std::move(context), options);
}

Item item() {
  Item item;
  item.id = "12";
  item.language = "it";
  item.context = "a b";
  item.context_marks = {.premise = 3};
  item.options = {" c", " a b"};
  item.choices = {"c", "a b"};
  return item;
}

TEST(EncodePrompt, AddsBosUnlessTheTextSpellsIt) {
  EXPECT_THAT(encode_prompt(tokenizer(), "a b"), ElementsAre(kBos, a, _b));
  EXPECT_THAT(encode_prompt(tokenizer(), "<|begin_of_text|>a b"), ElementsAre(kBos, a, _b));
  EXPECT_THAT(tokenizer().encode("<|begin_of_text|>a b", true).ids, ElementsAre(kBos, kBos, a, _b));
  EXPECT_THAT(encode_prompt(tokenizer(), ""), ElementsAre(kBos));
}

TEST(EncodePrompt, KeepsTheTextsOwnRepetitions) {
  EXPECT_THAT(encode_prompt(tokenizer(), "<|begin_of_text|><|begin_of_text|>a"), ElementsAre(kBos, kBos, a));
}

TEST(LoglikQuestion, ContextThatSpellsItsBosHasOne) {
  const Question question = encode("<|begin_of_text|>a b", {" c"});
  EXPECT_THAT(question.context, ElementsAre(kBos, a, _b));
  EXPECT_THAT(question.options, ElementsAre(ElementsAre(_c)));
  EXPECT_FALSE(question.joint_swallowed);
  EXPECT_TRUE(question.spells_bos);
  EXPECT_FALSE(encode("a b", {" c"}).spells_bos);
}

TEST(LoglikQuestion, OptionsAreWhatTheContextLeavesOver) {
  const Question question = loglik_question(tokenizer(), "xcopa", item());
  EXPECT_EQ(question.name, "xcopa it, item 12");
  EXPECT_EQ(question.protocol, Protocol::loglik);
  EXPECT_THAT(question.context, ElementsAre(kBos, a, _b));
  EXPECT_THAT(question.options, ElementsAre(ElementsAre(_c), ElementsAre(_a, _b)));
  EXPECT_THAT(question.option_texts, ElementsAre(" c", " a b"));
  EXPECT_FALSE(question.joint_swallowed);
  EXPECT_EQ(question.last_row(), 2);
}

/// "a b" + " a"/" an", both before " c".
Item filled_item() {
  Item filled = item();
  filled.context = "a b ";
  filled.options = {"a c", "an c"};
  filled.scored_from = {1, 2};
  return filled;
}

TEST(LoglikQuestion, OfABlankScoresTheWordsBehindIt) {
  const Question question = loglik_question(tokenizer(), "xwinograd", filled_item());
  EXPECT_THAT(question.context, ElementsAre(kBos, a, _b));
  EXPECT_THAT(question.options, ElementsAre(ElementsAre(_a, _c), ElementsAre(_an, _c)));
  EXPECT_THAT(question.unscored, ElementsAre(1, 1));
  EXPECT_EQ(question.scored_tokens(1), 1u);
  EXPECT_THAT(question.option_texts, ElementsAre(" c", " c"));
  EXPECT_THAT(question.positions.at("last"), ElementsAre(2));
  EXPECT_THAT(question.positions.at("premise_end"), ElementsAre(2));
  EXPECT_FALSE(question.joint_swallowed);
}

TEST(LoglikQuestion, OfABlankThatATokenSpansBeginsWithWhatTheFilledSentencesShare) {
  Item filled = filled_item();
  filled.context = "a a";  // "a a" + "nd" is one token longer than "a" alone
  filled.context_marks = {.premise = 3};
  filled.options = {"nd c", " b c"};
  filled.scored_from = {2, 2};
  const Question question = loglik_question(tokenizer(), "xwinograd", filled);
  EXPECT_THAT(question.context, ElementsAre(kBos, a));
  EXPECT_THAT(question.options, ElementsAre(ElementsAre(_and, _c), ElementsAre(_a, _b, _c)));
  EXPECT_THAT(question.unscored, ElementsAre(1, 2));
  EXPECT_TRUE(question.joint_swallowed);
  EXPECT_THAT(question.positions.at("last"), ElementsAre(1));
  EXPECT_FALSE(question.positions.contains("premise_end")) << "its token is not in the context";
}

TEST(LoglikQuestion, TrailingSpaceOfTheContextMovesToTheOption) {
  const Question question = encode("a b ", {"c", "a"});
  EXPECT_THAT(question.context, ElementsAre(kBos, a, _b));
  EXPECT_THAT(question.options, ElementsAre(ElementsAre(_c), ElementsAre(_a)));
  EXPECT_FALSE(question.joint_swallowed);
  EXPECT_THAT(question.option_texts, ElementsAre("c", "a")) << "lengths are those of the options as given";
}

TEST(LoglikQuestion, AllTrailingSpaceMoves) {
  const Question question = encode("a \n ", {"c"});
  EXPECT_THAT(question.context, ElementsAre(kBos, a));
  EXPECT_EQ(question.options[0], tokenizer().encode(" \n c", false).ids);
}

TEST(LoglikQuestion, ContextOfSpaceAloneLeavesBosToPredict) {
  const Question question = encode(" ", {"c"});
  EXPECT_THAT(question.context, ElementsAre(kBos));
  EXPECT_THAT(question.options, ElementsAre(ElementsAre(_c)));
}

TEST(LoglikQuestion, EmptyOptionIsRefusedByItem) {
  EXPECT_EQ(
      error_of([] {
        encode("a b", {" c", ""});
      }),
      "xcopa it, item 12: option \"\" has no token of its own: with it the context \"…a b\" is no more tokens than "
      "without; begin the option with the space that joins them, or leave the item out");
}

TEST(LoglikQuestion, OptionThatOnlyLengthensTheLastTokenIsRefused) {
  EXPECT_THAT(error_of([] { encode("a b an", {"d"}); }), HasSubstr("item 12: option \"d\" has no token of its own"));
}

TEST(LoglikQuestion, SwallowedJointIsFlagged) {
  EXPECT_THAT(tokenizer().encode("a b and c", true).ids, ElementsAre(kBos, a, _b, _and, _c));
  const Question question = encode("a b an", {"d c", " c"});
  EXPECT_TRUE(question.joint_swallowed) << "by the first option, though not by the last";
  EXPECT_THAT(question.context, ElementsAre(kBos, a, _b, _an));
  EXPECT_THAT(question.options, ElementsAre(ElementsAre(_c), ElementsAre(_c))) << "what follows len(context) ids";
}

const LettersTemplate with_letters(std::vector<std::string> letters) {
  return {std::move(letters), "{option1} {option2}:", "prompts.toml"};
}

TEST(LettersQuestion, ReadsTheLastTokenOfEachLetter) {
  const Question question = letters_question(tokenizer(), "xcopa", item(), with_letters({" A", " B", " C"}));
  EXPECT_EQ(question.protocol, Protocol::letters);
  EXPECT_EQ(question.name, "xcopa it, item 12");
  EXPECT_THAT(tokenizer().encode(" A", false).ids, ElementsAre(_, kA)) << "here a letter's space is a token";
  EXPECT_THAT(question.options, ElementsAre(ElementsAre(kA), ElementsAre(kB))) << "as many letters as options";
  EXPECT_THAT(question.option_texts, ElementsAre(" A", " B"));
}

TEST(Letters, AreAskedInAChatByItsTemplate) {
  const ChatTemplate chat{.text =
                              "{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
                              "{% if add_generation_prompt %}<assistant>{% endif %}",
                          .special_tokens = {{"bos_token", "<|begin_of_text|>"}},
                          .origin = "a chat template"};
  const LettersTemplate letters = with_letters({"A", "B"});
  const Question question = letters_question(tokenizer(), "xcopa", item(), letters, &chat);
  EXPECT_EQ(question.context, encode_prompt(tokenizer(), "<user>" + fill(letters, item()).text + "<assistant>"));
}

TEST(LettersQuestion, ContextIsTheFilledPrompt) {
  const Question question = letters_question(tokenizer(), "xcopa", item(), with_letters({"A", "B"}));
  EXPECT_EQ(tokenizer().decode(question.context), "c a b:");
  EXPECT_EQ(question.context.front(), kBos);
  EXPECT_EQ(question.context[question.last_row()], kColon);
}

std::vector<Item> examples() {
  std::vector<Item> examples = {item(), item()};
  examples[0].context = "b";
  examples[0].gold = 1;
  examples[1].choices = {"x", "y"};
  return examples;
}

TEST(Examples, StandSolvedBeforeTheContext) {
  const Question question = loglik_question(tokenizer(), "xcopa", item(), examples());
  EXPECT_EQ(question.context, encode_prompt(tokenizer(), "b a b\n\na b c\n\na b"));
  EXPECT_THAT(question.options, ElementsAre(ElementsAre(_c), ElementsAre(_a, _b)));
}

TEST(Examples, StandBeforeThePromptWithTheirLetters) {
  const Question question =
      letters_question(tokenizer(), "xcopa", item(), with_letters({" A", " B"}), nullptr, examples());
  EXPECT_EQ(question.context, encode_prompt(tokenizer(), "c a b: B\n\nx y: A\n\nc a b:"));
  const int last = question.last_row();
  EXPECT_THAT(question.positions.at("colon"), ElementsAre(last));
  EXPECT_GT(question.positions.at("option_end").front(), last - 5) << "those of the item that is asked";
}

TEST(Examples, AreTurnsOfAChat) {
  const ChatTemplate chat{.text = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>",
                          .origin = "a chat template"};
  const Question question = letters_question(tokenizer(), "xcopa", item(), with_letters({"A", "B"}), &chat, examples());
  EXPECT_EQ(question.context,
            encode_prompt(tokenizer(), "<user>c a b:<assistant>B<user>x y:<assistant>A<user>c a b:<assistant>"));
}

TEST(Examples, GiveAllItemsOnePrefix) {
  Item other = item();
  other.context = other.choices[0] = "\u6c34 b";
  for (const bool letters : {false, true}) {
    const auto ask = [&](const Item& item) {
      return letters ? letters_question(tokenizer(), "xcopa", item, with_letters({" A", " B"}), nullptr, examples())
                     : loglik_question(tokenizer(), "xcopa", item, examples());
    };
    const Question one = ask(item()), two = ask(other);
    const std::size_t prefix =
        encode_prompt(tokenizer(), letters ? "c a b: B\n\nx y: A\n\n" : "b a b\n\na b c\n\n").size();
    ASSERT_GT(one.context.size(), prefix);
    EXPECT_TRUE(std::equal(one.context.begin(), one.context.begin() + static_cast<std::ptrdiff_t>(prefix),
                           two.context.begin()));
  }
}

TEST(Permuted, LettersStayWithTheItemsOwnOptions) {
  LettersTemplate letters = with_symbols({{" A", " B"}, "{options}:", "mine.toml"}, {"Q", "Z"});
  letters.order = {1, 0};
  const Question question = letters_question(tokenizer(), "xcopa", item(), letters);
  EXPECT_EQ(question.context, encode_prompt(tokenizer(), "Q: a b\nZ: c:"));
  EXPECT_THAT(question.option_texts, ElementsAre(" Z", " Q")) << "option 0 is listed second";
  EXPECT_EQ(question.options[0].back(), tokenizer().encode(" Z", false).ids.back());
  letters.order = {0, 1, 2};
  EXPECT_THAT(error_of([&] { letters_question(tokenizer(), "xcopa", item(), letters); }),
              HasSubstr("has 2 options, but others have 3"));
}

TEST(Permuted, PromptsMustListTheirOptionsByName) {
  Item named = item();
  named.fields = {{"first", "c"}, {"second", "a b"}};
  const LettersTemplate letters{{" A", " B"}, "A: {first} B: {second}", "mine.toml", {}, {1, 0}};
  EXPECT_THAT(error_of([&] { letters_question(tokenizer(), "xcopa", named, letters); }), HasSubstr("use {options}"));
  EXPECT_THAT(error_of([&] {
                with_symbols(letters, {"Q", "Z"});
              }),
              HasSubstr("mine.toml: the prompt spells its letters"));
}

TEST(TruncateLeft, KeepsBosAndTheEnd) {
  Question question = loglik_question(tokenizer(), "xcopa", item(), examples());
  const std::vector<TokenId> whole = question.context;
  const int length = static_cast<int>(whole.size());
  EXPECT_FALSE(truncate_left(question, {.context = length + 2, .vocabulary = 1500}, tokenizer()));
  EXPECT_TRUE(truncate_left(question, {.context = 6, .vocabulary = 1500}, tokenizer()));
  EXPECT_EQ(question.context, (std::vector<TokenId>{kBos, whole[length - 3], whole[length - 2], whole[length - 1]}));
  EXPECT_THAT(question.positions.at("last"), ElementsAre(3));
  EXPECT_THAT(question.positions.at("all"), ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(error_of([&] { demand_fits(question, {.context = 6, .vocabulary = 1500}); }), "");
  EXPECT_TRUE(truncate_left(question, {.context = 2, .vocabulary = 1500}, tokenizer()));
  EXPECT_THAT(error_of([&] { demand_fits(question, {.context = 2, .vocabulary = 1500}); }), HasSubstr("4 tokens"));
}

TEST(LettersQuestion, LettersOfOneLastTokenAreRefused) {
  EXPECT_THAT(error_of([] {
                letters_question(tokenizer(), "xcopa", item(), with_letters({"A", "(A"}));
              }),
              AllOf(HasSubstr("prompts.toml: letter \"(A\""), HasSubstr("choose other letters")));
  EXPECT_THAT(error_of([] {
                letters_question(tokenizer(), "xcopa", item(), with_letters({"A", ""}));
              }),
              HasSubstr("prompts.toml: letter \"\""));
}

TEST(LettersQuestion, BytesThatAllLettersBeginWithStandBehindThePrompt) {
  // In this vocabulary each of these takes three tokens, one a byte, of which only the last differs.
  const std::vector<TokenId> ka = tokenizer().encode("ক", false).ids, kha = tokenizer().encode("খ", false).ids;
  ASSERT_EQ(ka.size(), 3u);
  const Question question = letters_question(tokenizer(), "xcopa", item(), with_letters({"ক", "খ"}));
  std::vector<TokenId> prompt = encode_prompt(tokenizer(), "c a b:");
  const int colon = static_cast<int>(prompt.size()) - 1;
  prompt.insert(prompt.end(), {ka[0], ka[1]});
  EXPECT_EQ(question.context, prompt);
  EXPECT_THAT(question.options, ElementsAre(ElementsAre(ka[2]), ElementsAre(kha[2])));
  EXPECT_THAT(question.positions.at("last"), ElementsAre(question.last_row()));
  EXPECT_THAT(question.positions.at("colon"), ElementsAre(colon));
  EXPECT_THAT(question.positions.at("answer_word"), testing::Contains(colon));
  EXPECT_EQ(question.positions.at("all").back(), question.last_row());
}

TEST(LettersQuestion, LettersThatDifferBeforeTheirLastTokenAreRefused) {
  for (const char* other : {"௧", "A"})
    EXPECT_THAT(
        error_of([&] {
          letters_question(tokenizer(), "xcopa", item(), with_letters({"ক", other}));
        }),
        AllOf(HasSubstr("prompts.toml: the letters \"ক\" and \""), HasSubstr("choose letters of one token each")));
}

TEST(DemandFits, CountsTheContextAndTheLongestOption) {
  const Question question = loglik_question(tokenizer(), "xcopa", item());  // 3 and 2 tokens
  EXPECT_EQ(error_of([&] { demand_fits(question, {.context = 5, .vocabulary = 1500}); }), "");
  EXPECT_EQ(error_of([&] { demand_fits(question, {.context = 4, .vocabulary = 1500}); }),
            "xcopa it, item 12: 5 tokens, but the model's context holds 4; shorten the item, or set task.too_long to "
            "\"cut\" or \"leave_out\"");
}

TEST(DemandFits, LettersNeedNoRoomBehindThePrompt) {
  const Question question{.protocol = Protocol::letters, .context = {1, 2, 3}, .options = {{4}, {5}}};
  EXPECT_EQ(error_of([&] { demand_fits(question, {.context = 3, .vocabulary = 6}); }), "");
  EXPECT_THAT(error_of([&] { demand_fits(question, {.context = 2, .vocabulary = 6}); }), HasSubstr("3 tokens"));
}

TEST(DemandFits, RefusesIdsWithoutAnEmbedding) {
  const Question in_option{.name = "it", .context = {1, 2}, .options = {{4}, {3, 7}}};
  EXPECT_EQ(error_of([&] { demand_fits(in_option, {.context = 9, .vocabulary = 8}); }), "");
  EXPECT_THAT(error_of([&] { demand_fits(in_option, {.context = 9, .vocabulary = 7}); }),
              HasSubstr("it: the tokenizer gives the id 7, but the model embeds 7"));
  const Question in_context{.context = {7, 2}, .options = {{4}}};
  EXPECT_THAT(error_of([&] { demand_fits(in_context, {.context = 9, .vocabulary = 7}); }), HasSubstr("the id 7"));
}

TEST(DemandFits, RefusesATextWithoutTokens) {
  const Question question{.name = "it", .protocol = Protocol::letters, .options = {{4}, {5}}};
  EXPECT_EQ(error_of([&] { demand_fits(question, {.context = 3, .vocabulary = 6}); }),
            "it: the text has no tokens; is it empty?");
}

TEST(ProtocolNamed, IsTheInverseOfToString) {
  for (const Protocol protocol : {Protocol::loglik, Protocol::letters})
    EXPECT_EQ(protocol_named(to_string(protocol)), protocol);
  EXPECT_EQ(error_of([] { protocol_named("letter"); }),
            "protocol \"letter\": tertium knows loglik, loglik:norm, loglik:bytes, letters");
}

}  // namespace
}  // namespace tertium
