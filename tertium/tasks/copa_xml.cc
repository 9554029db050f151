#include "tertium/tasks/copa_xml.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <pugixml.hpp>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

constexpr std::size_t kLongestFile = std::size_t{4} << 20;  // bytes; COPA's have 200,000. Parsed, a tag takes 64

/// A file as parsed, and where in it things stand.
class Corpus {
 public:
  explicit Corpus(const std::filesystem::path& file) : name_(file.string()), text_(read_text_file(file)) {
    if (text_.size() > kLongestFile) fail("{}: is longer than {} bytes; this is none of COPA's files", name_, kLongestFile);
    demand_characters();
    const pugi::xml_parse_result parsed =
        document_.load_buffer(text_.data(), text_.size(), pugi::parse_default, pugi::encoding_utf8);
    if (!parsed) fail("{}: not valid XML ({})", place(parsed.offset), parsed.description());
    if (!root()) fail("{}: holds no <copa-corpus>; is it one of COPA's files?", name_);
  }

  pugi::xml_node root() const { return document_.child("copa-corpus"); }
  std::string place(pugi::xml_node node) const { return place(node.offset_debug()); }

 private:
  /// pugixml makes bytes of any number that a reference like "&#55296;" gives: no UTF-8 of what is no character, and the
  /// end of the text of 0.
  void demand_characters() const {
    const auto demand = [&](bool good, std::size_t at) {
      if (!good)
        fail("{}: \"{}\" is no character; write another one", place(static_cast<std::ptrdiff_t>(at)),
             printable(std::string_view(text_).substr(at, text_[at] == '&' ? 12 : 1)));
    };
    const std::size_t zero = text_.find('\0');
    demand(zero == text_.npos, zero);
    for (std::size_t at = 0; (at = text_.find("&#", at)) != text_.npos; ++at) {
      const char* begin = text_.data() + at + 2;
      const bool hex = *begin == 'x';
      std::uint32_t number = 0;
      const auto [end, problem] = std::from_chars(begin + hex, text_.data() + text_.size(), number, hex ? 16 : 10);
      if (problem == std::errc::invalid_argument) continue;  // no reference
      demand(problem == std::errc{} && number > 0 && number <= 0x10FFFF && (number < 0xD800 || number > 0xDFFF), at);
    }
  }

  std::string place(std::ptrdiff_t offset) const {
    const auto size = static_cast<std::ptrdiff_t>(text_.size());
    return fmt::format("{}:{}", name_, 1 + std::count(text_.begin(), text_.begin() + std::clamp<std::ptrdiff_t>(offset, 0, size), '\n'));
  }

  std::string name_;
  std::string text_;
  pugi::xml_document document_;
};

std::string attribute(pugi::xml_node item, const char* name, const std::string& where) {
  const pugi::xml_attribute found = item.attribute(name);
  if (!found) fail("{}: this item has no {}; is it one of COPA's files?", where, name);
  return found.value();
}

int number(pugi::xml_node item, const char* name, int least, int most, const std::string& where) {
  const std::string digits = attribute(item, name, where);
  int number = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (problem != std::errc{} || end != digits.data() + digits.size() || number < least || number > most)
    fail("{}: {} is \"{}\"; expected a whole number from {} to {}", where, name, printable(digits), least, most);
  return number;
}

/// What the item's one element of that name says.
std::string text(pugi::xml_node item, const char* name, const std::string& where) {
  const pugi::xml_node element = item.child(name);
  if (!element || element.next_sibling(name)) fail("{}: this item needs one <{}>", where, name);
  const pugi::xml_node only = element.first_child();
  if (!only || only.next_sibling() || strip(only.value()).empty()) fail("{}: <{}> must hold a text", where, name);
  return only.value();
}

}  // namespace

void read_copa(const std::filesystem::path& file, int first, int last, const std::function<void(const JsonLine&)>& item) {
  constexpr int kLargestId = 1'000'000;
  const Corpus corpus(file);
  std::size_t row = 0;
  for (const pugi::xml_node node : corpus.root().children("item")) {
    const std::string where = corpus.place(node);
    const int id = number(node, "id", 0, kLargestId, where);
    if (id < first || id > last) continue;
    item({{{"idx", id - first},
           {"question", attribute(node, "asks-for", where)},
           {"label", number(node, "most-plausible-alternative", 1, 2, where) - 1},
           {"premise", text(node, "p", where)},
           {"choice1", text(node, "a1", where)},
           {"choice2", text(node, "a2", where)}},
          where,
          row++,
          {"idx", "question", "label", "premise", "choice1", "choice2"}});
  }
}

}  // namespace tertium
