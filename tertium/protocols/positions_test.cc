#include "tertium/protocols/positions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unicode/normalizer2.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "tertium/base/text.h"
#include "tertium/protocols/question.h"
#include "tertium/tasks/json_lines.h"
#include "tertium/tasks/prompts.h"
#include "tertium/tokenizer/chat.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;
using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::Key;
using testing::Not;

constexpr std::string_view kTokenizers[] = {"llama3", "spm_bpe"};  // byte-level BPE, and SentencePiece's

Tokenizer tokenizer(std::string_view name) {
  return Tokenizer::open(test::source_folder() / "tests/fixtures/tokens" / name);
}

/// The text up to and with a row.
std::string until(const Tokenizer& tokenizer, const Question& question, int row) {
  return tokenizer.decode({question.context.data(), static_cast<std::size_t>(row) + 1});
}

Item belebele(std::string passage, std::string question, std::vector<std::string> answers) {
  const JsonLine line{{{"flores_passage", passage},
                       {"question", question},
                       {"mc_answer1", answers.at(0)},
                       {"mc_answer2", answers.at(1)},
                       {"mc_answer3", answers.at(2)},
                       {"mc_answer4", answers.at(3)},
                       {"question_number", 1},
                       {"correct_answer_num", 1}},
                      "x:1"};
  Item item = task_named("belebele").item(line, "zh");
  item.fields = {{"flores_passage", passage}, {"question", question}};
  return item;
}

Item chinese() {
  return belebele("男孩失手把玻璃杯掉在了石头地板上。", "玻璃杯怎么了？", {"摔碎了", "装满了水", "没有了", "卖了"});
}

void expect_row_ends(const Tokenizer& tokenizer, const Question& question, const std::string& name, std::size_t index,
                     const std::string& with) {
  const std::vector<int>& rows = question.positions.at(name);
  ASSERT_LT(index, rows.size());
  EXPECT_THAT(until(tokenizer, question, rows[index]), EndsWith(with)) << name;
  ASSERT_GT(rows[index], 0);
  EXPECT_THAT(until(tokenizer, question, rows[index] - 1), Not(EndsWith(with))) << name << ": a token too late";
}

TEST(Positions, AreFoundInAScriptWithoutSpaces) {
  for (const std::string_view name : kTokenizers) {
    SCOPED_TRACE(name);
    const Tokenizer tokens = tokenizer(name);
    const Item item = chinese();
    for (const Question& question :
         {letters_question(tokens, "belebele", item, letters_template(task_named("belebele"), "")),
          loglik_question(tokens, "belebele", item)}) {
      expect_row_ends(tokens, question, "premise_end", 0, "地板上。");
      expect_row_ends(tokens, question, "question_end", 0, "怎么了？");
      ASSERT_EQ(question.positions.at("option_end").size(), 4u);
      for (std::size_t k = 0; k < 4; ++k) expect_row_ends(tokens, question, "option_end", k, item.choices[k]);
      EXPECT_THAT(question.positions.at("last"), ElementsAre(question.last_row()));
    }
  }
}

TEST(Positions, OfALettersPromptKnowItsEnd) {
  for (const std::string_view name : kTokenizers) {
    SCOPED_TRACE(name);
    const Tokenizer tokens = tokenizer(name);
    const LettersTemplate letters{{"A", "B", "C", "D"}, "{question} {options}\n\nAnswer: ", "mine.toml"};
    const Question question = letters_question(tokens, "belebele", chinese(), letters);
    expect_row_ends(tokens, question, "colon", 0, "Answer:");
    const int last = question.last_row();
    EXPECT_THAT(question.positions.at("answer_word"), ElementsAre(last - 2, last - 1, last));
    EXPECT_THAT(loglik_question(tokens, "belebele", chinese()).positions, Not(Contains(Key("colon"))));
  }
}

TEST(Positions, AreWhereTheTemplateOfAUserPutsThem) {
  const Tokenizer tokens = tokenizer("llama3");
  const LettersTemplate letters{
      {"A", "B", "C", "D"},
      "{mc_answer1}|{mc_answer2}|{mc_answer3}|{mc_answer4}\n{question}\n{flores_passage}\n答案：",
      "mine.toml",
      task_named("belebele").roles};
  const Question question = letters_question(tokens, "belebele", chinese(), letters);
  expect_row_ends(tokens, question, "option_end", 0, "摔碎了");
  expect_row_ends(tokens, question, "option_end", 3, "卖了");
  expect_row_ends(tokens, question, "colon", 0, "答案：");
  EXPECT_LT(question.positions.at("question_end"), question.positions.at("premise_end"));
}

