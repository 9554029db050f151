#include "tertium/report/page.h"

#include <openssl/evp.h>
#include <zlib.h>

#include <cassert>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tertium/base/error.h"

// What report/build.mjs makes, as it lies on the disk.
asm(R"(
  .section .rodata
  .global tertium_report_page, tertium_report_page_end, tertium_report_script, tertium_report_script_end
tertium_report_page:
  .incbin ")" TERTIUM_REPORT_FOLDER R"(/page.html"
tertium_report_page_end:
tertium_report_script:
  .incbin ")" TERTIUM_REPORT_FOLDER R"(/report.js"
tertium_report_script_end:
  .byte 0
  .text
)");
extern "C" const char tertium_report_page[], tertium_report_page_end[], tertium_report_script[],
    tertium_report_script_end[];

namespace tertium {
namespace {

constexpr std::string_view kDataHere = "TERTIUM-DATA-HERE";  // once in the page; report/build.mjs sees to it

std::string deflated(std::string_view text) {
  uLongf size = compressBound(text.size());
  std::string packed(size, '\0');
  const int code = compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
                             reinterpret_cast<const Bytef*>(text.data()), text.size(), Z_BEST_COMPRESSION);
  if (code != Z_OK) throw std::logic_error("zlib: compress2 failed");
  packed.resize(size);
  return packed;
}

std::string base64(std::string_view bytes) {
  constexpr std::size_t kBlock = 3 << 20;                  // OpenSSL counts in int; a multiple of 3 needs no padding
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // it ends what it writes with a zero
  std::size_t end = 0;
  for (std::size_t begin = 0; begin < bytes.size(); begin += kBlock) {
    const std::string_view block = bytes.substr(begin, kBlock);
    end += static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data() + end),
                                                    reinterpret_cast<const unsigned char*>(block.data()),
                                                    static_cast<int>(block.size())));
  }
  text.resize(end);
  return text;
}

}  // namespace

std::string report_page(const nlohmann::ordered_json& document) {
  const std::string_view page(tertium_report_page, tertium_report_page_end - tertium_report_page);
  const std::size_t at = page.find(kDataHere);
  assert(at != page.npos);
  // Names of folders may be anything; what results.db holds has been checked.
  const std::string json = document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return fmt::format("{}{}{}", page.substr(0, at), base64(deflated(json)), page.substr(at + kDataHere.size()));
}

std::string_view report_script() {
  return {tertium_report_script, static_cast<std::size_t>(tertium_report_script_end - tertium_report_script)};
}

}  // namespace tertium
