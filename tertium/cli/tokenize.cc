#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/cli/command.h"
#include "tertium/formats/model_path.h"
#include "tertium/tokenizer/tokenizer.h"

namespace tertium {
namespace {

struct Options {
  std::string model;
  std::string text;
  bool no_special = false;
  bool json = false;
};

void tokenize(const Options& options) {
  if (!is_utf8(options.text)) fail("the text is not UTF-8; check the terminal's encoding");
  const Tokenizer tokenizer = Tokenizer::open(find_model(options.model));
  const Encoding encoding = tokenizer.encode(options.text, !options.no_special);
  if (!options.json) fmt::print("{:>8}  {:<20} {:<12} {}\n", "id", "piece", "bytes", "text");
  for (std::size_t t = 0; t < encoding.ids.size(); ++t) {
    const auto [begin, end] = encoding.offsets[t];
    const std::string piece = tokenizer.piece(encoding.ids[t]), text = options.text.substr(begin, end - begin);
    if (options.json)
      fmt::print(
          "{}\n",
          nlohmann::json({{"id", encoding.ids[t]}, {"piece", piece}, {"begin", begin}, {"end", end}, {"text", text}})
              .dump());
    else
      fmt::print("{:>8}  {:<20} {:<12} {}\n", encoding.ids[t], printable(piece), fmt::format("{}..{}", begin, end),
                 printable(text));
  }
}

}  // namespace

void add_tokenize(CLI::App& app) {
  CLI::App& command = add_command(app, "tokenize", "Show a text's token ids, pieces and byte offsets",
                                  "tertium tokenize models/gemma-3-270m.gguf \"L'uomo aprì il rubinetto.\"");
  const auto options = std::make_shared<Options>();
  command.add_option("model", options->model, kModelHelp)->required();
  command.add_option("text", options->text, "The text")->required();
  command.add_flag("--no-special", options->no_special, "Without BOS and other special tokens");
  command.add_flag("--json", options->json, "One JSON object a token");
  command.callback([options] { tokenize(*options); });
}

}  // namespace tertium
