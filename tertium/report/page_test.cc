#include "tertium/report/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <zlib.h>

#include <nlohmann/json.hpp>

namespace tertium {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;
using testing::Not;

std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const std::size_t from = text.find(begin);
  if (from == text.npos) return {};
  const std::size_t start = from + begin.size();
  return text.substr(start, text.find(end, start) - start);
}

std::string decoded(const std::string& base64) {
  std::string bytes(base64.size(), '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(base64.data()), static_cast<int>(base64.size()));
  bytes.resize(static_cast<std::size_t>(std::max(size, 0)));
  return bytes;
}

std::string inflated(const std::string& bytes, std::size_t size) {
  std::string text(size, '\0');
  uLongf length = size;
  const int code = uncompress(reinterpret_cast<Bytef*>(text.data()), &length,
                              reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  EXPECT_EQ(code, Z_OK);
  text.resize(length);
  return text;
}

std::string hash_of(const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE], base64[2 * EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), digest, &length, EVP_sha256(), nullptr);
  EVP_EncodeBlock(base64, digest, static_cast<int>(length));
  return "'sha256-" + std::string(reinterpret_cast<const char*>(base64)) + "'";
}

const std::string kData = "<script type=\"text/plain\" id=\"data\">";

TEST(ReportPage, CarriesItsDocumentDeflated) {
  ordered_json document = {{"tertium", "1"}, {"text", "</script><script>alert(1)</script>"}};
  document["long"] = std::string(10'000'000, 'x') + "end";
  const std::string page = report_page(document);
  EXPECT_EQ(ordered_json::parse(inflated(decoded(between(page, kData, "<")), 11'000'000)), document);
  EXPECT_THAT(page, Not(HasSubstr("alert(1)"))) << "no text of a data set stands in the markup";
}

TEST(ReportPage, IsTheSameMarkupWhateverItsDocument) {
  const auto markup = [](const ordered_json& document) {
    std::string page = report_page(document);
    const std::size_t begin = page.find(kData) + kData.size();
    return page.erase(begin, page.find('<', begin) - begin);
  };
  EXPECT_EQ(markup({{"a", "<b>"}}), markup({{"a", "TERTIUM-DATA-HERE\"'>"}}));
}

TEST(ReportPage, NamesItsOnlyScriptAndStyleByHashInItsPolicy) {
  const std::string page = report_page(ordered_json::object());
  const std::string policy = between(page, "http-equiv=\"Content-Security-Policy\" content=\"", "\"");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_THAT(policy, HasSubstr("script-src " + hash_of(between(page, "<script>", "</script>"))));
  EXPECT_THAT(policy, HasSubstr("style-src " + hash_of(between(page, "<style>", "</style>"))));
}

TEST(ReportPage, AndTheFiguresWithoutAPageAreOneProgram) {
  EXPECT_EQ(between(report_page(ordered_json::object()), "<script>", "</script>"), report_script());
}

TEST(ReportPage, TakesNamesThatAreNoText) { EXPECT_THAT(report_page({{"name", "results\xff"}}), HasSubstr(kData)); }

}  // namespace
}  // namespace tertium
