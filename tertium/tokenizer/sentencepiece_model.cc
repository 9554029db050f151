#include "tertium/tokenizer/sentencepiece_model.h"

#include <bit>
#include <cmath>
#include <unordered_map>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

// ---- Protocol buffers, as far as a ModelProto needs them

enum class WireType : unsigned { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

struct Field {
  std::uint64_t number = 0;
  WireType type = WireType::varint;
  std::uint64_t value = 0;  // of varint, fixed32 and fixed64
  std::string_view bytes;
};

class Wire {
 public:
  Wire(std::string_view rest, const std::string& origin) : rest_(rest), origin_(origin) {}

  bool at_end() const { return rest_.empty(); }

  Field next() {
    const std::uint64_t key = varint();
    Field field{.number = key >> 3, .type = WireType{static_cast<unsigned>(key & 7)}};
    switch (field.type) {
      case WireType::varint:
        field.value = varint();
        break;
      case WireType::fixed64:
        field.value = fixed(8);
        break;
      case WireType::fixed32:
        field.value = fixed(4);
        break;
      case WireType::bytes:
        field.bytes = take(varint());
        break;
      default:
        refuse();
    }
    if (field.number == 0) refuse();
    return field;
  }

 private:
  [[noreturn]] void refuse() const { fail("{}: no SentencePiece model, or cut short; fetch it again", origin_); }

  std::string_view take(std::uint64_t size) {
    if (size > rest_.size()) refuse();
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1).front());
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    refuse();
  }

  std::uint64_t fixed(std::size_t size) {
    const std::string_view bytes = take(size);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i)
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    return value;
  }

  std::string_view rest_;
  const std::string& origin_;
};

// ---- The fields that matter, by their numbers in sentencepiece_model.proto

namespace field {
enum ModelField : std::uint64_t { piece = 1, trainer = 2, normalizer = 3, denormalizer = 5 };
enum PieceField : std::uint64_t { text = 1, score = 2, type = 3 };
enum TrainerField : std::uint64_t {
  model_type = 3,
  whitespace_as_suffix = 24,
  byte_fallback = 35,
  bos_piece = 46,
  eos_piece = 47
};
enum NormalizerField : std::uint64_t {
  charsmap = 2,
  dummy_prefix = 3,
  remove_extra_whitespaces = 4,
  escape_whitespaces = 5
};
}  // namespace field

