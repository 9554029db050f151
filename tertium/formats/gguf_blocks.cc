#include "tertium/formats/gguf_blocks.h"

#include <array>
#include <cstring>

#include "tertium/formats/half.h"
#include "tertium/formats/tensor_view.h"

// Inner loops have a fixed length and promise (`__restrict`) that input and output are apart: the compiler vectorises
// them.

namespace tertium {
namespace {

using Byte = std::uint8_t;

constexpr int small_block = 32;      // values of a Q?_0, Q?_1 or IQ4_NL block
constexpr int large_block = 256;     // values of the other blocks, and the sub-blocks that have a scale of their own:
constexpr int sub_block = 32;        // in Q4_K, Q5_K and IQ4_XS
constexpr int small_sub_block = 16;  // in Q2_K, Q3_K and Q6_K
constexpr int half_bytes = 2;

template <class T>
T load(const Byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

float load_half(const Byte* bytes) { return half_to_float(load<std::uint16_t>(bytes)); }

/// Calls `decode(block, values)` for each block in turn.
template <class Decode>
void for_each_block(DType dtype, const Byte* encoded, std::size_t blocks, float* values, Decode decode) {
  const DTypeLayout& unit = layout(dtype);
  for (std::size_t i = 0; i < blocks; ++i) decode(encoded + i * unit.bytes, values + i * unit.block);
}

/// The fifth bits of 32 values, one bit each, as 0 or 16.
std::array<Byte, small_block> fifth_bits(const Byte* bytes) {
  // Masks instead of shifts by a varying count, which plain x86-64 has no vector instruction for.
  static constexpr std::array<Byte, 8> mask = {1, 2, 4, 8, 16, 32, 64, 128};
  std::array<Byte, small_block> bits;
  for (int i = 0; i < small_block; i += 8)
    for (int j = 0; j < 8; ++j) bits[i + j] = (bytes[i / 8] & mask[j]) != 0 ? 16 : 0;
  return bits;
}

/// values = scale · q + minimum, for 4-bit q: the low halves of 16 bytes, then the high halves.
void decode_nibbles(const Byte* __restrict q, float scale, float minimum, float* __restrict values) {
  constexpr int half = small_block / 2;
  for (int j = 0; j < half; ++j) values[j] = scale * static_cast<float>(q[j] & 15) + minimum;
  for (int j = 0; j < half; ++j) values[j + half] = scale * static_cast<float>(q[j] >> 4) + minimum;
}

/// values = scale · (q - zero) + minimum, for 5-bit q.
void decode_five_bits(const Byte* __restrict q, const Byte* __restrict fifth, int zero, float scale, float minimum,
                      float* __restrict values) {
  constexpr int half = small_block / 2;
  const std::array<Byte, small_block> high = fifth_bits(fifth);
  for (int j = 0; j < half; ++j) values[j] = scale * static_cast<float>(((q[j] & 15) | high[j]) - zero) + minimum;
  for (int j = 0; j < half; ++j)
    values[j + half] = scale * static_cast<float>(((q[j] >> 4) | high[j + half]) - zero) + minimum;
}

/// The scales and minima of a Q4_K or Q5_K block.
struct SubBlockScales {
  std::array<float, 8> scale;
  std::array<float, 8> minimum;
};

/// `header`: f16 scale, f16 minimum, then eight 6-bit factors of each in 12 bytes. The first four of each lie in the
/// low six bits of bytes 0–3 (scales) and 4–7 (minima); the others have four bits in bytes 8–11 and their upper two
/// atop the first ones.
SubBlockScales load_scales(const Byte* header) {
  const float scale = load_half(header);
  const float minimum = load_half(header + half_bytes);
  const Byte* packed = header + 2 * half_bytes;
  SubBlockScales result;
  for (int i = 0; i < 4; ++i) {
    result.scale[i] = scale * static_cast<float>(packed[i] & 63);
    result.minimum[i] = minimum * static_cast<float>(packed[i + 4] & 63);
    result.scale[i + 4] = scale * static_cast<float>((packed[i + 8] & 15) | (packed[i] >> 6 << 4));
    result.minimum[i + 4] = minimum * static_cast<float>((packed[i + 8] >> 4) | (packed[i + 4] >> 6 << 4));
  }
  return result;
}

constexpr int k_header_bytes = 2 * half_bytes + 12;

void decode_one_q8_0(const Byte* __restrict block, float* __restrict values) {
  const float scale = load_half(block);
  const Byte* __restrict q = block + half_bytes;
  for (int j = 0; j < small_block; ++j) values[j] = scale * static_cast<float>(static_cast<std::int8_t>(q[j]));
}

void decode_one_q4_0(const Byte* __restrict block, float* __restrict values) {
  const float scale = load_half(block);
  const Byte* __restrict q = block + half_bytes;
  constexpr int half = small_block / 2;
  for (int j = 0; j < half; ++j) values[j] = scale * static_cast<float>((q[j] & 15) - 8);
  for (int j = 0; j < half; ++j) values[j + half] = scale * static_cast<float>((q[j] >> 4) - 8);
}

/// Bytes: f16 scale, f16 minimum, 8 factors of each, 128 of nibbles. Two sub-blocks share 32 bytes: low halves, then
/// high halves.
void decode_one_q4_k(const Byte* __restrict block, float* __restrict values) {
  const SubBlockScales scales = load_scales(block);
  for (int i = 0; i < large_block / sub_block; ++i) {
    const Byte* __restrict q = block + k_header_bytes + i / 2 * sub_block;
    const int shift = i % 2 * 4;
    const float scale = scales.scale[i];
    const float minimum = scales.minimum[i];
    float* __restrict out = values + i * sub_block;
    for (int j = 0; j < sub_block; ++j) out[j] = scale * static_cast<float>((q[j] >> shift) & 15) - minimum;
  }
}

/// As Q4_K, with the fifth bits before the nibbles: bit i of byte j belongs to value j of sub-block i.
void decode_one_q5_k(const Byte* __restrict block, float* __restrict values) {
  const SubBlockScales scales = load_scales(block);
  const Byte* __restrict fifth = block + k_header_bytes;
  for (int i = 0; i < large_block / sub_block; ++i) {
    const Byte* __restrict q = fifth + sub_block + i / 2 * sub_block;
    const int shift = i % 2 * 4;
    const float scale = scales.scale[i];
    const float minimum = scales.minimum[i];
    float* __restrict out = values + i * sub_block;
    for (int j = 0; j < sub_block; ++j)
      out[j] = scale * static_cast<float>(((q[j] >> shift) & 15) | (((fifth[j] >> i) & 1) << 4)) - minimum;
  }
}

/// Where Q2_K and Q3_K keep the bit pairs of a sub-block. The block is eight runs of 32 values, each two sub-blocks;
/// the four runs of a half have the bit pairs of the same 32 bytes, one behind the other.
struct PairPlace {
  int run;
  int byte;    // the first of 16
  int shift;   // of the pair
  int within;  // the run: 0 or 16
};

PairPlace pair_place(int index) {
  const int run = index / 2;
  const int within = index % 2 * small_sub_block;
  return {run, run / 4 * small_block + within, run % 4 * 2, within};
}

/// Bytes: 16 scales (low nibble) and minima (high nibble), 64 of bit pairs, f16 scale, f16 minimum.
void decode_one_q2_k(const Byte* __restrict block, float* __restrict values) {
  constexpr int sub_blocks = large_block / small_sub_block;
  const Byte* pairs = block + sub_blocks;
  const Byte* tail = pairs + large_block / 4;
  const float block_scale = load_half(tail);
  const float block_minimum = load_half(tail + half_bytes);
  for (int i = 0; i < sub_blocks; ++i) {
    const PairPlace place = pair_place(i);
    const Byte* __restrict q = pairs + place.byte;
    const float scale = block_scale * static_cast<float>(block[i] & 15);
    const float minimum = block_minimum * static_cast<float>(block[i] >> 4);
    float* __restrict out = values + i * small_sub_block;
    for (int j = 0; j < small_sub_block; ++j) out[j] = scale * static_cast<float>((q[j] >> place.shift) & 3) - minimum;
  }
}

/// Bytes: 32 of high bits, 64 of bit pairs, 12 of scales, f16 scale. Bit r of byte j of the high bits belongs to value
/// j of run r, and takes 4 off the value where it is not set. Of the 16 six-bit scales, less 32, scale i has four bits
/// in a nibble of byte i % 8 and two in byte 8 + i % 4.
void decode_one_q3_k(const Byte* __restrict block, float* __restrict values) {
  constexpr int sub_blocks = large_block / small_sub_block;
  const Byte* pairs = block + large_block / 8;
  const Byte* scales = pairs + large_block / 4;
  const float block_scale = load_half(scales + 12);
  for (int i = 0; i < sub_blocks; ++i) {
    const PairPlace place = pair_place(i);
    const Byte* __restrict q = pairs + place.byte;
    const Byte* __restrict high = block + place.within;
    const int low_scale = (scales[i % 8] >> (i / 8 * 4)) & 15;
    const int high_scale = (scales[8 + i % 4] >> (i / 4 * 2)) & 3;
    const float scale = block_scale * static_cast<float>((low_scale | high_scale << 4) - 32);
    float* __restrict out = values + i * small_sub_block;
    for (int j = 0; j < small_sub_block; ++j)
      out[j] = scale * static_cast<float>((((q[j] >> place.shift) & 3) | (((high[j] >> place.run) & 1) << 2)) - 4);
  }
}

/// What the nibbles of IQ4_NL and IQ4_XS stand for.
constexpr std::array<float, 16> iq4_levels = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

/// values = scale · level of 32 nibbles: the low halves of 16 bytes, then the high halves.
void decode_levels(const Byte* __restrict q, float scale, float* __restrict values) {
  constexpr int half = small_block / 2;
  for (int j = 0; j < half; ++j) values[j] = scale * iq4_levels[q[j] & 15];
  for (int j = 0; j < half; ++j) values[j + half] = scale * iq4_levels[q[j] >> 4];
}

/// Bytes: f16 scale, 2 with the upper two bits of eight six-bit scales (less 32), 4 with their lower nibbles, 128 of
/// nibbles.
void decode_one_iq4_xs(const Byte* __restrict block, float* __restrict values) {
  constexpr int sub_blocks = large_block / sub_block;
  const float block_scale = load_half(block);
  const auto high_scales = load<std::uint16_t>(block + half_bytes);
  const Byte* low_scales = block + half_bytes + sizeof high_scales;
  const Byte* q = low_scales + sub_blocks / 2;
  for (int i = 0; i < sub_blocks; ++i) {
    const int low = (low_scales[i / 2] >> (i % 2 * 4)) & 15;
    const int high = (high_scales >> (i * 2)) & 3;
    const float scale = block_scale * static_cast<float>((low | high << 4) - 32);
    decode_levels(q + i * sub_block / 2, scale, values + i * sub_block);
  }
}

/// Bytes: 128 of lower nibbles, 64 of upper bit pairs, 16 signed scales, f16 scale. Each half of the block (128 values)
/// is four runs of 32: runs 0 and 1 have the low, 2 and 3 the high nibbles of 64 bytes; run r has bit pair r of 32
/// bytes.
void decode_one_q6_k(const Byte* __restrict block, float* __restrict values) {
  constexpr int low_bytes = large_block / 2;
  constexpr int high_bytes = large_block / 4;
  const Byte* scales = block + low_bytes + high_bytes;
  const float block_scale = load_half(scales + large_block / small_sub_block);
  for (int i = 0; i < large_block / small_sub_block; ++i) {
    const int half = i / 8;
    const int run = i % 8 / 2;
    const int within = i % 2 * small_sub_block;
    const Byte* __restrict low = block + half * 64 + run % 2 * 32 + within;
    const Byte* __restrict high = block + low_bytes + half * 32 + within;
    const int low_shift = run / 2 * 4;
    const int high_shift = run * 2;
    const float scale = block_scale * static_cast<float>(static_cast<std::int8_t>(scales[i]));
    float* __restrict out = values + i * small_sub_block;
    for (int j = 0; j < small_sub_block; ++j)
      out[j] = scale * static_cast<float>((((low[j] >> low_shift) & 15) | (((high[j] >> high_shift) & 3) << 4)) - 32);
  }
}

}  // namespace

void decode_q8_0(const Byte* encoded, std::size_t blocks, float* values) {
  for_each_block(DType::Q8_0, encoded, blocks, values, decode_one_q8_0);
}

void decode_q4_0(const Byte* encoded, std::size_t blocks, float* values) {
  for_each_block(DType::Q4_0, encoded, blocks, values, decode_one_q4_0);
}

void decode_q4_1(const Byte* encoded, std::size_t blocks, float* values) {
  for_each_block(DType::Q4_1, encoded, blocks, values, [](const Byte* block, float* out) {
    decode_nibbles(block + 2 * half_bytes, load_half(block), load_half(block + half_bytes), out);
  });
}

void decode_q5_0(const Byte* encoded, std::size_t blocks, float* values) {
  for_each_block(DType::Q5_0, encoded, blocks, values, [](const Byte* block, float* out) {
    // Not 0: that would turn a product of -0 into +0.
    constexpr float no_minimum = -0.0f;
    decode_five_bits(block + half_bytes + 4, block + half_bytes, 16, load_half(block), no_minimum, out);
  });
}

void decode_q5_1(const Byte* encoded, std::size_t blocks, float* values) {
  for_each_block(DType::Q5_1, encoded, blocks, values, [](const Byte* block, float* out) {
    const Byte* fifth = block + 2 * half_bytes;
    decode_five_bits(fifth + 4, fifth, 0, load_half(block), load_half(block + half_bytes), out);
  });
}

void decode_q2_k(const Byte* encoded, std::size_t blocks, float* values) {
  for_each_block(DType::Q2_K, encoded, blocks, values, decode_one_q2_k);
}

void decode_q3_k(const Byte* encoded, std::size_t blocks, float* values) {
  for_each_block(DType::Q3_K, encoded, blocks, values, decode_one_q3_k);
}

void decode_q4_k(const Byte* encoded, std::size_t blocks, float* values) {
  for_each_block(DType::Q4_K, encoded, blocks, values, decode_one_q4_k);
}

void decode_q5_k(const Byte* encoded, std::size_t blocks, float* values) {
  for_each_block(DType::Q5_K, encoded, blocks, values, decode_one_q5_k);
}

void decode_q6_k(const Byte* encoded, std::size_t blocks, float* values) {
  for_each_block(DType::Q6_K, encoded, blocks, values, decode_one_q6_k);
}

void decode_iq4_nl(const Byte* encoded, std::size_t blocks, float* values) {
  for_each_block(DType::IQ4_NL, encoded, blocks, values,
                 [](const Byte* block, float* out) { decode_levels(block + half_bytes, load_half(block), out); });
}

void decode_iq4_xs(const Byte* encoded, std::size_t blocks, float* values) {
  for_each_block(DType::IQ4_XS, encoded, blocks, values, decode_one_iq4_xs);
}

}  // namespace tertium
