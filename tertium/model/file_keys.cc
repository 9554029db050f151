#include "tertium/model/file_keys.h"

#include <algorithm>
#include <cctype>
#include <variant>
#include <vector>

#include "tertium/base/text.h"
#include "tertium/formats/known_keys.h"

namespace tertium {
namespace {

constexpr std::string_view kDescribes = "describes the file";
constexpr std::string_view kTokens = "of the tokenizer and of generation";
constexpr std::string_view kTraining = "of training";
constexpr std::string_view kProgram = "of how a program computes, not of what";
constexpr std::string_view kTask = "of heads for other tasks";
constexpr std::string_view kParts = "of parts that are not the language model";
constexpr std::string_view kTensors = "the tensors show it";
constexpr std::string_view kNoWindows = "transformers does not read it for this family";

constexpr KnownKey kHarmless[] = {
    {"architectures", kDescribes},
    {"model_type", kDescribes},
    {"transformers_version", kDescribes},
    {"transformers.js_config", kDescribes},
    {"transformers_weights", kDescribes},
    {"_name_or_path", kDescribes},
    {"name_or_path", kDescribes},
    {"_commit_hash", kDescribes},
    {"_from_model_config", kDescribes},
    {"language", kDescribes},
    {"languages", kDescribes},
    {"tags", kDescribes},
    {"datasets", kDescribes},
    {"conver*", kDescribes},  // converted_from, conversation_template
    {"adapter_name", kDescribes},
    {"is_llama_config", kDescribes},
    {"unsloth_*", kDescribes},
    {"license*", kDescribes},
    {"dtype", "of how the tensors are stored"},
    {"torch_dtype", "of how the tensors are stored"},
    {"_pre_quantization_dtype", "of how the tensors were stored"},
    {"quantization_config", "checked where the tensors are read"},
    {"auto_map", "names Python code, which is not run"},
    {"custom_pipeline*", "names Python code, which is not run"},

    {"*_token_id", kTokens},
    {"*_token_ids", kTokens},
    {"*_token_index", kTokens},
    {"*_tokens", kTokens},
    {"tokenizer_class", kTokens},
    {"tokenizer_*", kTokens},
    {"unpadded_vocab_size", kTokens},
    {"pad_to_multiple_of", kTokens},
    {"pad_vocab_size_multiple*", kTokens},
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
    {"*checkpointing*", kTraining},
    {"router_aux_loss_coef", kTraining},
    {"router_jitter_noise", kTraining},
    {"output_router_logits", kTraining},
    {"*_z_loss*", kTraining},
    {"pretraining_tp", kTraining},
    {"train_*", kTraining},
    {"training_*", kTraining},
    {"*_steps", kTraining},
    {"*deepspeed*", kTraining},

    {"use_cache", kProgram},
    {"cache_implementation", kProgram},
    {"*attn_implementation*", kProgram},
    {"*experts_implementation*", kProgram},
    {"*flash_attn*", kProgram},
    {"*flash_attention*", kProgram},
    {"fused_*", kProgram},
    {"use_fused_*", kProgram},
    {"fuse_*", kProgram},  // weights that are fused in another way are refused where they are read
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
    {"keys_to_ignore_at_inference", kProgram},
    {"ignore_keys_at_rope_validation", kProgram},
    {"tensor_parallel*", kProgram},
    {"sequence_parallel*", kProgram},
    {"pipeline_parallel*", kProgram},
    {"context_parallel*", kProgram},
    {"model_parallel*", kProgram},
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

constexpr KnownKey kHarmlessInGguf[] = {
    {"vocab_size", kTensors},
    {"tensor_data_layout", kDescribes},
    {"rope.scaling.finetuned", kTraining},
    {"pooling_type", "of embeddings of whole texts"},
    {"classifier.output_labels", kTask},
    {"attention.layer_norm_epsilon", "of a kind of norm that the family does not have"},
    {"attention.layer_norm_rms_epsilon", "of a kind of norm that the family does not have"},
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

/// Factors and shares that other families read.
constexpr std::string_view kOneByDefault[] = {"rotary_pct",     "rope_scaling_factor", "embedding_multiplier",
                                              "logits_scaling", "residual_multiplier", "logit_scale"};

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
  if (const std::string_view why = why_known(key, kHarmless); !why.empty()) return std::string(why);
  const bool on_by_default = std::ranges::find(kOnByDefault, key) != std::end(kOnByDefault);
  if (is_off(value) && (!on_by_default || value.is_null())) return "switched off";
  if (value == true && on_by_default) return "so it is anyway";
  if (value == 1 && value.is_number() && std::ranges::find(kOneByDefault, key) != std::end(kOneByDefault))
    return "1 changes nothing";
  // Numbers and tables of unknown names are rather settings than remarks.
  if (value.is_structured() || speaks_of_numbers(key)) return {};
  return "no name of a setting";
}

std::string harmless_in_gguf(std::string_view key, const GgufValue& value) {
  if (const std::string_view why = why_known(key, kHarmlessInGguf); !why.empty()) return std::string(why);
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
