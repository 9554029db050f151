#include "tertium/tokenizer/sentencepiece_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "tertium/tokenizer/tokenizer.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using Ids = std::vector<TokenId>;
using test::error_of;

// ---- A ModelProto, written byte by byte

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(0x80 | (value & 0x7F));
  return bytes + static_cast<char>(value);
}
std::string number(int field, std::uint64_t value) { return varint(field << 3) + varint(value); }
std::string bytes(int field, const std::string& value) { return varint(field << 3 | 2) + varint(value.size()) + value; }
std::string real(int field, float value) {
  return varint(field << 3 | 5) + std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

enum : int { N = 1, U = 2, C = 3, D = 4, X = 5, B = 6 };
std::string piece(const std::string& text, float score, int type = N) {
  return bytes(1, bytes(1, text) + real(2, score) + number(3, type));
}
std::string trainer(const std::string& fields) { return bytes(2, fields); }
std::string normalizer(const std::string& fields) { return bytes(3, fields); }

const std::string unigram = trainer(number(3, 1)), bpe = trainer(number(3, 2));
const std::string plain = normalizer(number(3, 0) + number(4, 0));  // no space before, none removed

/// Ids: 0 <unk>, 1 <s>, 2 a, 3 b, 4 c, 5 ab, 6 bc
std::string letters() {
  return piece("<unk>", 0, U) + piece("<s>", 0, C) + piece("a", -5) + piece("b", -5) + piece("c", -5) +
         piece("ab", -2) + piece("bc", -2);
}

Ids encode(const std::string& model, const std::string& text) {
  Pieces pieces = parse_sentencepiece_model(model, "m");
  pieces.special_in_text = false;  // as SentencePiece has it
  return Tokenizer::from_json(tokenizer_json(pieces), "m").encode(text, false).ids;
}

std::string refusal(const std::string& model) {
  return error_of([&] { parse_sentencepiece_model(model, "tokenizer.model"); });
}
void expect_refused(const std::string& model, const std::string& part) {
  const std::string error = refusal(model);
  EXPECT_TRUE(error.starts_with("tokenizer.model: ")) << error;
  EXPECT_NE(error.find(part), std::string::npos) << error;
}

TEST(SentencepieceModel, MergesTheLeftmostOfEqualPairs) {
  EXPECT_EQ(encode(letters() + bpe + plain, "abc"), (Ids{5, 4}));
  EXPECT_EQ(encode(letters() + bpe + plain, "bcabc"), (Ids{6, 5, 4}));
}

TEST(SentencepieceModel, TakesUnusedPiecesApartAgain) {
  const std::string model = letters() + piece("abc", -1, X) + bpe + plain;
  EXPECT_EQ(encode(model, "abc"), (Ids{5, 4}));
  EXPECT_EQ(encode(letters() + piece("abc", -1) + bpe + plain, "abc"), (Ids{7}));
}

TEST(SentencepieceModel, FindsUserDefinedPiecesBeforeAllElse) {
  const std::string model = letters() + piece("bca", 0, D) + plain;
  for (const std::string& kind : {bpe, unigram}) EXPECT_EQ(encode(model + kind, "abca"), (Ids{2, 7}));
}

TEST(SentencepieceModel, NeverFindsControlPiecesOrUnknownOnesInATextAlone) {
  for (const std::string& kind : {bpe, unigram}) EXPECT_EQ(encode(letters() + kind + plain, "a<s>b"), (Ids{2, 0, 3}));
}

TEST(SentencepieceModel, TakesTheBestPathOfAUnigramModel) {
  EXPECT_EQ(encode(letters() + unigram + plain, "abc"), (Ids{2, 6})) << "of two equal ones, as SentencePiece";
  EXPECT_EQ(encode(letters() + piece("abc", -7.5) + unigram + plain, "abc"), (Ids{2, 6}));
  EXPECT_EQ(encode(letters() + piece("abc", -6.5) + unigram + plain, "abc"), (Ids{7}));
}

TEST(SentencepieceModel, JoinsARunOfUnknownCharacters) {
  EXPECT_EQ(encode(letters() + unigram + plain, "axyzb"), (Ids{2, 0, 3}));
}

TEST(SentencepieceModel, DefaultsToASpaceBeforeAndNoneTwice) {
  const std::string model = letters() + piece("▁", -3) + unigram;
  EXPECT_EQ(encode(model, "  a   b "), (Ids{7, 2, 7, 3}));
  EXPECT_EQ(encode(model + normalizer(number(4, 0)), " a "), (Ids{7, 7, 2, 7}));
  EXPECT_EQ(encode(model + trainer(number(24, 1)), "a b"), (Ids{2, 7, 3, 7})) << "white space as a suffix";
}

TEST(SentencepieceModel, LaterFieldsReplaceAndUnknownOnesAreSkipped) {
  const std::string model = letters() + bpe + unigram + plain + bytes(99, "x") + number(98, 7) + real(97, 1);
  EXPECT_EQ(parse_sentencepiece_model(model, "m").algorithm, Pieces::Algorithm::unigram);
}

TEST(SentencepieceModel, BosIsAControlPieceOfItsName) {
  EXPECT_EQ(parse_sentencepiece_model(letters(), "m").bos->id, 1U);
  EXPECT_FALSE(parse_sentencepiece_model(letters(), "m").eos);
  EXPECT_FALSE(parse_sentencepiece_model(letters() + trainer(bytes(46, "a")), "m").bos);
}

// ---- Errors

TEST(SentencepieceModel, RefusesAModelThatIsCutShortAnywhere) {
  const std::string model = letters() + bpe + plain;
  for (std::size_t size = 0; size < letters().size(); ++size) {
    const std::string cut = model.substr(0, size);
    error_of([&] { Tokenizer::from_json(tokenizer_json(parse_sentencepiece_model(cut, "m")), "m"); });
  }
  expect_refused(model.substr(0, 3), "no SentencePiece model");
}

TEST(SentencepieceModel, RefusesGarbage) {
  expect_refused("", "no pieces");
  expect_refused("hello", "no SentencePiece model");
  expect_refused(std::string(100, '\xff'), "no SentencePiece model");
  expect_refused(varint(1 << 3 | 2) + varint(~0ULL), "no SentencePiece model");
}

TEST(SentencepieceModel, RefusesWhatMakesNoSense) {
  expect_refused(letters() + trainer(number(3, 3)), "model_type is 3");
  expect_refused(letters() + piece("a", -1), "pieces[2] and [7] are both \"a\"");
  expect_refused(letters() + piece("<u>", 0, U), "both the unknown one");
  expect_refused(piece("a", -1), "no piece is the unknown one");
  expect_refused(letters() + piece("", -1), "pieces[7] is empty");
  expect_refused(letters() + piece("\xff", -1), "pieces[7] is not UTF-8");
  expect_refused(letters() + piece("x", -1, 9), "pieces[7].type is 9");
  expect_refused(letters() + piece("x", std::nanf("")), "pieces[7].score is not a finite number");
  expect_refused(letters() + piece("x", -std::numeric_limits<float>::infinity()), "not a finite number");
  expect_refused(letters() + piece(std::string(2000, 'x'), -1), "pieces[7] has 2000 bytes");
  expect_refused(letters() + trainer(number(35, 1)), "has 0 byte pieces, not 256");
  expect_refused(letters() + bytes(1, number(1, 5)), "pieces[7] is of another type");
  expect_refused(letters() + bytes(5, bytes(2, "rules")), "denormalizer_spec.precompiled_charsmap changes decoded texts");
  EXPECT_EQ(refusal(letters() + bytes(5, bytes(2, ""))), "");
}

TEST(SentencepieceModel, SurvivesAnyCharsmap) {
  const std::string text = "abc ½ é";
  for (const std::string& map : {std::string("x"), std::string(8, '\xff'), std::string("\x04\0\0\0\xff\xff\xff\xff", 8),
                                 std::string("\x08\0\0\0\x00\x04\x00\x00\x61\x05\x00\x00", 12)}) {
    const std::string model = letters() + unigram + normalizer(bytes(2, map));
    error_of([&] { encode(model, text); });
  }
  EXPECT_NE(error_of([&] { encode(letters() + normalizer(bytes(2, "x")), text); }).find("charsmap"), std::string::npos);
}

}  // namespace
}  // namespace tertium
