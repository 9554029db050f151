#include "tertium/model/sizes.h"

#include <cstdint>
#include <string_view>

#include "tertium/base/error.h"

namespace tertium {
namespace {

constexpr std::int64_t kWidestRow = std::int64_t{4} * kLargestCount;  // of q, k and v together, of gate and up

void demand_product(std::string_view what, std::int64_t a, std::int64_t b, const std::string& origin) {
  if (a * b > kWidestRow)  // of two counts, so it fits
    fail("{}: {} are {} x {} numbers, more than the {} that tertium computes with; the file is damaged", origin, what,
         a, b, kWidestRow);
}

}  // namespace

void demand_sizes(const Config& config, const std::string& origin) {
  for (const int count : {config.hidden, config.heads, config.kv_heads, config.head_dim, config.mlp, config.vocabulary,
                          config.context, config.block_count()})
    if (count < 1 || count > kLargestCount)
      fail("{}: one of its dimensions is {}; they must be from 1 to {}", origin, count, kLargestCount);
  if (config.block_count() > kMostBlocks)
    fail("{}: has {} blocks, more than {}; the file is damaged", origin, config.block_count(), kMostBlocks);
  demand_product("the heads", config.heads, config.head_dim, origin);
  demand_product("queries, keys and values", std::int64_t{config.heads} + 2 * std::int64_t{config.kv_heads},
                 config.head_dim, origin);
  if (config.heads % config.kv_heads != 0)
    fail("{}: {} key and value heads do not divide {} heads; the file is damaged", origin, config.kv_heads,
         config.heads);
  for (const Rope& rope : config.ropes)
    if (rope.rotated > config.head_dim)
      fail("{}: {} dimensions of a head are rotated, but it has {}", origin, rope.rotated, config.head_dim);
  const Experts& experts = config.experts;
  if (experts.count == 0) return;
  demand_product("the experts", experts.count, experts.width, origin);
  if (experts.per_row < 1 || experts.per_row > experts.count)
    fail(
        "{}: each row shall pass {} experts, but there are {}; correct num_experts_per_tok (in GGUF: "
        "expert_used_count)",
        origin, experts.per_row, experts.count);
}

void demand_embedded(std::int64_t id, int vocabulary, std::string_view name) {
  if (id < 0 || id >= vocabulary)
    fail("{}: the tokenizer gives the id {}, but the model embeds {}; do tokenizer and model belong together?", name,
         id, vocabulary);
}

}  // namespace tertium