TEST(Positions, MarkersAreAllOfThemAtOnceAndAllIsEveryRow) {
  const Tokenizer tokens = tokenizer("llama3");
  const Question question =
      letters_question(tokens, "belebele", chinese(), letters_template(task_named("belebele"), ""));
  std::set<int> rows;
  for (const char* name : {"last", "colon", "answer_word", "question_end", "premise_end", "option_end"})
    rows.insert(question.positions.at(name).begin(), question.positions.at(name).end());
  EXPECT_THAT(question.positions.at("markers"), testing::ElementsAreArray(rows));
  EXPECT_EQ(question.positions.at("markers").size(), 1u + 1 + 4 + 3) << "the last token is the colon";
  EXPECT_EQ(question.positions.at("all").size(), question.context.size());
  EXPECT_EQ(question.positions.at("all").front(), 0);
}

TEST(Positions, APartThatEndsWithinATokenEndsInThatToken) {
  // Tokens "ab", "c\n", "d" of the text "abc\nd", and a BOS.
  const Encoding encoding{{0, 1, 2, 3}, {{0, 0}, {0, 2}, {2, 4}, {4, 5}}};
  const NamedRows positions = find_positions(encoding, {.premise = 3, .question = 2});
  EXPECT_THAT(positions.at("premise_end"), ElementsAre(2));
  EXPECT_THAT(positions.at("question_end"), ElementsAre(1));
  EXPECT_THAT(positions.at("markers"), ElementsAre(1, 2, 3));
}

TEST(Positions, ACharacterOfSeveralTokensEndsInTheirLast) {
  const Encoding encoding{{7, 8, 9, 4}, {{0, 3}, {0, 3}, {0, 3}, {3, 4}}};
  EXPECT_THAT(find_positions(encoding, {.premise = 3}).at("premise_end"), ElementsAre(2));
}

TEST(Positions, OptionsThatEndInOneTokenHaveNone) {
  const Encoding encoding{{1, 2}, {{0, 2}, {2, 3}}};
  EXPECT_THAT(find_positions(encoding, {.options = {1, 2}}), Not(Contains(Key("option_end"))));
  EXPECT_THAT(find_positions(encoding, {.options = {0, 2}}), Not(Contains(Key("option_end")))) << "one is not listed";
  EXPECT_THAT(find_positions(encoding, {.options = {3, 2}}).at("option_end"), ElementsAre(0, 1));
}

TEST(Positions, WhatATextLacksIsAbsent) {
  const NamedRows positions = find_positions({{5, 6}, {{0, 0}, {0, 2}}}, {});
  EXPECT_THAT(positions, testing::UnorderedElementsAre(Key("last"), Key("markers"), Key("all")));
  EXPECT_TRUE(find_positions({}, {}).empty());
}

TEST(Positions, OfALoglikContextOutliveItsTrailingSpace) {
  const Tokenizer tokens = tokenizer("llama3");
  const JsonLine line{{{"id", "1"}, {"context", "It rained, so "}, {"options", {"it", "he"}}, {"gold", 0}}, "x:1"};
  const Question question = loglik_question(tokens, "items", task_named("items").item(line, "en"));
  EXPECT_EQ(question.positions.at("premise_end"), question.positions.at("last"));
}

TEST(Positions, OfXcopaEndThePremiseBeforeTheConnector) {
  const JsonLine line{{{"premise", "The rain came."},
                       {"choice1", "A."},
                       {"choice2", "B."},
                       {"question", "cause"},
                       {"label", 0},
                       {"idx", 1}},
                      "x:1"};
  const Tokenizer tokens = tokenizer("llama3");
  const Question question = loglik_question(tokens, "xcopa", task_named("xcopa").item(line, "en"));
  expect_row_ends(tokens, question, "premise_end", 0, "came");
  EXPECT_LT(question.positions.at("premise_end"), question.positions.at("last"));
}

TEST(Positions, AreFoundInsideAChat) {
  const Tokenizer tokens = tokenizer("llama3");
  const ChatTemplate chat{.text =
                              "{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}</end>"
                              "{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}",
                          .special_tokens = {{"bos_token", "<|begin_of_text|>"}},
                          .origin = "a chat template"};
  const LettersTemplate letters{
      {"A", "B", "C", "D"}, "{flores_passage}\n{options}\nAnswer: ", "mine.toml", task_named("belebele").roles};
  const Question question = letters_question(tokens, "belebele", chinese(), letters, &chat);
  expect_row_ends(tokens, question, "premise_end", 0, "地板上。");
  expect_row_ends(tokens, question, "option_end", 3, "卖了");
  expect_row_ends(tokens, question, "colon", 0, "Answer:");
  EXPECT_EQ(question.positions.at("answer_word").back(), question.positions.at("colon").front());
  EXPECT_LT(question.positions.at("colon").front(), question.last_row()) << "the chat goes on behind the prompt";
}

TEST(Positions, ATextThatLosesTokensLosesTheirPositions) {
  const NamedRows rows = {
      {"last", {9}}, {"option_end", {4, 7}}, {"colon", {8}}, {"markers", {4, 7, 8, 9}}, {"all", {0, 4, 9}}};
  EXPECT_EQ(without_rows(rows, 1, 5),
            (NamedRows{{"last", {4}}, {"colon", {3}}, {"markers", {2, 3, 4}}, {"all", {0, 4}}}));
}

