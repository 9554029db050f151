#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tertium/store/store.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;

std::string exported(const std::filesystem::path& folder, const std::string& table, ExportFormat format) {
  std::ostringstream out;
  export_table(folder, table, format, out);
  return out.str();
}

class ExportTest : public test::FolderTest {
 protected:
  ExportTest() {
    Store store = Store::create(folder, false);
    store.add(ScoreRow{"xcopa", "it", "a, \"b\"\nc", "loglik", 0, -0.1, 7, true});
    store.add(ScoreRow{"xcopa", "it", "İ", "loglik", 1, -12, 7, false});
    store.add(AlignmentRow{"xcopa", "it", "5", "dali_margin", "final_norm", 3, 1.0 / 3});
    store.add(PatchRow{"xcopa", "it", "5", "letters", "fix", "resid_post", 4, "last", "main", 0, "5", 1, 1e-300});
    store.set_info("seed", "1");
    store.commit();
  }
};

TEST_F(ExportTest, CsvHasAHeaderAndQuotesWhatNeedsIt) {
  EXPECT_EQ(exported(folder, "scores", ExportFormat::csv),
            "task,language,item,protocol,option,score,tokens,is_gold,characters,bytes\r\n"
            "xcopa,it,\"a, \"\"b\"\"\nc\",loglik,0,-0.1,7,1,1,1\r\n"
            "xcopa,it,İ,loglik,1,-12,7,0,1,1\r\n");
}

TEST_F(ExportTest, JsonLinesHaveOneObjectARow) {
  EXPECT_EQ(
      exported(folder, "scores", ExportFormat::jsonl),
      R"({"task":"xcopa","language":"it","item":"a, \"b\"\nc","protocol":"loglik","option":0,"score":-0.1,"tokens":7,"is_gold":1,"characters":1,"bytes":1})"
      "\n"
      R"({"task":"xcopa","language":"it","item":"İ","protocol":"loglik","option":1,"score":-12,"tokens":7,"is_gold":0,"characters":1,"bytes":1})"
      "\n");
}

TEST_F(ExportTest, EveryTableHasAllItsColumns) {
  EXPECT_EQ(
      exported(folder, "alignment", ExportFormat::csv),
      "task,language,item,metric,stream,layer,value\r\nxcopa,it,5,dali_margin,final_norm,3,0.3333333333333333\r\n");
  EXPECT_EQ(exported(folder, "patches", ExportFormat::csv),
            "task,language,item,protocol,direction,site,layer,head,window,position,control,draw,donor,option,score\r\n"
            "xcopa,it,5,letters,fix,resid_post,4,-1,1,last,main,0,5,1,1e-300\r\n");
  EXPECT_EQ(exported(folder, "runs", ExportFormat::jsonl), "{\"key\":\"seed\",\"value\":\"1\"}\n");
}

TEST_F(ExportTest, NumbersReadBackTheSame) {
  const auto row = nlohmann::json::parse(exported(folder, "alignment", ExportFormat::jsonl));
  EXPECT_EQ(row.at("value").get<double>(), 1.0 / 3);
}

TEST_F(ExportTest, UnknownTableListsTheKnown) {
  EXPECT_EQ(error_of([&] { exported(folder, "score; --", ExportFormat::csv); }),
            "no table \"score; --\"; the tables are items, texts, scores, alignment, patches, corpora, lens, repairs, "
            "generations, ablations, ablated_alignment, units, runs");
}

TEST_F(ExportTest, AnOutputThatTakesNoMoreIsAnError) {
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  EXPECT_THAT(error_of([&] { export_table(folder, "scores", ExportFormat::csv, out); }),
              testing::HasSubstr("scores: the export cannot be written out"));
}

}  // namespace
}  // namespace tertium
