#pragma once

#include <cstddef>
#include <cstdint>

namespace tertium {

// GGUF's quantized blocks, decoded to f32. Each function reads `blocks` blocks and writes as many times the values of a
// block (see layout()), which must not overlap the input. The arithmetic is that of gguf-py, step by step, so values
// agree to the bit.

void decode_q8_0(const std::uint8_t* encoded, std::size_t blocks, float* values);
void decode_q4_0(const std::uint8_t* encoded, std::size_t blocks, float* values);
void decode_q4_1(const std::uint8_t* encoded, std::size_t blocks, float* values);
void decode_q5_0(const std::uint8_t* encoded, std::size_t blocks, float* values);
void decode_q5_1(const std::uint8_t* encoded, std::size_t blocks, float* values);
void decode_q2_k(const std::uint8_t* encoded, std::size_t blocks, float* values);
void decode_q3_k(const std::uint8_t* encoded, std::size_t blocks, float* values);
void decode_q4_k(const std::uint8_t* encoded, std::size_t blocks, float* values);
void decode_q5_k(const std::uint8_t* encoded, std::size_t blocks, float* values);
void decode_q6_k(const std::uint8_t* encoded, std::size_t blocks, float* values);
void decode_iq4_nl(const std::uint8_t* encoded, std::size_t blocks, float* values);
void decode_iq4_xs(const std::uint8_t* encoded, std::size_t blocks, float* values);

}  // namespace tertium
