#include "tertium/interchange/paper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tertium/analysis/results.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using testing::HasSubstr;

class Paper : public test::FolderTest {
 protected:
  Analysis import() {
    Store store = Store::create(folder / "out", true);
    import_paper(folder, store);
    return analyse(observations_of(store), {.preset = Preset::study});
  }
};

TEST_F(Paper, EveryLanguageIsHeldAgainstItsOwnEnglish) {
  temporary.write("xcopa/it.json", R"({"correct_en": "1101", "correct_x": "1001", "dali": ["0000", "1100"]})");
  temporary.write("xcopa/tr.json", R"({"correct_en": "0001", "correct_x": "0001", "dali": ["0000", "0000"]})");
  const Analysis analysis = import();
  ASSERT_EQ(analysis.languages.size(), 4u) << "two of them pivots";
  EXPECT_EQ(analysis.languages[1].of.language, "it");
  EXPECT_EQ(analysis.languages[1].ts, 2u);
  EXPECT_EQ(analysis.languages[1].tf, 1u);
  EXPECT_EQ(analysis.languages[3].ff, 3u);
  EXPECT_EQ(analysis.layer_choice.at(0).layer, 1);
}

TEST_F(Paper, WhatHasAnotherFormIsNamed) {
  temporary.write("xcopa/it.json", R"({"correct_en": "11", "correct_x": "1"})");
  EXPECT_THAT(test::error_of([&] { import(); }), HasSubstr("it.json: correct_x has 1 digits, but correct_en has 2"));
  temporary.write("xcopa/it.json", R"({"correct_en": "12", "correct_x": "11"})");
  EXPECT_THAT(test::error_of([&] { import(); }), HasSubstr("correct_en holds something else than the digits 0 and 1"));
  temporary.write("xcopa/it.json", R"({"correct_x": "11"})");
  EXPECT_THAT(test::error_of([&] { import(); }), HasSubstr("it.json: no field \"correct_en\""));
}

}  // namespace
}  // namespace tertium