struct Reader {
  const std::string& origin;
  Pieces pieces;
  std::uint64_t model_type = 1;
  std::string bos = "<s>", eos = "</s>";

  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> why, Args&&... args) const {
    fail("{}: {}; fetch it again, or use the model's tokenizer.json", origin,
         fmt::format(why, std::forward<Args>(args)...));
  }

  void expect(const Field& found, WireType type, std::string_view name) const {
    if (found.type != type) refuse("{} is of another type", name);
  }
  bool flag(const Field& found, std::string_view name) const {
    expect(found, WireType::varint, name);
    return found.value != 0;
  }
  std::string text(const Field& found, std::string_view name) const {
    expect(found, WireType::bytes, name);
    if (!is_utf8(found.bytes)) refuse("{} is not UTF-8", name);
    return std::string(found.bytes);
  }

  void read_piece(std::string_view bytes) {
    Piece piece;
    const std::string name = fmt::format("pieces[{}]", pieces.pieces.size());
    for (Wire wire(bytes, origin); !wire.at_end();) {
      const Field found = wire.next();
      if (found.number == field::text) {
        piece.text = text(found, name);
      } else if (found.number == field::score) {
        expect(found, WireType::fixed32, name + ".score");
        piece.score = std::bit_cast<float>(static_cast<std::uint32_t>(found.value));
        if (!std::isfinite(piece.score)) refuse("{}.score is not a finite number", name);
      } else if (found.number == field::type) {
        expect(found, WireType::varint, name + ".type");
        if (found.value < 1 || found.value > 6) refuse("{}.type is {}, which is none", name, found.value);
        piece.type = PieceType{static_cast<std::int64_t>(found.value)};
      }
    }
    if (piece.text.empty()) refuse("{} is empty", name);
    if (piece.text.size() > kMaxPieceBytes) refuse("{} has {} bytes", name, piece.text.size());
    pieces.pieces.push_back(std::move(piece));
  }

  void read_trainer(std::string_view bytes) {
    for (Wire wire(bytes, origin); !wire.at_end();) {
      const Field found = wire.next();
      switch (found.number) {
        case field::model_type:
          expect(found, WireType::varint, "trainer_spec.model_type");
          model_type = found.value;
          break;
        case field::whitespace_as_suffix:
          pieces.whitespace_as_suffix = flag(found, "trainer_spec.treat_whitespace_as_suffix");
          break;
        case field::byte_fallback:
          pieces.byte_fallback = flag(found, "trainer_spec.byte_fallback");
          break;
        case field::bos_piece:
          bos = text(found, "trainer_spec.bos_piece");
          break;
        case field::eos_piece:
          eos = text(found, "trainer_spec.eos_piece");
          break;
        default:
          break;
      }
    }
  }

  void read_normalizer(std::string_view bytes) {
    for (Wire wire(bytes, origin); !wire.at_end();) {
      const Field found = wire.next();
      switch (found.number) {
        case field::charsmap:
          expect(found, WireType::bytes, "normalizer_spec.precompiled_charsmap");
          pieces.charsmap = std::string(found.bytes);
          break;
        case field::dummy_prefix:
          pieces.dummy_prefix = flag(found, "normalizer_spec.add_dummy_prefix");
          break;
        case field::remove_extra_whitespaces:
          pieces.remove_extra_whitespaces = flag(found, "normalizer_spec.remove_extra_whitespaces");
          break;
        case field::escape_whitespaces:
          pieces.escape_whitespaces = flag(found, "normalizer_spec.escape_whitespaces");
          break;
        default:
          break;
      }
    }
  }

  /// Rules for decoded texts: none of the models that are read has any.
  void demand_no_rules(std::string_view bytes) const {
    for (Wire wire(bytes, origin); !wire.at_end();)
      if (const Field found = wire.next(); found.number == field::charsmap && !found.bytes.empty())
        refuse("denormalizer_spec.precompiled_charsmap changes decoded texts, which tertium does not");
  }

  void read_model(std::string_view bytes) {
    pieces.remove_extra_whitespaces = true;  // SentencePiece's default
    for (Wire wire(bytes, origin); !wire.at_end();) {
      const Field found = wire.next();
      const bool is_known = (found.number >= field::piece && found.number <= field::normalizer) ||
                            found.number == field::denormalizer;
      if (!is_known) continue;
      expect(found, WireType::bytes, "a part of the model");
      if (found.number == field::piece) read_piece(found.bytes);
      if (found.number == field::trainer) read_trainer(found.bytes);
      if (found.number == field::normalizer) read_normalizer(found.bytes);
      if (found.number == field::denormalizer) demand_no_rules(found.bytes);
    }
  }

  /// What no single field tells.
  void complete() {
    if (pieces.pieces.empty()) refuse("it has no pieces");
    if (model_type != 1 && model_type != 2)
      refuse("trainer_spec.model_type is {}, tertium knows 1 (Unigram) and 2 (BPE)", model_type);
    pieces.algorithm = model_type == 1 ? Pieces::Algorithm::unigram : Pieces::Algorithm::bpe;
    std::unordered_map<std::string_view, std::size_t> ids;
    std::size_t bytes = 0;
    for (std::size_t id = 0; id < pieces.pieces.size(); ++id) {
      const Piece& piece = pieces.pieces[id];
      const auto [other, is_new] = ids.emplace(piece.text, id);
      if (!is_new) refuse("pieces[{}] and [{}] are both \"{}\"", other->second, id, printable(piece.text));
      if (piece.type == PieceType::byte) ++bytes;
      if (piece.type == PieceType::control) pieces.added.push_back({.id = id, .content = piece.text});
      if (piece.type != PieceType::unknown) continue;
      if (pieces.unknown) refuse("pieces[{}] and [{}] are both the unknown one", *pieces.unknown, id);
      pieces.unknown = id;
    }
    if (!pieces.unknown) refuse("no piece is the unknown one");
    if (pieces.byte_fallback && bytes != kByteValues)
      refuse("it falls back to bytes, but has {} byte pieces, not {}", bytes, kByteValues);
    const auto framing = [&](const std::string& name) -> std::optional<FramingToken> {
      const auto found = ids.find(name);
      if (found == ids.end() || pieces.pieces[found->second].type != PieceType::control) return std::nullopt;
      return FramingToken{found->second, name};
    };
    pieces.bos = framing(bos);
    pieces.eos = framing(eos);
  }
};

}  // namespace

Pieces parse_sentencepiece_model(std::string_view bytes, const std::string& origin) {
  Reader reader{.origin = origin};
  reader.read_model(bytes);
  reader.complete();
  return std::move(reader.pieces);
}

}  // namespace tertium
