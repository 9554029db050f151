#include "tertium/interchange/observed_csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace tertium {
namespace {

using testing::HasSubstr;

class ObservedCsv : public test::FolderTest {
 protected:
  Observations read(const std::string& answers, const std::string& alignment = "", const std::string& flips = "") {
    ObservedFiles files{.answers = temporary.write("answers.csv", answers)};
    if (!alignment.empty()) files.alignment = temporary.write("alignment.csv", alignment);
    if (!flips.empty()) files.flips = temporary.write("flips.csv", flips);
    return read_observed(files);
  }
  std::string error(const std::string& answers, const std::string& alignment = "", const std::string& flips = "") {
    return test::error_of([&] { read(answers, alignment, flips); });
  }

  const std::string answers = "language,item,correct_pivot,correct,extra\nit,0,1,1,x\nit,1,1,0,x\n";
};

TEST_F(ObservedCsv, IsReadByItem) {
  const Observations read = this->read(answers, "language,item,metric,stream,layer,value\nit,1,dali,resid,3,1\n",
                                       "language,item,layer,control,draw,flip\n"
                                       "it,1,2,main,0,1\nit,1,2,random,0,0\nit,1,2,random,1,1\n");
  ASSERT_EQ(read.languages.size(), 1u);
  EXPECT_EQ(read.languages[0].answers[1].transfer(), Transfer::tf);
  EXPECT_EQ(read.languages[0].answers[1].unit, "1") << "an item is its own unit";
  EXPECT_EQ(read.alignment.at(0).values.at("1"), 1);
  ASSERT_EQ(read.patches.size(), 2u);
  EXPECT_EQ(read.patches[1].items.at("1").draws, 2u);
  EXPECT_EQ(read.patches[1].items.at("1").changed, 1u);
  EXPECT_EQ(read.patches[1].key.direction, "fix");
}

TEST_F(ObservedCsv, UnitsAndTasksMayBeGiven) {
  const Observations read =
      this->read("task,protocol,language,item,unit,correct_pivot,correct\nb,p,it,0,u,1,1\nc,p,it,0,u,0,1\n");
  ASSERT_EQ(read.languages.size(), 2u);
  EXPECT_EQ(read.languages[1].of.task, "c");
  EXPECT_EQ(read.languages[0].answers[0].unit, "u");
}

TEST_F(ObservedCsv, ContradictionsNameTheLine) {
  EXPECT_THAT(error(answers + "it,1,1,0,x\n"), HasSubstr("answers.csv:4: item \"1\" of it is there already"));
  EXPECT_THAT(error("language,item,correct_pivot,correct\nit,0,2,1\n"),
              HasSubstr("answers.csv:2: field \"correct_pivot\" is"));
  EXPECT_THAT(error(answers, "language,item,metric,stream,layer,value\nit,7,dali,resid,3,1\n"),
              HasSubstr("alignment.csv:2: item \"7\" of it has no answer"));
  EXPECT_THAT(error(answers, "", "language,item,layer,control,draw,flip\nit,0,2,main,0,1\n"),
              HasSubstr("flips.csv:2: item \"0\" of it is TS, but fix asks about TF"));
  EXPECT_THAT(error(answers, "", "language,item,layer,control,draw,flip\nit,1,2,main,0,1\nit,1,2,main,0,0\n"),
              HasSubstr("flips.csv:3: draw 0 of item \"1\" under main at layer 2 is there already"));
}

}  // namespace
}  // namespace tertium
