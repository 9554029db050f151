#include "tertium/formats/gguf_split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tertium/formats/gguf.h"
#include "tests/support/files.h"
#include "tests/support/gguf_builder.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using test::encoded;
using test::GgufBuilder;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(GgufPartName, IsReadFromItsEnd) {
  const GgufPart part = gguf_part("models/a-00001-of-00002-00002-of-00012.gguf").value();
  EXPECT_EQ(part.folder, "models");
  EXPECT_EQ(part.stem, "a-00001-of-00002");
  EXPECT_EQ(part.number, 2);
  EXPECT_EQ(part.count, 12);
  EXPECT_EQ(part.file(10), "models/a-00001-of-00002-00010-of-00012.gguf");
}

TEST(GgufPartName, IsNoOtherName) {
  for (const char* name : {"", "a.gguf", "a-00001-of-00002", "a-0001-of-0002.gguf", "a-00000-of-00002.gguf",
                           "a-00003-of-00002.gguf", "a_00001-of-00002.gguf", "00001-of-00002.gguf", "of-00002.gguf",
                           "a-0000x-of-00002.gguf", "a-+0001-of-00002.gguf", "-of-00002.gguf"})
    EXPECT_FALSE(gguf_part(name)) << name;
}

class GgufSplit : public testing::Test {
 protected:
  test::TempFolder folder;

  static GgufBuilder part(std::uint16_t number, std::uint16_t count = 3, std::int32_t tensors = 3) {
    return GgufBuilder()
        .pair("split.no", 2, encoded(number))
        .pair("split.count", 2, encoded(count))
        .pair("split.tensors.count", 5, encoded(tensors));
  }
  static GgufBuilder with_tensor(GgufBuilder builder, const std::string& name, float value) {
    return builder.tensor(name, {1}, 0, encoded(value));
  }

  fs::path path(int number) const { return folder.path() / fmt::format("m-{:05}-of-00003.gguf", number); }
  void write(int number, const GgufBuilder& builder) { folder.write(path(number).filename(), builder.bytes()); }

  /// Three good parts: metadata alone, then "a" and "b", then "c".
  void write_all() {
    write(1, part(0).text("general.name", "first"));
    write(2, with_tensor(with_tensor(part(1).text("general.name", "second"), "a", 1), "b", 2));
    write(3, with_tensor(part(2), "c", 3));
  }
  std::string refusal(int number = 1) {
    return test::error_of([&] { Gguf model(path(number)); });
  }
};

TEST_F(GgufSplit, AllPartsAreOneModel) {
  write_all();
  Gguf opened(path(1));
  const Gguf model = std::move(opened);
  EXPECT_THAT(model.files(), ElementsAre(path(1), path(2), path(3)));
  EXPECT_EQ(model.path(), path(1));
  EXPECT_EQ(model.get<std::string>("general.name"), "first");
  ASSERT_EQ(model.tensors().size(), 3u);
  for (const auto& [name, value] : std::map<std::string, float>{{"a", 1}, {"b", 2}, {"c", 3}}) {
    float read = 0;
    to_f32(*model.find(name), {&read, 1});
    EXPECT_EQ(read, value) << name;
  }
}

TEST_F(GgufSplit, AFileThatIsNotSplitHasOneFile) {
  const fs::path file = folder.write("m.gguf", part(0, 0, 0).bytes());  // as merging leaves it
  EXPECT_THAT(Gguf(file).files(), ElementsAre(file));
  EXPECT_THAT(Gguf(folder.write("m.gguf", part(0, 1, 0).bytes())).files(), ElementsAre(file));
}

TEST_F(GgufSplit, AnotherPartNamesTheFirst) {
  write_all();
  EXPECT_EQ(refusal(2),
            fmt::format("{}: is part 2 of 3 of a model; give the first one, {}", path(2).string(), path(1).string()));
}

TEST_F(GgufSplit, AMissingPartIsNamed) {
  write_all();
  fs::remove(path(3));
  EXPECT_THAT(refusal(), HasSubstr(path(3).string() + ": part 3 of 3 is missing"));
}

TEST_F(GgufSplit, ADamagedPartIsNamed) {
  write_all();
  folder.write(path(2).filename(), "GGUF");
  EXPECT_THAT(refusal(), HasSubstr(path(2).string() + ": "));
}

TEST_F(GgufSplit, PartsOutOfPlaceAreRefused) {
  write_all();
  fs::copy_file(path(3), path(2), fs::copy_options::overwrite_existing);
  EXPECT_THAT(refusal(), HasSubstr(path(2).string() + ": split.no is 2, but by the file's name it must be 1"));
  fs::copy_file(path(3), path(1), fs::copy_options::overwrite_existing);
  EXPECT_THAT(refusal(), HasSubstr(path(1).string() + ": split.no is 2, but by the file's name it must be 0"));
}

TEST_F(GgufSplit, APartOfAnotherSplitIsRefused) {
  write_all();
  write(3, part(2, 4));
  EXPECT_THAT(refusal(), HasSubstr(path(3).string() + ": split.count is 4, but by the file's name it must be 3"));
  write(3, GgufBuilder());
  EXPECT_THAT(refusal(), HasSubstr(path(3).string() + ": has no metadata key \"split.no\""));
}

TEST_F(GgufSplit, ANameThatDoesNotFitTheCountIsRefused) {
  for (const std::uint16_t count : {2, 4, 65535}) {
    write(1, part(0, count));
    EXPECT_THAT(refusal(), HasSubstr(fmt::format("one of {} parts of a model, but its name does not end in", count)));
  }
  write(1, GgufBuilder().pair("split.count", 11, encoded<std::int64_t>(-3)));
  EXPECT_THAT(refusal(), HasSubstr("one of -3 parts"));
  const fs::path renamed = folder.write("renamed.gguf", part(0).bytes());
  EXPECT_THAT(test::error_of([&] { Gguf model(renamed); }), HasSubstr("does not end in -0000N-of-00003.gguf"));
}

TEST_F(GgufSplit, ATensorInTwoPartsIsRefused) {
  write_all();
  write(3, with_tensor(part(2), "a", 3));
  EXPECT_THAT(refusal(), HasSubstr("has two tensors \"a\""));
}

TEST_F(GgufSplit, ATensorThatIsMissingIsNoticed) {
  write_all();
  write(3, part(2));
  EXPECT_THAT(refusal(), HasSubstr("split.tensors.count is 3, but its 3 parts hold 2 tensors"));
  write(1,
        GgufBuilder().pair("split.no", 2, encoded<std::uint16_t>(0)).pair("split.count", 2, encoded<std::uint16_t>(3)));
  EXPECT_THAT(refusal(), HasSubstr("has no metadata key \"split.tensors.count\""));
}

}  // namespace
}  // namespace tertium
