#include "tertium/tokenizer/gguf_splits.h"

#include <algorithm>

namespace tertium {
namespace {

constexpr std::string_view gpt2_words = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view llama3_words =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view qwen2_words =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

constexpr std::string_view tekken_words =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view gpt4o_words =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view deepseek3_words =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view bloom_words = R"( ?[^(\s|[.,!?…。，、।۔،])]+)";
constexpr std::string_view one_digit = R"(\p{N})";
constexpr std::string_view up_to_three_digits = R"(\p{N}{1,3})";
// The groups of three are counted from the right, since the digits' number must divide by three behind each.
constexpr std::string_view tiny_aya_digits = R"(\d{1,3}(?=(?:\d{3})*\b))";
constexpr std::string_view seed_coder_words =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view minicpm5_words =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view line_breaks = "[\r\n]";
constexpr std::string_view cjk = "[一-龥ࠀ-一가-퟿]+";
constexpr std::string_view cjk_and_kana = "[一-龥぀-ゟ゠-ヿ]+";
// Letters that have a case, as the model's own file lists them.
constexpr std::string_view deepseek_words =
    R"(\s?[)"
    R"(A-Za-z\x{B5}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1BA}\x{1BC}-\x{1BF}\x{1C4}-\x{293}\x{295}-\x{2AF})"
    R"(\x{370}-\x{373}\x{376}-\x{377}\x{37B}-\x{37D}\x{37F}\x{386}\x{388}-\x{38A}\x{38C}\x{38E}-\x{3A1})"
    R"(\x{3A3}-\x{3F5}\x{3F7}-\x{481}\x{48A}-\x{52F}\x{531}-\x{556}\x{10A0}-\x{10C5}\x{13A0}-\x{13F5})"
    R"(\x{13F8}-\x{13FD}\x{1C90}-\x{1CBA}\x{1CBD}-\x{1CBF}\x{1D00}-\x{1D2B}\x{1D6B}-\x{1D77}\x{1D79}-\x{1D9A})"
    R"(\x{1E00}-\x{1F15}\x{1F18}-\x{1F1D}\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D}\x{1F50}-\x{1F57}\x{1F59}\x{1F5B})"
    R"(\x{1F5D}\x{1F5F}-\x{1F7D}\x{1F80}-\x{1FB4}\x{1FB6}-\x{1FBC}\x{1FBE}\x{1FC2}-\x{1FC4}\x{1FC6}-\x{1FCC})"
    R"(\x{1FD0}-\x{1FD3}\x{1FD6}-\x{1FDB}\x{1FE0}-\x{1FEC}\x{1FF2}-\x{1FF4}\x{1FF6}-\x{1FFC}\x{2102}\x{2107})"
    R"(\x{210A}-\x{2113}\x{2115}\x{2119}-\x{211D}\x{2124}\x{2126}\x{2128}\x{212A}-\x{212D}\x{212F}-\x{2134})"
    R"(\x{2139}\x{213C}-\x{213F}\x{2145}-\x{2149}\x{214E}\x{2183}-\x{2184}\x{2C00}-\x{2C7B}\x{2C7E}-\x{2CE4})"
    R"(\x{2CEB}-\x{2CEE}\x{2CF2}-\x{2CF3}\x{A640}-\x{A66D}\x{A680}-\x{A69B}\x{A722}-\x{A76F}\x{A771}-\x{A787})"
    R"(\x{A78B}-\x{A78E}\x{AB70}-\x{ABBF}\x{FB00}-\x{FB06}\x{FB13}-\x{FB17}\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A})"
    R"(\x{10400}-\x{1044F}\x{104B0}-\x{104D3}\x{104D8}-\x{104FB}\x{10C80}-\x{10CB2}\x{10CC0}-\x{10CF2})"
    R"(\x{118A0}-\x{118DF}\x{1E900}-\x{1E943})"
    R"(]+)";
constexpr std::string_view deepseek_signs = R"(\s?[!-/:-~！-／：-～‘-‟\x{3000}-。]+)";

constexpr Split splits[] = {
    // llama.cpp's own, for files whose converter knew no better. It is nobody's training split, so llama.cpp warns of it;
    // what others compute with such a file is computed with it.
    {.name = "default", .patterns = {R"([\p{P}$+<=>^~|]+)", gpt2_words, R"(\p{N}+)", "[0-9][0-9][0-9]"}},
    {.name = "gpt-2", .patterns = {gpt2_words}},
    {.name = "phi-2", .patterns = {gpt2_words}},
    {.name = "mpt", .patterns = {gpt2_words}},
    {.name = "olmo", .patterns = {gpt2_words}},
    {.name = "jais", .patterns = {gpt2_words}},
    {.name = "trillion", .patterns = {gpt2_words}},
    {.name = "exaone4", .patterns = {gpt2_words}},
    {.name = "a.x-4.0", .patterns = {gpt2_words}},
    {.name = "mellum", .patterns = {gpt2_words}},
    {.name = "granite-docling", .patterns = {gpt2_words}},
    // SmolLM's own file takes all digits of Unicode singly; transformers, reading the GGUF, those of ASCII, and its ids
    // are the reference.
    {.name = "smollm", .patterns = {"[0-9]", gpt2_words}},
    {.name = "command-r", .patterns = {one_digit, gpt2_words}, .nfc = true},
    {.name = "starcoder", .patterns = {one_digit, gpt2_words}},
    {.name = "refact", .patterns = {one_digit, gpt2_words}},
    {.name = "codeshell", .patterns = {one_digit, gpt2_words}},
    {.name = "exaone", .patterns = {one_digit, gpt2_words}},
    {.name = "minerva-7b", .patterns = {one_digit, gpt2_words}},
    {.name = "mellum2", .patterns = {one_digit, gpt2_words}},
    {.name = "falcon", .patterns = {R"([\p{P}$+<=>^~|`]+)", gpt2_words, "[0-9][0-9][0-9]"}},
    {.name = "qwen2", .patterns = {qwen2_words}, .nfc = true},
    {.name = "deepseek-r1-qwen", .patterns = {qwen2_words}, .nfc = true},
    {.name = "megrez", .patterns = {qwen2_words}, .nfc = true},
    {.name = "kormo", .patterns = {qwen2_words}},
    {.name = "stablelm2", .patterns = {qwen2_words}},
    {.name = "hunyuan", .patterns = {qwen2_words}},
    {.name = "solar-open", .patterns = {qwen2_words}},
    {.name = "grok-2", .patterns = {qwen2_words}},
    {.name = "seed-coder", .patterns = {seed_coder_words}},
    {.name = "llama-bpe", .patterns = {llama3_words}, .whole_words = true, .add_bos = true},
    {.name = "llama3", .patterns = {llama3_words}, .whole_words = true, .add_bos = true},
    {.name = "llama-v3", .patterns = {llama3_words}, .whole_words = true, .add_bos = true},
    {.name = "falcon3", .patterns = {llama3_words}, .whole_words = true, .add_bos = true},
    {.name = "falcon-h1", .patterns = {llama3_words}, .whole_words = true, .add_bos = true},
    {.name = "pixtral", .patterns = {llama3_words}, .whole_words = true, .add_bos = true},
    {.name = "midm-2.0", .patterns = {llama3_words}, .whole_words = true, .add_bos = true},
    {.name = "lfm2", .patterns = {llama3_words}, .whole_words = true, .add_bos = true},
    {.name = "dbrx", .patterns = {llama3_words}},       // OLMo 2 and 3, too
    {.name = "smaug-bpe", .patterns = {llama3_words}},  // SmolLM3, too
    {.name = "glm4", .patterns = {llama3_words}},
    {.name = "chatglm-bpe", .patterns = {llama3_words}},
    {.name = "minicpm5", .patterns = {up_to_three_digits, minicpm5_words}, .whole_words = true},
    {.name = "tekken", .patterns = {tekken_words}, .whole_words = true, .add_bos = true},
    {.name = "gpt-4o", .patterns = {gpt4o_words}},
    {.name = "llama4", .patterns = {gpt4o_words}},
    {.name = "kanana2", .patterns = {gpt4o_words}},
    {.name = "minimax-m2", .patterns = {gpt4o_words}},
    {.name = "tiny_aya", .patterns = {tiny_aya_digits, gpt4o_words}, .nfc = true},  // as all of Cohere's
    {.name = "superbpe", .patterns = {R"(\p{N}+)", R"((?=(\d{3})+(?!\d)))"}},
    {.name = "deepseek-llm",
     .patterns = {line_breaks, deepseek_words, deepseek_signs, R"(\s+$)", cjk, R"(\p{N}+)"}},
    {.name = "deepseek-coder", .patterns = {line_breaks, R"(\s?\p{L}+)", R"(\s?\p{P}+)", cjk, one_digit}},
    {.name = "deepseek-v3", .patterns = {up_to_three_digits, cjk_and_kana, deepseek3_words}},
    {.name = "hunyuan-dense", .patterns = {up_to_three_digits, cjk_and_kana, deepseek3_words}},
    {.name = "joyai-llm", .patterns = {up_to_three_digits, cjk_and_kana, deepseek3_words}},
    {.name = "bloom", .patterns = {bloom_words}},
    {.name = "poro-chat", .patterns = {bloom_words}},
    {.name = "gpt3-finnish", .patterns = {bloom_words}},
    {.name = "viking", .patterns = {bloom_words, one_digit}},
    {.name = "chameleon",
     .patterns = {"<sentinel:[0-9]+>", "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", "([\t\n]|    |  )", one_digit,
                  R"([\p{P}!-/:-@\[-`{-~])", gpt2_words},
     .add_bos = true},
};

}  // namespace

const Split* find_split(std::string_view name) {
  const auto found = std::ranges::find(splits, name, &Split::name);
  return found == std::end(splits) ? nullptr : &*found;
}

std::vector<std::string> split_names() {
  std::vector<std::string> names;
  for (const Split& split : splits) names.emplace_back(split.name);
  return names;
}

}  // namespace tertium
