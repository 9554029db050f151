#include "tertium/base/hash.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;

// The examples of FIPS 180-2.
TEST(Sha256, IsThatOfTheStandard) {
  const test::TempFolder folder;
  EXPECT_EQ(sha256_file(folder.write("abc", "abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_file(folder.write("empty", "")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_file(folder.write("million", std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, OfATextIsThatOfAFileThatHoldsIt) {
  const test::TempFolder folder;
  for (const std::string text : {"", "abc", "perché"})
    EXPECT_EQ(sha256_text(text), sha256_file(folder.write("text", text))) << text;
}

TEST(Sha256, HashesAFileThatExceedsTheBuffer) {
  const test::TempFolder folder;
  EXPECT_EQ(sha256_file(folder.write("large", std::string((1 << 20) + 1, 'a'))),
            "4a3f0c0c213adea174f9a3d4c13177315b588bdb2e9c1012d3d0bf0453ca0f6a")
      << "as sha256sum says";
}

TEST(Sha256, NamesWhatItCannotRead) {
  const test::TempFolder folder;
  const std::string absent = (folder.path() / "absent").string(), itself = folder.path().string();
  EXPECT_EQ(error_of([&] { sha256_file(absent); }), absent + ": cannot be read: No such file or directory; check the path");
  EXPECT_EQ(error_of([&] { sha256_file(itself); }), itself + ": is a folder; name a file");
}

TEST(StableHash, IsTheSameOnEveryMachine) {
  // The first output of SplitMix64 from the states 0 and 1234567, as its author's code gives them.
  EXPECT_EQ(stable_hash(0, {}), 0xe220a8397b1dcdafu);
  EXPECT_EQ(stable_hash(1234567, {}), 6457827717110365317u);
}

TEST(StableHash, DistinguishesSeedsAndParts) {
  using namespace std::string_view_literals;
  const std::set<std::uint64_t> hashes = {
      stable_hash(1, {}),          stable_hash(1, {""}),         stable_hash(1, {"", ""}),
      stable_hash(1, {"abc"}),     stable_hash(1, {"a", "bc"}),  stable_hash(1, {"ab", "c"}),
      stable_hash(1, {"bc", "a"}), stable_hash(1, {"abc", ""}),  stable_hash(1, {"", "abc"}),
      stable_hash(1, {"\0"sv}),    stable_hash(1, {"\0"sv, ""}), stable_hash(1, {"", "\0"sv}),
      stable_hash(2, {"abc"}),     stable_hash(1, {"\xff"}),
  };
  EXPECT_EQ(hashes.size(), 14u);
}

}  // namespace
}  // namespace tertium
