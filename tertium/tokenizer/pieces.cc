#include "tertium/tokenizer/pieces.h"

#include <fmt/format.h>

#include <iterator>

namespace tertium {
namespace {

std::string hexadecimal(const std::string& bytes) {
  std::string digits;
  digits.reserve(2 * bytes.size());
  for (const char byte : bytes) fmt::format_to(std::back_inserter(digits), "{:02x}", static_cast<unsigned char>(byte));
  return digits;
}

std::string user_defined_json(const std::vector<Piece>& pieces) {
  std::string json;
  for (const Piece& piece : pieces) {
    if (piece.type != PieceType::user_defined) continue;
    if (!json.empty()) json += ',';
    append_quoted(json, piece.text);
  }
  return "[" + json + "]";
}

std::string normalizer_json(const Pieces& pieces) {
  return fmt::format(
      R"({{"charsmap":"{}","dummy_prefix":{},"first_prefix_only":{},"suffix":{},"remove_extra_whitespaces":{},)"
      R"("escape_whitespaces":{},"user_defined":{}}})",
      hexadecimal(pieces.charsmap), pieces.dummy_prefix, pieces.first_prefix_only, pieces.whitespace_as_suffix,
      pieces.remove_extra_whitespaces, pieces.escape_whitespaces, user_defined_json(pieces.pieces));
}

std::string decoder_json(const Pieces& pieces) {
  const bool strips = pieces.dummy_prefix;
  const std::string strip = fmt::format(R"(,{{"type":"Strip","content":" ","start":{:d},"stop":{:d}}})",
                                        !pieces.whitespace_as_suffix, pieces.whitespace_as_suffix);
  return fmt::format(R"({{"type":"Sequence","decoders":[{{"type":"Replace","pattern":{{"String":"▁"}},"content":" "}},)"
                     R"({{"type":"ByteFallback"}},{{"type":"Fuse"}}{}]}})",
                     strips ? strip : "");
}

std::string model_json(const Pieces& pieces) {
  std::string json = fmt::format(R"({{"algorithm":"{}","byte_fallback":{},"unk_id":{},"pieces":[)",
                                 pieces.algorithm == Pieces::Algorithm::bpe ? "bpe" : "unigram", pieces.byte_fallback,
                                 pieces.unknown ? std::to_string(*pieces.unknown) : "null");
  for (const Piece& piece : pieces.pieces) {
    json += '[';
    append_quoted(json, piece.text);
    fmt::format_to(std::back_inserter(json), ",{},{}],", piece.score, static_cast<std::int64_t>(piece.type));
  }
  if (json.back() == ',') json.pop_back();
  return json + "]}";
}

}  // namespace

std::string tokenizer_json(const Pieces& pieces) {
  return fmt::format(R"({{"sentencepiece":{{"version":"1.0","added_tokens":{},"normalizer":{},"pre_tokenizer":null,)"
                     R"("post_processor":{},"decoder":{},"model":{}}},"special_in_text":{}}})",
                     added_tokens_json(pieces.added), normalizer_json(pieces), frame_json(pieces.bos, pieces.eos),
                     decoder_json(pieces), model_json(pieces), pieces.special_in_text);
}

}  // namespace tertium
