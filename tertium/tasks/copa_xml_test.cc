#include "tertium/tasks/copa_xml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace tertium {
namespace {

using nlohmann::json;
using test::error_of;
using test::TempFolder;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;

constexpr char kItem[] =
    "<item id=\"12\" asks-for=\"cause\" most-plausible-alternative=\"2\">\n"
    "<p>Rain &amp; wind came.</p>\n<a1>It was dry.</a1>\n<a2>It was autumn.</a2>\n</item>\n";

std::string corpus(std::string_view items) {
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE copa-corpus SYSTEM \"copa.dtd\">\n<copa-corpus "
      "version=\"1.0\">\n{}</copa-corpus>\n",
      items);
}

std::vector<JsonLine> read(std::string_view text, int first = 10, int last = 19) {
  const TempFolder folder;
  std::vector<JsonLine> items;
  read_copa(folder.write("copa.xml", text), first, last, [&](const JsonLine& item) { items.push_back(item); });
  return items;
}

std::string error_in(std::string_view text) {
  return error_of([&] { read(text); });
}

TEST(CopaXml, GivesItemsInTheFieldsOfXcopa) {
  const std::vector<JsonLine> items = read(corpus(kItem));
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].value, json({{"idx", 2},
                                  {"question", "cause"},
                                  {"label", 1},
                                  {"premise", "Rain & wind came."},
                                  {"choice1", "It was dry."},
                                  {"choice2", "It was autumn."}}));
  EXPECT_THAT(items[0].where, EndsWith("copa.xml:4"));
}

TEST(CopaXml, TakesTheIdsAskedForOnly) {
  EXPECT_EQ(read(corpus(kItem), 12, 12).size(), 1u);
  EXPECT_TRUE(read(corpus(kItem), 13, 20).empty());
  EXPECT_TRUE(read(corpus(kItem), 1, 11).empty());
}

TEST(CopaXml, NamesThePlaceOfWhatIsWrong) {
  const auto with = [](std::string what, std::string_view instead) {
    std::string item = kItem;
    return item.replace(item.find(what), what.size(), instead);
  };
  EXPECT_THAT(error_in(corpus(kItem).substr(0, 200)), HasSubstr("not valid XML ("));
  EXPECT_THAT(error_in("<corpus/>"), HasSubstr("copa.xml: holds no <copa-corpus>"));
  EXPECT_THAT(error_in(corpus(with(" id=\"12\"", ""))), HasSubstr("copa.xml:4: this item has no id"));
  EXPECT_THAT(error_in(corpus(with("=\"12\"", "=\"1x\""))), HasSubstr("id is \"1x\"; expected a whole number"));
  EXPECT_THAT(error_in(corpus(with("=\"2\"", "=\"3\""))),
              HasSubstr("most-plausible-alternative is \"3\"; expected a whole number from 1 to 2"));
  EXPECT_THAT(error_in(corpus(with("<p>Rain", "<p/><p>Rain"))), HasSubstr("copa.xml:4: this item needs one <p>"));
  EXPECT_THAT(error_in(corpus(with("<a1>It was dry.</a1>", ""))), HasSubstr("this item needs one <a1>"));
  EXPECT_THAT(error_in(corpus(with("It was dry.", " "))), HasSubstr("<a1> must hold a text"));
  EXPECT_THAT(error_in(corpus(with("dry", "<b>dry</b>"))), HasSubstr("<a1> must hold a text")) << "not half a text";
}

TEST(CopaXml, RefusesWhatIsNoCharacter) {
  using namespace std::string_view_literals;
  const auto with = [](std::string_view instead) {
    std::string item = kItem;
    return corpus(item.replace(item.find("&amp;"), 5, instead));
  };
  for (const std::string_view none : {"&#55296;"sv, "&#xDFFF;"sv, "&#1114112;"sv, "&#334444444444444444;"sv, "&#0;"sv,
                                      "&#x00;"sv, "&#4294967296;"sv, "\0"sv})
    EXPECT_THAT(error_in(with(none)), AllOf(HasSubstr("copa.xml:5: \""), HasSubstr("is no character"))) << none;
  EXPECT_EQ(read(with("&#x43;&#45; &#;")).at(0).value["premise"], "Rain C- &#; wind came.");
}

TEST(CopaXml, SurvivesDeepNestingAndEntities) {
  std::string deep;
  for (int i = 0; i < 200'000; ++i) deep += "<a>";
  EXPECT_NE(error_in(deep), "");
  EXPECT_NE(error_in(corpus(deep)), "");
  std::string item = kItem;
  item.replace(item.find("Rain &amp;"), 10, "&bomb;");
  const std::string bomb = "<!DOCTYPE copa-corpus [<!ENTITY bomb \"boom\">]><copa-corpus>" + item + "</copa-corpus>";
  EXPECT_THAT(read(bomb).at(0).value["premise"], "&bomb; wind came.") << "entities of a file's own are not replaced";
  EXPECT_THAT(error_in(std::string(5 << 20, ' ')), HasSubstr("longer than 4194304 bytes"));
}

}  // namespace
}  // namespace tertium
