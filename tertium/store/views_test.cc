#include "tertium/store/views.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tertium/store/schema.h"
#include "tertium/store/sqlite.h"
#include "tertium/store/store.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using testing::ElementsAre;

class ViewsTest : public test::FolderTest {
 protected:
  ViewsTest() { store.set_info("pivot", "en"); }

  /// An item of two options, the second of them right.
  void score(const std::string& language, const std::string& protocol, double first, double second) {
    store.add(ScoreRow{"xcopa", language, "5", protocol, 0, first, 1, false, 10, 10});
    store.add(ScoreRow{"xcopa", language, "5", protocol, 1, second, 1, true, 2, 4});
  }
  void patch(const std::string& protocol, const std::string& direction, double first, double second, int draw = 0) {
    for (const int option : {0, 1})
      store.add(PatchRow{"xcopa", "it", "5", protocol, direction, "resid_post", 4, "last", "main", draw, "9", option,
                         option == 0 ? first : second});
  }
  /// Of every patched run: answer, is_gold, flipped, margin, clean_answer, clean_is_gold, clean_margin.
  std::vector<std::vector<double>> answers() {
    store.commit();
    const Connection connection = open_results(folder / "results");
    Statement query(connection,
                    "SELECT answer, is_gold, flipped, margin, clean_answer, clean_is_gold, clean_margin, donor FROM "
                    "patched_answers ORDER BY draw");
    std::vector<std::vector<double>> rows;
    while (query.next()) {
      std::vector<double>& row = rows.emplace_back();
      for (int column = 0; column < 7; ++column) row.push_back(query.real(column));
      EXPECT_EQ(query.text(7), "9");
    }
    return rows;
  }

  Store store = Store::create(folder / "results", false);
};

TEST_F(ViewsTest, APatchedRunIsOneRowBesideItsCleanAnswer) {
  score("it", "loglik", -1, -3);
  patch("loglik", "fix", -4, -2.5, 0);
  patch("loglik", "fix", -2, -2.5, 1);
  EXPECT_THAT(answers(), ElementsAre(ElementsAre(1, 1, 1, 1.5, 0, 0, -2), ElementsAre(0, 0, 0, -0.5, 0, 0, -2)));
}

TEST_F(ViewsTest, OfEqualScoresTheFirstOptionAnswers) {
  score("it", "letters", 1, 1);
  patch("letters", "fix", 2, 2);
  EXPECT_THAT(answers(), ElementsAre(ElementsAre(0, 0, 0, 0, 0, 0, 0)));
}

TEST_F(ViewsTest, ScoresAreComparedByTheProtocolsRule) {
  score("it", "loglik:norm", -10, -3);  // -1 and -1.5 a character
  patch("loglik:norm", "fix", -10, -1);
  score("it", "loglik:bytes", -10, -8);  // -1 and -2 a byte
  EXPECT_THAT(answers(), ElementsAre(ElementsAre(1, 1, 1, 0.5, 0, 0, -0.5)));
  patch("loglik:bytes", "fix", -10, -2, 1);
  EXPECT_THAT(answers().back(), ElementsAre(1, 1, 1, 0.5, 0, 0, -1));
}

TEST_F(ViewsTest, ThePivotAnswersWhereItIsPatched) {
  score("it", "loglik", -1, -3);
  score("en", "loglik", -3, -1);
  patch("loglik", "break", -1, -2);
  EXPECT_THAT(answers(), ElementsAre(ElementsAre(0, 0, 1, -1, 1, 1, 2)));
}

TEST_F(ViewsTest, AreMadeInAFileThatLacksThemWhereARunGoesOn) {
  { const Store gone = std::move(store); }
  {
    const Connection connection(folder / "results" / "results.db", Connection::Access::create);
    connection.execute("DROP VIEW patched_answers");
  }
  store = Store::resume(folder / "results");
  EXPECT_TRUE(answers().empty());
}

TEST_F(ViewsTest, IsExportedAsATableIs) {
  score("en", "loglik", -9, -1);
  score("it", "loglik", -1, -3);
  patch("loglik", "fix", -4, -2);
  store.commit();
  std::ostringstream csv, lines;
  export_table(folder / "results", "patched_answers", ExportFormat::csv, csv);
  EXPECT_EQ(csv.str(),
            "task,language,item,protocol,direction,site,layer,head,window,position,control,draw,donor,answer,is_gold,"
            "flipped,margin,clean_answer,clean_is_gold,clean_margin\r\n"
            "xcopa,it,5,loglik,fix,resid_post,4,-1,1,last,main,0,9,1,1,1,2,0,0,-2\r\n");
  export_table(folder / "results", "patched_answers", ExportFormat::jsonl, lines);
  EXPECT_THAT(lines.str(), testing::HasSubstr(R"("donor":"9","answer":1,"is_gold":1,"flipped":1,"margin":2)"));
}

}  // namespace
}  // namespace tertium
