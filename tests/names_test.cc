// One name, one thing: two types of one name in namespace tertium break the one-definition rule without a word from
// compiler or linker, and mislead readers even where only one file sees the second.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include "tertium/base/text.h"
#include "tests/support/files.h"
#include "tests/support/program.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;

using Places = std::map<std::string, std::vector<std::string>>;  // by name: the files that define it

/// The types that a file defines at the scope of a namespace, which our sources do not indent. Declarations do not
/// count.
std::vector<std::string> types_defined_in(const std::string& text) {
  static const std::regex type(
      R"((?:template <.*> )?(?:struct|class|enum class|enum|using) (\w+)(?: final)?( [:={].*|$))");
  std::vector<std::string> names;
  for (const std::string& line : test::lines_of(text))
    if (std::smatch found; std::regex_match(line, found, type)) names.push_back(found[1]);
  return names;
}

/// All but the tests, whose types nobody else sees.
Places types_of_files(const std::string& extension) {
  Places places;
  for (const auto& entry : fs::recursive_directory_iterator(test::source_folder() / "tertium")) {
    const fs::path& file = entry.path();
    if (file.extension() != extension || file.filename().string().ends_with("_test.cc")) continue;
    for (const std::string& name : types_defined_in(read_text_file(file)))
      places[name].push_back(fs::relative(file, test::source_folder()).string());
  }
  return places;
}

TEST(Names, AreFoundWhereATypeIsDefinedAndNotWhereItIsDeclared) {
  EXPECT_THAT(
      types_defined_in(
          "struct A {\nclass B : public A {\nenum class C { x };\nusing D = A;\ntemplate <class T> class E {\n"
          "struct F;\nclass G;\nusing test::H;\n  struct I {\nusing std::vector;\nstruct J final {\nenum K {\n"),
      testing::ElementsAre("A", "B", "C", "D", "E", "J", "K"));
}

TEST(Names, OfTypesInHeadersAreOfOneTypeEach) {
  const Places types = types_of_files(".h");
  EXPECT_GT(types.size(), 50u) << "the pattern has lost the types";
  for (const auto& [name, files] : types) EXPECT_EQ(files.size(), 1u) << name << ": " << join(files);
}

TEST(Names, OfTypesOfOneSourceFileAreNotThoseOfAHeader) {
  const Places types = types_of_files(".h");
  for (const auto& [name, files] : types_of_files(".cc"))
    if (const auto other = types.find(name); other != types.end())
      ADD_FAILURE() << name << " is one thing in " << join(other->second) << " and another in " << join(files);
}

}  // namespace
}  // namespace tertium
