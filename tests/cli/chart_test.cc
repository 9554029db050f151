#include "tertium/cli/chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

namespace tertium {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST(Chart, DrawsAnIntervalWhereItLies) {
  EXPECT_EQ(interval_bar(0.2, 0.5, 0.9, 11, Ink::ascii), "--[--o---]-");
  EXPECT_EQ(interval_bar(0, 0, 1, 5, Ink::unicode), "●───┤") << "the value is drawn last";
  EXPECT_EQ(interval_bar(kNaN, 0.5, kNaN, 5, Ink::ascii), "--o--");
  EXPECT_EQ(interval_bar(-3, 0.5, 7, 5, Ink::ascii), "[-o-]") << "what lies beyond is drawn at the end";
}

TEST(Chart, DrawsValuesAsSharesOfTheFullBar) {
  EXPECT_EQ(bars({0, 0.01, 0.5, 1, kNaN}, 1, Ink::unicode), "·▁▄█ ");
  EXPECT_EQ(bars({0, 0.01, 0.5, 0.99, 1, kNaN}, 1, Ink::ascii), ".059# ");
  EXPECT_EQ(bars({0.1, 0.2}, 0.2, Ink::unicode), "▄█");
  EXPECT_EQ(bars({0, 0}, 0, Ink::unicode), "··");
}

TEST(Chart, ThinsOutByTheLargestOfNeighbours) {
  std::vector<double> values = {0.1, 0.4, kNaN, kNaN, 0.3};
  EXPECT_EQ(thin_out(values, 5), 1u);
  EXPECT_EQ(values.size(), 5u);
  EXPECT_EQ(thin_out(values, 3), 2u);
  ASSERT_EQ(values.size(), 3u);
  EXPECT_EQ(values[0], 0.4);
  EXPECT_TRUE(std::isnan(values[1]));
  EXPECT_EQ(values[2], 0.3);
}

class LocaleTest : public testing::Test {
 protected:
  LocaleTest() { set(nullptr, nullptr, nullptr); }
  ~LocaleTest() override {
    for (const auto& [name, value] : saved_) value.empty() ? unsetenv(name) : setenv(name, value.c_str(), 1);
  }
  static void set(const char* all, const char* ctype, const char* lang) {
    for (const auto& [name, value] : {std::pair("LC_ALL", all), {"LC_CTYPE", ctype}, {"LANG", lang}})
      value ? setenv(name, value, 1) : unsetenv(name);
  }

 private:
  static std::string value_of(const char* name) {
    const char* value = getenv(name);
    return value ? value : "";
  }
  const std::pair<const char*, std::string> saved_[3] = {
      {"LC_ALL", value_of("LC_ALL")}, {"LC_CTYPE", value_of("LC_CTYPE")}, {"LANG", value_of("LANG")}};
};

TEST_F(LocaleTest, DecidesWhatIsDrawnWith) {
  EXPECT_EQ(ink_of_locale(), Ink::ascii);
  set(nullptr, nullptr, "de_DE.UTF-8");
  EXPECT_EQ(ink_of_locale(), Ink::unicode);
  set("C", nullptr, "de_DE.UTF-8");
  EXPECT_EQ(ink_of_locale(), Ink::ascii);
  set("", "C.utf8", "POSIX");
  EXPECT_EQ(ink_of_locale(), Ink::unicode) << "an empty one is not set";
}

}  // namespace
}  // namespace tertium
