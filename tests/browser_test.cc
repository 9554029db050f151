// The page of `tertium report` in a real browser: report/test/browser.mjs makes the checks.
#include <gtest/gtest.h>

#include <filesystem>

#include "tertium/cli/child.h"
#include "tests/support/files.h"
#include "tests/support/program.h"
#include "tests/support/report_results.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;

fs::path modules() { return test::source_folder() / ".deps/report/node_modules"; }

class Browser : public test::FolderTest {
 protected:
  void SetUp() override {
    const auto node = find_program("node"), chromium = find_program("chromium");
    if (!node || !chromium || !fs::exists(modules() / "playwright-core"))
      GTEST_SKIP()
          << "SKIPPED: needs a browser for the page's tests; install it: apt-get install chromium, then make build";
    node_ = *node;
    chromium_ = *chromium;
  }

  fs::path page_of(const std::vector<test::MadeUp>& results) {
    const fs::path page = folder / fmt::format("{}.html", pages_++);
    std::vector<std::string> arguments = {"report", "-o", page.string()};
    for (const test::MadeUp& what : results) {
      const fs::path made = folder / fmt::format("seed{}-{}", what.seed, pages_);
      test::write_made_up_results(made, what);
      arguments.push_back(made.string());
    }
    test::output_of(arguments);
    return page;
  }

  void expect_check(const std::string& name, const fs::path& page) const {
    const ScratchFolder scratch;
    const fs::path out = folder / "out";
    const ChildResult result = run_program(node_,
                                           {(test::source_folder() / "report/test/browser.mjs").string(),
                                            modules().string(), chromium_.string(), name, page.string()},
                                           "/dev/null", out, scratch);
    EXPECT_EQ(result.status, 0) << result.errors;
  }

 private:
  fs::path node_, chromium_;
  int pages_ = 0;
};

TEST_F(Browser, DrawsEveryFigureWithItsCaptionAndValuesOnHoverAndNoComplaint) {
  expect_check("figures", page_of({{}}));
}

TEST_F(Browser, SavesFiguresAndTablesAsFiles) { expect_check("files", page_of({{}})); }

TEST_F(Browser, FiltersItemsKeepsTheFilterInTheAddressAndShowsAnItemInItsScripts) {
  expect_check("items", page_of({{}}));
}

TEST_F(Browser, ShowsATranslationWithItsReferenceAndTheTextsUnderPatches) {
  expect_check("translations", page_of({{}}));
}

TEST_F(Browser, ShowsHostileTextsAsTexts) { expect_check("hostile", page_of({{}})); }

TEST_F(Browser, ReachesEverythingByKeyboard) { expect_check("keyboard", page_of({{}})); }

TEST_F(Browser, FindsNothingThatBarsReadersInLightAndDark) { expect_check("access", page_of({{}})); }

TEST_F(Browser, FitsAPhoneAndPrintsAFigureAPage) { expect_check("screens", page_of({{}})); }

TEST_F(Browser, ShowsTwoResultsSideBySide) { expect_check("compared", page_of({{.seed = 1}, {.seed = 2}})); }

TEST_F(Browser, OpensAHundredThousandPatchesSoon) {
  const fs::path page = page_of({{.items = 200, .blocks = 16}});
  EXPECT_LT(fs::file_size(page), 5'000'000u);
  expect_check("big", page);
}

}  // namespace
}  // namespace tertium