TEST(DemandPosition, ListsTheKnownAndTheNearest) {
  for (const std::string& name : position_names()) EXPECT_EQ(error_of([&] { demand_position(name); }), "");
  EXPECT_EQ(error_of([] { demand_position("option_ends"); }),
            "no position \"option_ends\"; did you mean \"option_end\"? The positions are last, colon, answer_word, "
            "question_end, premise_end, option_end, markers, all, source_end, source, everywhere");
}

// ---- Decomposed text

/// Parts of texts that compose within themselves only.
const std::vector<std::vector<std::string>> kDecomposed = {
    {"Who paid in the ", "cafe\u0301", "?\n", "A. ", "the coupe\u0301", "\n", "B. ", "Ana", "\n"},
    {"Vie\u0302\u0323t", " Nam ", "o\u031b\u0309", " thu\u031b\u0301", ".",
     " Ha\u0300 No\u0323\u0302i"},                                           // marks out of order
    {"\u1112\u1161\u11ab", "\u1100\u116e\u11a8", " ", "\u1102\u1161", "?"},  // jamo
    {"\u09af\u09bc", "\u09a1\u09bc", " ", "\u0915\u093c", "\u0964"},         // nukta: these stay apart, or come apart
    {"\u0958", "\u09df ", "a"},                                              // longer when composed
    {"\u0301", "e\u0301", " x", "e\u0301\u0302\u0323"},                      // at the start and at the end
    {"\ufb01nd", " \ufb03", "e\u0301", " \u2460", "½", "\uff21\u030a", "."},
    {"e\u0301", "e\u0301", "\n\n", "\u212b", "\u2126", "x\u0340"},
    {"🙂", "n\u0303", "👩\u200d🚀", "o\u0308", "\u0130", "i\u0307"}};

std::string composed(const std::string& text, const icu::Normalizer2* form) {
  UErrorCode status = U_ZERO_ERROR;
  std::string out;
  form->normalize(icu::UnicodeString::fromUTF8(text), status).toUTF8String(out);
  EXPECT_TRUE(U_SUCCESS(status));
  return out;
}

/// The row at which the first `size` bytes of a text end.
std::vector<int> row_at(const Tokenizer& tokenizer, const std::string& text, std::size_t size) {
  const NamedRows rows = find_positions(tokenizer.encode(text, true), {.question = size});
  return rows.contains("question_end") ? rows.at("question_end") : std::vector<int>{};
}

/// Wherever a part ends in a text, it ends in the row at which it ends in the composed text.
void expect_ends_of_the_composed_text(const Tokenizer& tokenizer, const icu::Normalizer2* form) {
  for (const std::vector<std::string>& parts : kDecomposed) {
    std::string text, whole;
    for (const std::string& part : parts) whole += part;
    const std::string composed_whole = composed(whole, form);
    ASSERT_EQ(tokenizer.encode(whole, true).ids, tokenizer.encode(composed_whole, true).ids) << whole;
    for (const std::string& part : parts) {
      text += part;
      const std::size_t size = composed(text, form).size();
      const std::vector<int> row = row_at(tokenizer, whole, text.size());
      EXPECT_EQ(row.size(), 1u) << text;
      EXPECT_EQ(row, row_at(tokenizer, composed_whole, size)) << text << "| of " << whole;
    }
  }
}

/// A byte-level tokenizer that normalizes as `type` says.
Tokenizer normalizing(const std::string& type) {
  const std::filesystem::path file = test::source_folder() / "tests/fixtures/tokens/llama3/tokenizer.json";
  nlohmann::json json = nlohmann::json::parse(read_text_file(file));
  json["normalizer"] = {{"type", type}};
  return Tokenizer::from_json(json.dump(), type);
}

TEST(Positions, OfDecomposedTextAreThoseOfTheComposedTextWhereATokenizerComposes) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  const icu::Normalizer2* nfkc = icu::Normalizer2::getNFKCInstance(status);
  ASSERT_TRUE(U_SUCCESS(status));
  expect_ends_of_the_composed_text(normalizing("NFC"), nfc);
  expect_ends_of_the_composed_text(normalizing("NFKC"), nfkc);
  expect_ends_of_the_composed_text(normalizing("NFD"), nfc);
  expect_ends_of_the_composed_text(normalizing("NFKD"), nfkc);
}

TEST(Positions, OfDecomposedTextAreThoseOfTheComposedTextUnderQwensAndCoheresOwnTokenizers) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  for (const char* name : {"qwen2", "cohere"}) {
    const std::filesystem::path folder = test::shared_folder() / "tokens" / name;
    if (!std::filesystem::exists(folder)) GTEST_SKIP() << "SKIPPED: needs " << folder;
    expect_ends_of_the_composed_text(Tokenizer::open(folder), nfc);
  }
}

}  // namespace
}  // namespace tertium
