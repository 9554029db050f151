#include "tertium/base/toml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Toml, AnErrorNamesOriginAndLine) {
  EXPECT_EQ(parse_toml("a = 1\n", "a.toml")["a"].value<int>(), 1);
  EXPECT_THAT(error_of([] { parse_toml("a = 1\na = 2\n", "a.toml"); }), StartsWith("a.toml:2: not valid TOML: "));
}

// toml_fuzz found that the parser's own assertions end the program here, where assertions are on.
TEST(Toml, WhatTheParserTakesForGrantedIsAnErrorToo) {
  for (const char* text : {"[\n[a]]\n", "[\n", "[=]\n", "a.\n", "a.=1\n", "= 1\n"})
    EXPECT_THAT(error_of([&] { parse_toml(text, "a.toml"); }), HasSubstr("not valid TOML")) << text;
}

// UndefinedBehaviorSanitizer saw the parser do what it must not; found by toml_fuzz too.
TEST(Toml, LettersOfAllScriptsBesideWhiteSpaceAreRead) {
  EXPECT_EQ(parse_toml("a = \"\"\"b\\\n  ä\"\"\"", "a.toml")["a"].value<std::string>(), "bä");
  for (const char* text : {"a = 2Њ\n", "ä = 1\n", "a = 1 々\n"})
    EXPECT_THAT(error_of([&] { parse_toml(text, "a.toml"); }), HasSubstr("a.toml:1: not valid TOML")) << text;
}

TEST(Toml, DeepNestingIsRefused) {
  const auto dotted = [](int depth) {
    std::string key = "a";
    for (int i = 1; i < depth; ++i) key += ".a";
    return key;
  };
  EXPECT_THAT(error_of([&] { parse_toml("a = " + std::string(100'000, '['), "a.toml"); }), HasSubstr("not valid TOML"));
  EXPECT_EQ(error_of([&] { parse_toml(dotted(kDeepestToml) + " = 1", "a.toml"); }), "");
  for (const int depth : {kDeepestToml + 1, 1000, 100'000}) {
    EXPECT_THAT(error_of([&] { parse_toml(dotted(depth) + " = 1", "a.toml"); }), HasSubstr("a.toml:1: not valid TOML"));
    EXPECT_THAT(error_of([&] { parse_toml("[" + dotted(depth) + "]", "a.toml"); }), HasSubstr("not valid TOML"));
  }
}

}  // namespace
}  // namespace tertium
