#include "tertium/model/file_keys.h"

#include <algorithm>
#include <cctype>
#include <variant>
#include <vector>

#include "tertium/base/text.h"

namespace tertium {
namespace {

/// One key, or all that a '*' at one end makes of it.
struct Known {
  std::string_view pattern;
  std::string_view why;
};

constexpr std::string_view kDescribes = "describes the file";
constexpr std::string_view kTokens = "of the tokenizer and of generation";
constexpr std::string_view kTraining = "of training";
constexpr std::string_view kProgram = "of how a program computes, not of what";
constexpr std::string_view kTask = "of heads for other tasks";
constexpr std::string_view kParts = "of parts that are not the language model";
constexpr std::string_view kTensors = "the tensors show it";
constexpr std::string_view kNoWindows = "transformers does not read it for this family";

constexpr Known kHarmless[] = {
    {"architectures", kDescribes},
    {"model_type", kDescribes},
    {"transformers_version", kDescribes},
    {"transformers.js_config", kDescribes},
    {"transformers_weights", kDescribes},
    {"_name_or_path", kDescribes},
    {"name_or_path", kDescribes},
    {"_commit_hash", kDescribes},
    {"adapter_name", kDescribes},
    {"is_llama_config", kDescribes},
    {"unsloth_*", kDescribes},
    {"license*", kDescribes},
    {"dtype", "of how the tensors are stored"},
    {"torch_dtype", "of how the tensors are stored"},
    {"quantization_config", "checked where the tensors are read"},
    {"auto_map", "names Python code, which is not run"},
    {"custom_pipelines", "names Python code, which is not run"},

    {"*_token_id", kTokens},
    {"*_token_ids", kTokens},
    {"*_token_index", kTokens},
    {"*_tokens", kTokens},
    {"tokenizer_class", kTokens},
    {"tokenizer_*", kTokens},
    {"unpadded_vocab_size", kTokens},
    {"task_specific_params", kTokens},
    {"prefix", kTokens},
    {"max_length", kTokens},
    {"min_length", kTokens},
    {"max_new_tokens", kTokens},
    {"model_max_length", kTokens},
    {"do_sample", kTokens},
    {"temperature", kTokens},
    {"top_k", kTokens},
    {"top_p", kTokens},
    {"typical_p", kTokens},
    {"num_beams", kTokens},
    {"num_beam_groups", kTokens},
    {"early_stopping", kTokens},
    {"*_penalty", kTokens},
    {"*no_repeat_ngram_size", kTokens},
    {"bad_words_ids", kTokens},
    {"num_return_sequences", kTokens},
    {"return_dict_in_generate", kTokens},
    {"remove_invalid_values", kTokens},
    {"generation_config", kTokens},

    {"*initializer_range", kTraining},
    {"initializer_*", kTraining},
    {"init_std", kTraining},
    {"init_method", kTraining},
    {"*dropout", kTraining},
    {"*dropout_prob", kTraining},
    {"*_pdrop", kTraining},
    {"layerdrop", kTraining},
    {"neftune_noise_alpha", kTraining},
    {"gradient_checkpointing*", kTraining},
    {"router_aux_loss_coef", kTraining},
    {"router_jitter_noise", kTraining},
    {"output_router_logits", kTraining},
    {"*_z_loss*", kTraining},
    {"pretraining_tp", kTraining},

    {"use_cache", kProgram},
    {"cache_implementation", kProgram},
    {"*attn_implementation*", kProgram},
    {"*experts_implementation*", kProgram},
    {"*flash_attn*", kProgram},
    {"*flash_attention*", kProgram},
    {"fused_*", kProgram},
    {"*_fusion", kProgram},
    {"*_in_fp32", kProgram},
    {"reorder_and_upcast_attn", kProgram},
    {"slow_but_exact", kProgram},
    {"skip_bias_add", kProgram},
    {"offset_alibi", kProgram},
    {"chunk_size_feed_forward", kProgram},
    {"torchscript", kProgram},
    {"use_parallel_embedding", kProgram},
    {"return_dict", kProgram},
    {"use_return_dict", kProgram},
    {"output_attentions", kProgram},
    {"output_hidden_states", kProgram},
    {"output_scores", kProgram},
    {"tie_last_hidden_states", kProgram},
    {"is_decoder", kProgram},
    {"use_bfloat16", kProgram},
    {"tf_legacy_loss", kProgram},
    {"base_model_*_plan", kProgram},
    {"dual_chunk_attention_config", "an approximation for very long contexts, which transformers does not use"},

    {"id2label", kTask},
    {"label2id", kTask},
    {"num_labels", kTask},
    {"_num_labels", kTask},
    {"problem_type", kTask},
    {"summary_*", kTask},
    {"finetuning_task", kTask},
    {"predict_special_tokens", kTask},

    {"vision_config", kParts},
    {"audio_config", kParts},
    {"mm_tokens_per_image", kParts},

    {"attention_bias", kTensors},
    {"mlp_bias", kTensors},
    {"qkv_bias", kTensors},
    {"use_bias", kTensors},
    {"bias", kTensors},
    {"lm_head_bias", kTensors},
    {"use_qkv_bias", kTensors},
    {"use_embedding_sharing", kTensors},
    {"tie_word_embeddings", kTensors},
    {"tie_encoder_decoder", kParts},

    // Reached where the family does not read them: transformers does not either.
    {"sliding_window", kNoWindows},
    {"use_sliding_window", kNoWindows},
    {"max_window_layers", kNoWindows},
    {"layer_types", kNoWindows},
    {"sliding_window_pattern", kNoWindows},
    {"_sliding_window_pattern", kNoWindows},
};

constexpr Known kHarmlessInGguf[] = {
    {"vocab_size", kTensors},
    {"tensor_data_layout", kDescribes},
    {"rope.scaling.finetuned", kTraining},
    {"pooling_type", "of embeddings of whole texts"},
    {"decoder_start_token_id", kTokens},
};

/// What a forward pass consists of. A key that is not known and speaks of it is not left aside.
constexpr std::string_view kSpeaksOfNumbers[] = {
    "rope",  "rotary", "alibi",  "attn",  "attention", "norm",    "scal",   "multipl", "softcap", "clip",
    "clamp", "bias",   "window", "slid",  "expert",    "moe",     "router", "layer",   "head",    "hidden",
    "activ", "resid",  "mlp",    "ffn",   "position",  "embed",   "logit",  "factor",  "theta",   "kv",
    "query", "key",    "paral",  "quant", "prun",      "lora",    "adapt",  "cross",   "encoder", "eps",
    "mask",  "causal", "latent", "gate",  "dim",       "width",   "depth",  "skip",    "config",  "block",
    "state", "conv",   "top_k",  "chunk", "local",     "context", "pattern"};

/// Absent means on, so that saying no to it is no harmless word.
constexpr std::string_view kOnByDefault[] = {"causal", "is_causal", "use_causal_mask", "use_rope", "rope"};

bool fits(std::string_view key, std::string_view pattern) {
  const bool open_front = pattern.starts_with('*'), open_back = pattern.ends_with('*');
  const std::string_view core = pattern.substr(open_front, pattern.size() - open_front - open_back);
  if (const std::size_t star = core.find('*'); star != core.npos)
    return key.starts_with(core.substr(0, star)) && key.ends_with(core.substr(star + 1));
  if (open_front && open_back) return key.find(core) != key.npos;
  if (open_front) return key.ends_with(core);
  if (open_back) return key.starts_with(core);
  return key == core;
}

std::string listed(std::string_view key, const auto& list) {
  const auto known = std::ranges::find_if(list, [&](const Known& entry) { return fits(key, entry.pattern); });
  return known == std::end(list) ? std::string() : std::string(known->why);
}

bool is_off(const nlohmann::json& value) {
  if (value.is_number()) return value == 0;
  return value.is_null() || value == false || value == "" || (value.is_structured() && value.empty());
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower;
}

bool speaks_of_numbers(std::string_view key) {
  const std::string lower = lower_case(key);
  return std::ranges::any_of(kSpeaksOfNumbers, [&](std::string_view word) { return lower.find(word) != lower.npos; });
}

}  // namespace

std::string harmless(std::string_view key, const nlohmann::json& value) {
  if (const std::string why = listed(key, kHarmless); !why.empty()) return why;
  const bool on_by_default = std::ranges::find(kOnByDefault, key) != std::end(kOnByDefault);
  if (is_off(value) && (!on_by_default || value.is_null())) return "switched off";
  if (value == true && on_by_default) return "so it is anyway";
  // Numbers and tables of unknown names are rather settings than remarks.
  if (value.is_structured() || speaks_of_numbers(key)) return {};
  return "no name of a setting";
}

std::string harmless_in_gguf(std::string_view key, const GgufValue& value) {
  if (const std::string why = listed(key, kHarmlessInGguf); !why.empty()) return why;
  if (key == "attention.causal") return value == GgufValue(true) ? "so it is anyway" : "";
  const bool off = std::visit(
      []<class T>(const T& held) {
        if constexpr (std::is_arithmetic_v<T>)
          return held == T{};
        else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::vector<std::string>>)
          return held.empty();
        else
          return std::ranges::all_of(held, [](auto element) { return !element; });
      },
      value);
  return off ? "switched off" : "";
}

}  // namespace tertium
