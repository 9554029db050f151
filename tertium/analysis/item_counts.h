#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tertium {

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// What the draws of one item gave. There is one for every item at every place, so it is small.
struct DrawCounts {
  std::uint32_t draws = 0, changed = 0;  // to gold in directions that repair, away from it in the others
  std::uint32_t copied = 0,
                may_copy = 0;  // turned to the donor's gold, of those that have another gold and another answer
  double won = kUnknown,
         way = kUnknown;  // margins: the patched less the clean, mean over draws; the donor's less the clean

  double rate() const { return static_cast<double>(changed) / static_cast<double>(draws); }
};

/// Names of items, each once and in order.
using ItemNames = std::vector<std::string>;

/// What draws gave, by item, in the order of the items' names. Those of many places share one list of names; an item
/// without a draw is not there.
class ItemCounts {
 public:
  ItemCounts() : ItemCounts(std::make_shared<ItemNames>()) {}
  explicit ItemCounts(std::shared_ptr<ItemNames> names) : names_(std::move(names)), counts_(names_->size()) {}

  /// Of an item; makes room for one that is not among the names.
  DrawCounts& operator[](const std::string& item);
  /// Of the name at an index.
  DrawCounts& of(std::size_t index) { return counts_[index]; }
  /// Null where it is not there.
  const DrawCounts* find(const std::string& item) const;
  /// Of one that is there.
  const DrawCounts& at(const std::string& item) const;
  std::size_t size() const;
  bool empty() const { return size() == 0; }
  void keep(const std::function<bool(const std::string& item)>& is_wanted);

  class Iterator {
   public:
    using value_type = std::pair<const std::string&, const DrawCounts&>;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    using reference = value_type;
    using pointer = void;
    Iterator(const ItemCounts* of, std::size_t index) : of_(of), index_(index) { skip(); }
    value_type operator*() const { return {(*of_->names_)[index_], of_->counts_[index_]}; }
    Iterator& operator++() {
      ++index_;
      skip();
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    void skip() {
      while (index_ < of_->counts_.size() && of_->counts_[index_].draws == 0) ++index_;
    }
    const ItemCounts* of_;
    std::size_t index_;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, counts_.size()}; }

 private:
  std::shared_ptr<ItemNames> names_;
  std::vector<DrawCounts> counts_;  // [names]; without draws: not there
};

}  // namespace tertium
